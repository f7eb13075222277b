"""Opening our own keys: the envelope key, the ring of what rests under it, and what changes either."""

from __future__ import annotations

from typing import NamedTuple

from actas.app.envelope import Around, Wrapping, open_envelope
from actas.audit.log import draw_up
from actas.core.ports import Clock, SystemChance
from actas.crypto.seal import Sealer
from actas.keys.local import LocalKeyRing
from actas.keys.rewrap import Rewrap
from actas.keys.rotation import Rotation
from actas.settings.definitions import KeySettings, ServerSettings
from actas.store.database import Database
from actas.store.keys import SqlKeyStore
from actas.store.outbox import Outbox
from actas.store.sealed import SqlSealedRows


class NotStartedYet(Exception):
    """There is nothing to work over: the server has never been started with this configuration."""


class OwnKeys(NamedTuple):
    """Our own keys, what changes them, and what seals them again.

    Attributes:
        wrapping: of the envelope key; None when no key service has it.
        outbox: audit entries that were committed with a change, until they are written.
        sealer: of the envelope key.
    """

    ring: LocalKeyRing
    rotation: Rotation
    rewrap: Rewrap
    wrapping: Wrapping | None
    outbox: Outbox
    sealer: Sealer


async def open_keys(
    database: Database,
    settings: KeySettings,
    server: ServerSettings,
    *,
    clock: Clock,
    create: bool,
    dev: bool,
) -> OwnKeys:
    """Open our own keys.

    Args:
        create: make the envelope key on the very first start, and keys that are missing.
        dev: whether a key service on this computer may be asked over plain http.

    Raises:
        NotStartedYet: there are none, and none are to be made.
        EnvelopeKeyRefused, KeysUnusable: they cannot be used.
        KeyServiceFailed: a key service does not give the envelope key.
        StoreUnavailable: the database cannot be used.
    """
    outbox = Outbox(database)
    store = SqlKeyStore(database, outbox)
    new = not (await store.all() or await store.secrets())
    if new and not create:
        raise NotStartedYet(
            f"there are no keys in the database {database.name}: the server has not been started yet"
        )
    around = Around(
        database=database,
        clock=clock,
        dev=dev,
        authorities=server.authorities,
        new=new,
        create=create,
    )
    sealer, wrapping = await open_envelope(settings, around, outbox)
    ring = await LocalKeyRing.open(
        store,
        sealer=sealer,
        clock=clock,
        algorithm=settings.algorithm,
        used=settings.used,
        # Who makes a key writes it down, which a command that looks does not.
        make=create,
    )
    rotation, rewrap = _changing(store, SqlSealedRows(database, outbox), sealer, settings, clock)
    return OwnKeys(ring, rotation, rewrap, wrapping, outbox, sealer)


def _changing(
    store: SqlKeyStore, sealed: SqlSealedRows, sealer: Sealer, settings: KeySettings, clock: Clock
) -> tuple[Rotation, Rewrap]:
    """Return what changes keys and what seals them again, each with its record."""
    chance = SystemChance()
    rotation = Rotation(
        store,
        sealer=sealer,
        clock=clock,
        timetable=settings.timetable,
        used=settings.used,
        record=lambda one: draw_up(one.event, now=clock.now(), chance=chance, **one.members()),
    )
    rewrap = Rewrap(
        sealed,
        sealer=sealer,
        record=lambda one: draw_up("keys:rewrapped", now=clock.now(), chance=chance, **one.members()),
    )
    return rotation, rewrap
