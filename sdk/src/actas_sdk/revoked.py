"""What was revoked, as far as it was followed. Pure: answers of the feed and the time in, an error out.

A token carries a mark for itself and for everything that it was made from, in its claim ``lineage``: one
text, when the oldest of its ancestry was issued and then the marks. The feed says which marks were revoked,
in order. So whoever has read it to its end knows of every token whether it is dead, whoever made it and when.

Whoever has not read it for a while knows nothing: `Following.unknown` says so, and the token is refused.

Left to others: how the feed is asked, and when (`feed`).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from actas_sdk.errors import ActasError, BadAnswer, InvalidToken, Misconfigured, Refused, Unreachable
from actas_sdk.flow import World
from actas_sdk.strict_json import Json

__all__ = ["Ended", "Following", "Instant", "Lineage", "Told", "lineage_of"]

MARK: Final = re.compile(r"[A-Za-z0-9_-]{12}", re.ASCII)
_CLAIM: Final = re.compile(rf"[0-9]{{9,10}}(?: {MARK.pattern}){{1,64}}", re.ASCII)

EVERYTHING: Final = "everything__"
"""The mark of every token: the server restored a backup, and what was issued before is not believed."""

SHORTEST: Final = 2.0
LONGEST: Final = 300.0
"""Seconds that what was read may be believed. Less than two, and an ordinary pause of the network refuses."""

_EVERY: Final = 1.0
_AGAIN: Final = 0.5
_LONGEST_PAUSE: Final = 5.0
_LONGEST_AFTER_NO: Final = 30.0
"""Seconds between two tries while the server refuses us: nothing mends that but somebody's hand."""

_DROP_EVERY: Final = 60.0
_MOST: Final = 1_000_000
"""Marks. A server that names more has gone mad, and nobody is let in on the part that fits."""


@dataclass(frozen=True, slots=True)
class Lineage:
    """What a token comes from.

    Attributes:
        since: when the oldest token of its ancestry was issued, seconds since the epoch.
        marks: of everything that would end it.
    """

    since: int
    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """One thing that was revoked.

    Attributes:
        mark: of what.
        up_to: ends what began at or before this, seconds since the epoch.
        until: after this nothing that it ends can still be live, seconds since the epoch.
    """

    mark: str
    up_to: int
    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One answer of the feed.

    Attributes:
        after: the number that was asked from.
        ended: what was revoked after it, in order.
        last: the number to ask from next.
        more: whether there is more already.
        age: seconds since the server that answered last read what others had revoked.
    """

    after: int
    ended: Sequence[Ended] = field(repr=False)
    last: int
    more: bool
    age: float


@dataclass(frozen=True, slots=True)
class Instant:
    """A moment, by the clock that people set and by the one that nobody does."""

    wall: float
    steady: float

    def seconds_to(self, later: Instant) -> float:
        """Return how long ago this was, by whichever clock says it was longer.

        The steady one may stand still while a computer sleeps; the other one may be set back.
        """
        return max(later.wall - self.wall, later.steady - self.steady)


def lineage_of(claims: Mapping[str, Json]) -> Lineage:
    """Return what a verified token comes from.

    Raises:
        InvalidToken: it does not say, so nobody can tell whether it was revoked.
    """
    said = claims.get("lineage")
    if not isinstance(said, str) or _CLAIM.fullmatch(said) is None:
        raise InvalidToken("the token does not say what it comes from (lineage), so it may have been revoked")
    since, *marks = said.split(" ")
    return Lineage(int(since), tuple(marks))


class Following:
    """What was revoked, and how far that can be believed. Safe to use from several threads.

    Args:
        within: seconds after which what was read is not believed any more.
        world: time and chance.

    Raises:
        Misconfigured: ``within`` is not a number of seconds that can work.
    """

    def __init__(self, *, within: float, world: World) -> None:
        if not SHORTEST <= within <= LONGEST:
            raise Misconfigured(
                f"revocations are believed for {SHORTEST:.0f} to {LONGEST:.0f} s (revocation_within)"
            )
        self.within = within
        self._world = world
        self._lock = threading.Lock()
        self._ends: dict[str, Ended] = {}
        self._after = 0
        self._known_at: Instant | None = None
        self._trouble: ActasError | None = None
        self._failures = 0
        self._due_at = 0.0
        self._drop_at = 0.0
        self._dropped_until = 0

    @property
    def after(self) -> int:
        """The number to ask from."""
        return self._after

    @property
    def trouble(self) -> ActasError | None:
        """What is in the way since the last answer, if anything."""
        return self._trouble

    def now(self) -> Instant:
        """Return this moment."""
        return Instant(self._world.now(), self._world.monotonic())

    def wait(self) -> float:
        """Return the seconds until the feed is to be asked again."""
        return max(0.0, self._due_at - self._world.monotonic())

    def take(self, told: Told, *, asked_at: Instant) -> bool:
        """Take an answer in, and say whether to ask on at once.

        Args:
            told: the answer.
            asked_at: when it was asked for: it holds nothing that was revoked later.

        Raises:
            BadAnswer: it leads nowhere, or there is more than can be remembered.
        """
        with self._lock:
            if told.after > self._after:
                return True  # the place was given up since it was asked from: what lies between is not known
            if told.more and told.last <= told.after:
                raise BadAnswer("the feed of what was revoked has more after its end")
            self._drop(asked_at)  # before it is seen whether there is room
            for one in told.ended:
                if one.until > asked_at.wall:
                    self._add(one)
                else:  # as if it had been dropped: a clock that is set back later may want it
                    self._dropped_until = max(self._dropped_until, one.until)
            self._after = told.last
            if told.more:
                return True
            known_at = Instant(asked_at.wall - told.age, asked_at.steady - told.age)
            if self._known_at is None or known_at.steady >= self._known_at.steady:
                self._known_at = known_at
            self._trouble, self._failures = None, 0
            every = min(_EVERY, self.within / 4)
            self._due_at = self._world.monotonic() + every * (0.8 + 0.2 * self._world.jitter())
            return False

    def failed(self, problem: ActasError) -> None:
        """Take note that the feed did not answer; what was read is believed as long as before."""
        with self._lock:
            self._trouble = problem
            longest = _LONGEST_AFTER_NO if isinstance(problem, Refused) else _LONGEST_PAUSE
            pause = min(longest, _AGAIN * 2 ** min(self._failures, 10)) * (1 + self._world.jitter()) / 2
            if isinstance(problem, Unreachable) and problem.retry_after is not None:
                pause = max(pause, min(float(problem.retry_after), _LONGEST_AFTER_NO))
            self._failures += 1
            self._due_at = self._world.monotonic() + pause

    def unknown(self) -> Unreachable | None:
        """Return what keeps every token out: that what was revoked is not known as of a moment ago."""
        now = self.now()
        if now.wall < self._dropped_until:
            self._begin_again()
        known_at = self._known_at
        age = None if known_at is None else known_at.seconds_to(now)
        if age is not None and age <= self.within:
            return None
        since = "never yet" if age is None else f"last {age:.1f} s ago, and {self.within:g} s is the bound"
        trouble = self._trouble
        return Unreachable(
            f"what was revoked is not known: read {since}" + ("" if trouble is None else f": {trouble}"),
            retry_after=1,
        )

    def require_live(self, lineage: Lineage) -> None:
        """Do nothing if nothing that the token comes from was revoked, as far as is known.

        Raises:
            InvalidToken: something was.
        """
        ends = self._ends
        for mark in (EVERYTHING, *lineage.marks):
            ended = ends.get(mark)
            if ended is not None and lineage.since <= ended.up_to:
                raise InvalidToken("the token, or something that it was made from, was revoked")

    def __len__(self) -> int:
        return len(self._ends)

    def _add(self, one: Ended) -> None:
        known = self._ends.get(one.mark)
        if known is not None:
            one = Ended(one.mark, max(known.up_to, one.up_to), max(known.until, one.until))
        elif len(self._ends) >= _MOST:
            raise BadAnswer(f"more than {_MOST} revocations are live")
        self._ends[one.mark] = one

    def _drop(self, at: Instant) -> None:
        """Forget what ends nothing any more: by the clock that tokens are checked by, that has expired."""
        if at.steady < self._drop_at:
            return
        self._drop_at = at.steady + _DROP_EVERY
        dropped = [one for one in self._ends.values() if one.until <= at.wall]
        if dropped:
            self._ends = {mark: one for mark, one in self._ends.items() if one.until > at.wall}
            self._dropped_until = max(self._dropped_until, *(one.until for one in dropped))

    def _begin_again(self) -> None:
        """Read everything anew: the clock was set back, and what ended by a dropped mark may live again."""
        with self._lock:
            self._after, self._known_at, self._trouble = 0, None, None
            self._dropped_until = 0
            self._due_at = 0.0
