"""Keeping a flood of bad requests out of the log without losing count: pure (SEC-90).

Anybody can be refused before authenticating, as often as he likes, so such refusals must not each become an
entry. In each minute the first hundred of a source are written, the rest are counted by reason, and one
summary per source and minute carries the exact counts. Two bounds hold against a flood that keeps changing
its address: a total of single entries per minute, and a number of sources told apart; what comes from
further sources is counted together under ``*``. Who is a source is the caller's to say. What only says once
more what an entry says already, such as that a device still waits, is counted from the beginning.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from actas.audit.stream import instant
from actas.core.ports import Clock, Json, JsonObject

OTHERS: Final = "*"
"""The source of everything beyond the sources told apart."""

WINDOW: Final = 60
"""Seconds counted together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FloodBounds:
    """How much of a flood is written.

    Attributes:
        per_source: refusals of one source written one by one in a minute.
        in_all: refusals of all sources written one by one in a minute.
        sources: sources told apart in a minute.
        kept: summaries that may wait to be collected; older minutes are then counted together.
    """

    per_source: int = 100
    in_all: int = 5_000
    sources: int = 1_000
    kept: int = 4_000


@dataclass(slots=True)
class _Tally:
    written: int = 0
    counted: Counter[str] = field(default_factory=Counter[str])


@dataclass(slots=True)
class Summary:
    """What was counted of one source in a minute that is over."""

    source: str
    begins: int
    ends: int
    tally: _Tally

    def members(self) -> JsonObject:
        """Return the members of the event.

        They are ``source``, ``from`` and ``until`` (instants), ``written`` (entries of their own),
        ``counted`` (the others) and ``reasons`` (``counted`` by reason).
        """
        return {
            "source": self.source,
            "from": instant(self.begins),
            "until": instant(self.ends),
            "written": self.tally.written,
            "counted": self.tally.counted.total(),
            "reasons": dict[str, Json](sorted(self.tally.counted.items())),
        }


class FloodGate:
    """Decides which refusals before authentication are written, and counts the others."""

    def __init__(self, *, clock: Clock, bounds: FloodBounds | None = None) -> None:
        self._clock = clock
        self._bounds = bounds or FloodBounds()
        self._minute = 0
        self._written = 0
        self._tallies: dict[str, _Tally] = {}
        self._finished: list[Summary] = []

    def admit(self, source: str, reason: str) -> bool:
        """Return whether this refusal is to be written as an entry of its own; if not, it is counted."""
        tally = self._tally(source)
        if tally.written < self._bounds.per_source and self._written < self._bounds.in_all:
            tally.written += 1
            self._written += 1
            return True
        tally.counted[reason] += 1
        return False

    def count(self, source: str, reason: str) -> None:
        """Count a refusal that is not written, however few there are."""
        self._tally(source).counted[reason] += 1

    def due(self, now: float) -> list[Summary]:
        """Return the summaries of the minutes that are over, once; for the end, pass ``math.inf``.

        Args:
            now: seconds since the epoch.
        """
        self._turn(now)
        finished, self._finished = self._finished, []
        return finished

    def give_back(self, summaries: Sequence[Summary]) -> None:
        """Keep summaries that were due and could not be written: they are due again."""
        self._finished[:0] = summaries
        self._fold()

    def _tally(self, source: str) -> _Tally:
        """Return what is counted in this minute with a source."""
        self._turn(self._clock.now())
        tally = self._tallies.get(source)
        if tally is None:
            if len(self._tallies) >= self._bounds.sources:
                source = OTHERS
            tally = self._tallies.setdefault(source, _Tally())
        return tally

    def _turn(self, now: float) -> None:
        """Finish the current minute if it is over. A clock that goes back reopens nothing."""
        over = now >= self._minute + WINDOW
        if not over:
            return
        for source, tally in self._tallies.items():
            if tally.counted:
                self._finished.append(Summary(source, self._minute, self._minute + WINDOW, tally))
        self._tallies = {}
        self._written = 0
        if now != float("inf"):
            self._minute = int(now // WINDOW) * WINDOW
        self._fold()

    def _fold(self) -> None:
        """Count the oldest summaries together when nobody collects them; no count is lost."""
        excess = len(self._finished) - self._bounds.kept
        if excess <= 0:
            return
        old, self._finished = self._finished[: excess + 1], self._finished[excess + 1 :]
        whole = Summary(OTHERS, old[0].begins, old[-1].ends, _Tally())
        for one in old:
            whole.tally.written += one.tally.written
            whole.tally.counted.update(one.tally.counted)
        self._finished.insert(0, whole)
