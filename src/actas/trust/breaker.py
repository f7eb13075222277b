"""Whether to ask an upstream that keeps failing, and when again.

After ``OPENS_AFTER`` failures in a row it is open: nobody waits for the upstream but the one who tries it
again, and the tries are further and further apart (half-open: one at a time). One success closes it. Does
no I/O and holds no clock; times are seconds since the epoch, spans seconds.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final

OPENS_AFTER: Final = 3
"""Failures in a row after which an upstream is no longer waited for."""

LONGEST_PAUSE: Final = 60.0
"""Between two attempts on an upstream that keeps failing: within so much of its return it is used again."""


@dataclass(slots=True)
class Breaker:
    """What is known of the last attempts on one upstream.

    Attributes:
        error: why the last attempt failed; empty when it did not.
        failures: how many failed in a row.
        since: when the first of them had ended, or None.
        tried_at: when the last attempt began, and once it has ended when it did.
    """

    error: str = ""
    failures: int = 0
    since: float | None = None
    tried_at: float | None = None
    _before: float | None = None
    _spread: float = 1.0

    @property
    def is_open(self) -> bool:
        """Whether the upstream failed so often that nobody waits for it but who tries it."""
        return self.failures >= OPENS_AFTER

    def pause(self, usual: float) -> float:
        """Return how long after an attempt the next may begin.

        Args:
            usual: between two attempts while the breaker is closed. Each failure beyond the one that opened
                it doubles it, up to ``LONGEST_PAUSE``, less up to a tenth, so that nodes do not come back
                at once.
        """
        if not self.is_open:
            return usual
        grown = usual * 2.0 ** min(self.failures - OPENS_AFTER, 8)
        return min(grown, max(usual, LONGEST_PAUSE)) * self._spread

    def may_try(self, now: float, *, usual: float) -> bool:
        """Whether the last attempt is long enough ago for another. A clock that was set back makes it so."""
        return self.tried_at is None or not 0 <= now - self.tried_at < self.pause(usual)

    def is_being_tried(self, now: float, *, usual: float) -> bool:
        """Whether the upstream fails, and was tried so lately that the next attempt is not overdue."""
        return (
            bool(self.error)
            and self.tried_at is not None
            and 0 <= now - self.tried_at < 2 * self.pause(usual)
        )

    def begin(self, now: float) -> None:
        """Note that an attempt begins."""
        self._before, self.tried_at = self.tried_at, now

    def give_back(self, begun: float) -> None:
        """Note that nothing came of the attempt that began then: another may be made at once.

        Nothing changes when another began meanwhile.
        """
        if self.tried_at == begun:
            self.tried_at = self._before

    def succeed(self, now: float) -> None:
        """Note that it succeeded."""
        self.error, self.failures, self.since, self.tried_at = "", 0, None, now

    def fail(self, error: str, now: float) -> None:
        """Note that it failed, and why."""
        self.error, self.tried_at = error, now
        self.failures += 1
        self.since = now if self.since is None else self.since
        self._spread = 0.9 + secrets.randbelow(101) / 1000
