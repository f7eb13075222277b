"""Making the keys that a new configuration is the first to want, before it takes effect (REL-05, REL-06).

No key for the same was ever published, so nobody has one that would do meanwhile, and the new one signs at
once, as at the first start. Before that every node has published it: the change waits for as long as a node
may answer from what it read before. A node that has not read for longer lets nobody keep its key set, and
issues nothing. What cannot be made refuses the change; nothing of it is in force anywhere then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Final, TypeVar

import structlog

from actas.app.following import require_time
from actas.app.foundation import Foundation
from actas.app.parts import Shared
from actas.app.prepared import Prepared, without_key
from actas.app.recording import write_waiting
from actas.core.errors import StoreUnavailable
from actas.keys.kept import KeysUnusable
from actas.keys.ring import Slot
from actas.keys.rotation import CannotChange
from actas.settings.faults import ConfigurationFaults, Fault

TRIES: Final = 3
"""How often keys are made for one change: another change may come first, and want others."""

Result = TypeVar("Result")

_log = structlog.get_logger("actas.keys")


class Lacking(Exception):
    """A configuration cannot take effect yet, because there is no key for something that it wants."""

    def __init__(self, slots: frozenset[Slot]) -> None:
        super().__init__(f"there is no {without_key(slots)}")
        self.slots = slots


def require_keys(prepared: Prepared) -> Prepared:
    """Return a configuration that could take effect now.

    Raises:
        Lacking: there is no key for something that it wants.
    """
    if prepared.lacking:
        raise Lacking(prepared.lacking)
    return prepared


def require_known_keys(prepared: Prepared, base: Foundation, shared: Shared) -> Prepared:
    """Return a configuration that a change which is made here may put in force now.

    A key that it is the first to want may be there already, because another change wants it too, or one that
    came to nothing did. Then not every node need publish it yet, and this change waits like the other.

    Raises:
        Lacking: there is no key for something that it wants, or none that every node knows.
    """
    first = require_keys(prepared).definitions.keys.used - base.definitions.keys.used
    held, known_by = base.ring.keys(), base.clock.now() - shared.follower.bound
    active = [key for key in held if key.state == "active" and key.slot in first]
    young = frozenset(key.slot for key in active if base.ring.known_since(key.kid) > known_by)
    if young:
        raise Lacking(young)
    return prepared


async def with_keys(attempt: Callable[[], Awaitable[Result]], base: Foundation, shared: Shared) -> Result:
    """Return what comes of a change, once there are the keys that it wants.

    Args:
        attempt: makes it, or raises ``Lacking`` and has changed nothing; called again when they are there and
            every node knows them.

    Raises:
        ConfigurationFaults: they cannot be made.
        AuditUnavailable: that they were made could not be written down.
        StoreUnavailable: they could not be kept.
    """
    for _ in range(TRIES):
        try:
            return await attempt()
        except Lacking as lacking:
            slots = lacking.slots
        await _make(slots, base, shared)
    raise StoreUnavailable("keys are changed faster than this change can be made")


async def _make(slots: Collection[Slot], base: Foundation, shared: Shared) -> None:
    await require_time(base, shared.timekeeper)
    try:
        made = await base.rotation.provide(slots)
    except CannotChange as failed:
        raise StoreUnavailable(str(failed)) from failed
    except KeysUnusable as failed:
        message = f"there is no {without_key(slots)}, and none can be made: {failed}"
        fault = Fault(place="the new configuration", path="keys", message=message)
        raise ConfigurationFaults([fault]) from failed
    for change in made:
        _log.info(change.event, **change.members())
    await write_waiting(base.outbox, shared.minutes, clock=base.clock)
    await base.ring.refresh()
    await asyncio.sleep(shared.follower.bound)
