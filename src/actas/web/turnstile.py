"""Refusing what there is no place for before it costs anything (REL-11).

A request is refused as soon as its head is read, by an answer that was made before. That costs too, a tenth
of an exchange, so refusals are rationed by what is let in: a connection that was refused is not read for a
while, and the more are refused, the longer. What its caller sends meanwhile waits on his side; a connection
on which more has come already ends. Nobody rests while there is room.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from actas.core.metrics import RATE_LIMITED, UNMETERED, Meter
from actas.web.admission import Admission
from actas.web.asgi import NO_SNIFF, Headers, Scope

SHED_SHARE: Final = 0.5
"""Refusals for each request that is let in: some hundredths of what the process can do."""

LEAST_RATE: Final = 50.0
"""Requests let in a second that are reckoned with at least."""

RATED_OVER: Final = 1.0
"""Seconds over which the rate is taken."""

LONGEST_REST: Final = 5.0
"""Seconds for which a connection is not read at most."""

LOOK_EVERY: Final = 0.005
"""Seconds between two looks at who has rested enough, and whether there is room."""


@dataclass(frozen=True, slots=True)
class Shed:
    """What a caller is told for whom there is no place.

    Attributes:
        headers: of the 503.
        rest: calls what it is given when his connection shall be read again.
    """

    headers: Headers
    body: bytes
    rest: Callable[[Callable[[], None]], None]


Sheds = Callable[[Scope], Shed | None]
"""Says whether a request that begins is refused at once, and how."""


class Turnstile:
    """Says to a connection whether its request is let in.

    Args:
        admission: of the configuration in force.
        behind: the paths that it bounds. Documents, and managing, have no bound.
        headers: of the refusal, but for ``Retry-After``.
        body: of the refusal.
        meter: told of everybody who found no place.

    Attributes:
        rate: requests let in a second, lately.
    """

    def __init__(
        self,
        admission: Admission,
        *,
        behind: Iterable[str],
        headers: Headers,
        body: bytes,
        meter: Meter = UNMETERED,
    ) -> None:
        self._admission = admission
        self._behind = frozenset(behind)
        self._headers = [
            *(field for field in headers if field[0] != b"retry-after"),
            NO_SNIFF,
            (b"content-length", b"%d" % len(body)),
        ]
        self._body = body
        self._meter = meter
        self._coming = 0
        self._let_in = 0
        self.rate = 1000.0
        self._rated_at = self._paid_until = 0.0
        self._resting: deque[tuple[float, Callable[[], None]]] = deque()

    def __call__(self, scope: Scope) -> Shed | None:
        """Return how a request is refused, or None.

        A request that is let in takes its place when its body has come, which it mostly has: then in the next
        round of the event loop. Until then whoever is let in here counts.
        """
        if scope["path"] not in self._behind:
            return None
        loop = asyncio.get_running_loop()
        if self._coming < self._admission.room:
            if not self._coming:
                loop.call_soon(self._all_came)
            self._coming += 1
            self._let_in += 1
            return None
        self._meter.count(RATE_LIMITED, "in_flight")
        now = loop.time()
        self._pay(now)
        later = b"%d" % max(1, math.ceil(self._paid_until - now))
        return Shed([*self._headers, (b"retry-after", later)], self._body, self._rest)

    def _pay(self, now: float) -> None:
        """Reckon with the time that one more refusal takes from what can be let in."""
        passed = now - self._rated_at
        if passed >= RATED_OVER:
            if passed < 10 * RATED_OVER:  # else the house was not full, and what came says nothing
                self.rate = max(LEAST_RATE, self._let_in / passed)
            self._let_in, self._rated_at = 0, now
        pace = 1 / (SHED_SHARE * self.rate)
        self._paid_until = min(max(self._paid_until, now) + pace, now + LONGEST_REST)

    def _all_came(self) -> None:
        self._coming = 0

    def _rest(self, wake: Callable[[], None]) -> None:
        if not self._resting:
            asyncio.get_running_loop().call_later(LOOK_EVERY, self._look)
        self._resting.append((self._paid_until, wake))

    def _look(self) -> None:
        """Wake whoever has rested enough, and more when half of the places are free."""
        loop = asyncio.get_running_loop()
        now, room = loop.time(), self._admission.room
        more = room if room > self._admission.most // 2 else 0
        while self._resting and (more > 0 or self._resting[0][0] <= now):
            self._resting.popleft()[1]()
            more -= 1
        if self._resting:
            loop.call_later(LOOK_EVERY, self._look)
