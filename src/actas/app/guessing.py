"""Has the processes of a server count failures together (SEC-14)."""

from __future__ import annotations

from functools import partial

import structlog

from actas.app.foundation import Foundation
from actas.clients.throttle import Throttle
from actas.core.errors import StoreUnavailable
from actas.core.metrics import Meter
from actas.core.ports import SystemChance
from actas.store.failures import FailureList
from actas.store.follower import Follower

_log = structlog.get_logger("actas")


def counting_together(base: Foundation, follower: Follower, meter: Meter) -> Throttle:
    """Return what makes guessing slow: it tells the others what failed here, and hears what failed there."""
    throttle = Throttle(
        base.definitions.limits.throttle,
        clock=base.clock,
        mark=partial(base.ring.mark, "failure"),
        meter=meter,
    )
    others = FailureList(base.database, me=SystemChance().token(16))

    async def exchange() -> None:
        try:
            if news := throttle.news():
                await others.add(news, now=base.clock.now())
            throttle.hear(await others.read())
        except StoreUnavailable as failed:
            # Not a reason to issue nothing: guessing stays slow here, and slower than before (REL-11).
            if not throttle.alone:
                _log.warning("failures counted alone", detail=str(failed))
            throttle.alone = True
        else:
            throttle.alone = False

    follower.follow("failures", exchange)
    return throttle
