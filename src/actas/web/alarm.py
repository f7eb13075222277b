"""One timer for each connection, looked at when it rings, so that whoever is in time touches none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Alarm:
    """Rings once for each time it is set.

    Args:
        look: called when it rings.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, look: Callable[[], None]) -> None:
        self._loop = loop
        self._look = look
        self._at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def ring_by(self, at: float) -> None:
        """Ring at the latest then, in seconds of the event loop's clock."""
        if self._timer is None or at < self._at:
            self.cancel()
            self._at = at
            self._timer = self._loop.call_at(at, self._ring)

    def cancel(self) -> None:
        """Do not ring."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self) -> None:
        self._timer = None
        self._look()
