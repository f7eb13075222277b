"""A clock that stands still until it is moved."""

from __future__ import annotations

from typing import Final

NOON: Final = 1_790_000_000.0
"""An ordinary instant for tests, seconds since the epoch."""


class FixedClock:
    """Implements ``core.ports.Clock``.

    Args:
        now: seconds since the epoch.
    """

    def __init__(self, now: float = NOON) -> None:
        self._now = now

    def now(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        """Move the clock; negative seconds move it back."""
        self._now += seconds
