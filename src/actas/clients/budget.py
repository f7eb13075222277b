"""How often strangers may cause something: each source so often, and all of them together so often.

Counted in each process for itself. Whoever has an IPv6 address has a network of them, and counts as one; and
what is around it is bounded too, for one customer of a provider has thousands of such networks.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from actas.core.errors import TooManyRequests
from actas.core.metrics import RATE_LIMITED, UNMETERED, Meter
from actas.core.ports import Clock
from actas.core.source import networks_of, place_of

AROUND: Final = 4
"""So many times as often as one source may those cause it that lie together."""

_MOST_SOURCES: Final = 20_000
_ALL: Final = ""


class Budget:
    """Counts what strangers cause. What is not used comes back little by little.

    Args:
        what: it is, for the metrics and the minutes.
        each: how often one source may cause it, within ``seconds``.
        altogether: how often all of them may.
    """

    def __init__(
        self,
        what: str,
        *,
        each: int,
        altogether: int,
        seconds: int,
        clock: Clock,
        meter: Meter = UNMETERED,
    ) -> None:
        self._what = what
        self._each = each
        self._altogether = altogether
        self._seconds = seconds
        self._clock = clock
        self._meter = meter
        self._used: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def spend(self, source: str, *, full: bool = False, alone: bool = False) -> None:
        """Count once more.

        Args:
            source: where the request came from.
            full: whether there is no room for another reason.
            alone: whether it is no matter of the others: it takes nothing of what all of them have.

        Raises:
            TooManyRequests: it is one too many, for its source, around it, or altogether.
        """
        now = self._clock.now()
        around = f"around {networks_of(source)[1]}"
        budgets = [(place_of(source), self._each), (around, AROUND * self._each)]
        if not alone:
            budgets.append((_ALL, self._altogether))
        left = [self._left(name, most, now) for name, most in budgets]
        if full or min(left) < 1:
            self._meter.count(RATE_LIMITED, self._what)
            wait = max(1, min(self._seconds // self._each, 60))
            detail = f"too many {self._what.replace('_', ' ')} are asked for, by {source} or altogether"
            raise TooManyRequests("rate_limited", detail=detail, retry_after=wait)
        for (name, _), room in zip(budgets, left, strict=True):
            self._used[name] = (room - 1, now)
            self._used.move_to_end(name)
        while len(self._used) > _MOST_SOURCES:
            self._used.popitem(last=False)

    def _left(self, name: str, most: int, now: float) -> float:
        left, at = self._used.get(name, (float(most), now))
        return min(float(most), left + max(0.0, now - at) * most / self._seconds)
