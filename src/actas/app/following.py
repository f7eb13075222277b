"""What a process reads again every second, because others may have changed it (REL-19, REL-21)."""

from __future__ import annotations

from functools import partial

import structlog

from actas.app.foundation import Foundation
from actas.app.reserve import Reserve
from actas.store.follower import Follower
from actas.store.timekeeper import Timekeeper

_log = structlog.get_logger("actas")


async def following(
    base: Foundation, follower: Follower, timekeeper: Timekeeper, reserve: Reserve
) -> Follower:
    """Follow what is shared with other nodes, and read it once."""
    for sentence in base.accepted:
        _log.warning("accepted by configuration", detail=sentence)
    if base.database.failover is not None:
        _log.warning("a failover may lose data", detail=base.database.failover)
    follower.follow("revocations", base.revoked.refresh)
    follower.follow("registered clients", base.registered.refresh)
    follower.follow("clock", partial(base.database.require_same_time, base.clock))
    follower.follow("keys", base.ring.refresh)
    follower.follow("time", timekeeper.look)
    follower.require(timekeeper.require)
    follower.follow("sinks", reserve.refresh)
    await follower.catch_up()
    return follower


async def require_time(base: Foundation, timekeeper: Timekeeper) -> None:
    """Return when the clock is one by which something may end for good (REL-13).

    Raises:
        StoreUnavailable: it jumped, or is not that of the database, or the database does not answer.
    """
    timekeeper.require()
    await base.database.require_same_time(base.clock)
