"""Watches the clock of this computer for jumps, by one that nobody sets (REL-13).

Whatever expires is judged by the clock. One that jumps makes good what had ended, or ends what is good; and
what is removed by a clock that is ahead is missed when it is set right. So a jump is noticed at the next
request, and nothing is issued or removed until the clock is where it should be again, or has stayed where it
is for ``HOLD`` and whatever may have been removed too early would still be remembered.

With a database that nodes share, the database's clock decides (``Database.require_same_time``); jumps are
told and counted here all the same.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import structlog

from actas.core.errors import StoreUnavailable
from actas.core.metrics import CLOCK_JUMPS, UNMETERED, Meter
from actas.core.ports import Clock

MOST_JUMP: Final = 5.0
"""Seconds between two looks by which the clock may be set without anything being said."""

HOLD: Final = 60.0
"""Seconds for which a clock that jumped is not believed."""

REMEMBERED: Final = 300.0
"""Seconds beyond its expiry for which what was used is remembered at least (``store.marks``)."""

_log = structlog.get_logger("actas.clock")


class ClockJumped(StoreUnavailable):
    """The clock is not where it should be; nothing is issued until it is believed again."""


def undisturbed() -> float:
    """Return seconds of a clock that nobody sets; where there is one, of one that goes on in sleep."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class Timekeeper:
    """Compares the clock with one that nobody sets, whenever somebody is about to rely on it.

    Args:
        decides: whether a jump refuses; with a shared database its clock does.
        steady: seconds of a clock that nobody sets.

    Attributes:
        trouble: why the clock is not believed, for ``/readyz``; None when it is.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        decides: bool = True,
        steady: Callable[[], float] = undisturbed,
        meter: Meter = UNMETERED,
    ) -> None:
        self.trouble: str | None = None
        self._clock = clock
        self._steady = steady
        self._meter = meter
        self._decides = decides
        self._jumped_at: float | None = None
        self._jump = 0.0
        self._good = clock.now(), steady()

    def require(self) -> None:
        """Return when the clock is where it should be. Costs two looks at clocks.

        Raises:
            ClockJumped: it is not.
        """
        now, steady = self._clock.now(), self._steady()
        jump = now - self._good[0] - (steady - self._good[1])
        if -MOST_JUMP <= jump <= MOST_JUMP:
            self._good = now, steady
            if self._jumped_at is None:
                return
            self._believe("the clock is where it should be again")
        elif not self._is_accepted(now, steady, jump):
            raise ClockJumped(self.trouble or "")

    async def look(self) -> None:
        """Look, when nobody asks for long."""
        self.require()

    def _is_accepted(self, now: float, steady: float, jump: float) -> bool:
        """Whether a clock that jumped may be believed from here on."""
        if self._jumped_at is None or abs(jump - self._jump) > MOST_JUMP:
            self._jumped_at, self._jump = steady, jump
            self._tell(jump)
        behind = self._good[0] - now
        waits = self._decides and (steady - self._jumped_at < HOLD or behind > REMEMBERED)
        if not waits:
            self._good = now, steady
            self._believe(f"the clock is believed as it is now, {abs(jump):.0f} s from where it was")
        return not waits

    def _tell(self, jump: float) -> None:
        ahead = jump > 0
        self._meter.count(CLOCK_JUMPS, "forward" if ahead else "back")
        told = f"the clock of this computer was set {'ahead' if ahead else 'back'} by {abs(jump):.0f} s"
        if not self._decides:
            self.trouble = None
            _log.error("clock jumped", detail=f"{told}; the clock of the database decides")
            return
        rest = max(HOLD, -jump - REMEMBERED)
        self.trouble = f"{told}; nothing is issued until it is right again, or for {rest:.0f} s"
        _log.error("clock jumped", detail=self.trouble)

    def _believe(self, why: str) -> None:
        self._jumped_at, self._jump, self.trouble = None, 0.0, None
        _log.warning("clock believed", detail=why)
