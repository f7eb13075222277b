"""What the console keeps beside a server's files, read without changing anything: for whoever checks them.

A server refuses files that do not hold together with what its store of record keeps, so nobody who looked at
the files alone knows whether it starts. The server may run meanwhile.
"""

from __future__ import annotations

from actas.admin.objects import Snapshot
from actas.app.compiled import findings
from actas.app.foundation import place_of
from actas.app.offering import changes_of
from actas.core.errors import StoreUnavailable
from actas.core.ports import Clock
from actas.settings.load import Draft, Loaded
from actas.store.configuration import SqlConfiguration
from actas.store.database import file_of, is_shared, open_database


class NotLookedAt(Exception):
    """What is kept was not looked at. The message says why."""


async def kept_beside(draft: Draft, *, clock: Clock) -> Snapshot:
    """Return what the store of record of this computer keeps.

    Raises:
        NotLookedAt: there is none, nodes share it, or it cannot be read.
    """
    place = place_of(draft)
    if is_shared(place):
        raise NotLookedAt("it is in a database that nodes share")
    if not file_of(place).exists():
        raise NotLookedAt(f"there is no database in {draft.server.data}")
    try:
        database = await open_database(
            place, clock=clock, migrate=False, accept_unsafe=draft.server.unsafe_database
        )
        try:
            return await SqlConfiguration(database).read()
        finally:
            await database.close()
    except StoreUnavailable as away:
        raise NotLookedAt(str(away)) from away


def beside_what_is_kept(draft: Draft, kept: Snapshot, *, clock: Clock) -> Loaded:
    """Return the configuration that a server would have, which starts over these files.

    Raises:
        ConfigurationFaults: it would not start.
    """
    changes = changes_of(kept, draft, pepper=None, adopt=False, at=int(clock.now()))
    return draft.beside(kept.after(changes).in_force).compile(pepper=None, extra_checks=[findings])
