"""Keeps what this process knows of shared state fresh, and says when it cannot (REL-19, REL-21).

Whatever may change on another node (revocations, keys, the catalog) is kept in memory and read again here:
every second, and at once when somebody says that there is news. When nothing could be read for the length of
the bound, the process no longer knows whether what it would say is still true, and it refuses.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from actas.core.errors import StoreUnavailable
from actas.core.pacing import set_within

EVERY: Final = 1.0
"""Seconds between two readings."""

BOUND: Final = 5.0
"""Seconds after which what was read last is not relied on any more: the propagation bound."""

Refresh = Callable[[], Awaitable[None]]
"""Reads one thing again. Whatever it raises means that it could not."""

_log = structlog.get_logger("actas.follower")


class Stale(StoreUnavailable):
    """The shared state could not be read for longer than the bound; nothing is issued until it can."""


class Follower:
    """Reads shared state again and again, on the event loop it is run on.

    Args:
        every: seconds between two readings.
        bound: seconds after which what was read is stale.
        monotonic: seconds of a clock that nobody sets.

    Attributes:
        trouble: what could not be read the last time, for ``/readyz``; None when all could.
    """

    def __init__(
        self,
        *,
        every: float = EVERY,
        bound: float = BOUND,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.trouble: str | None = None
        self._every = every
        self._bound = bound
        self._monotonic = monotonic
        self._followed: dict[str, Refresh] = {}
        self._news = asyncio.Event()
        self._reading = asyncio.Lock()
        self._read_at = -float("inf")
        self._required: list[Callable[[], None]] = []

    def require(self, what: Callable[[], None]) -> None:
        """Have ``what`` looked at whenever somebody relies on what was read; it raises when nobody may."""
        self._required.append(what)

    def follow(self, name: str, refresh: Refresh) -> None:
        """Read one more thing from now on.

        Args:
            name: what it is, for administrators.
        """
        self._followed[name] = refresh

    def wake(self) -> None:
        """Read as soon as possible: somebody said that there is news."""
        self._news.set()

    @property
    def bound(self) -> float:
        """Seconds after which every node has read what was changed, or relies on nothing it has read."""
        return self._bound

    @property
    def fresh(self) -> bool:
        """Whether everything was read within the bound."""
        return self.age() <= self._bound

    def age(self) -> float:
        """Return the seconds since everything was read: what was changed since may not be known here."""
        return self._monotonic() - self._read_at

    def require_fresh(self) -> None:
        """Return when everything was read within the bound, and whatever else is required holds.

        Raises:
            Stale: it was not.
            StoreUnavailable: something that is required does not hold.
        """
        for what in self._required:
            what()
        if not self.fresh:
            raise Stale(
                f"the shared state could not be read for {self._bound:.0f} s: {self.trouble or 'not yet'}"
            )

    async def catch_up(self) -> None:
        """Read everything once.

        Raises:
            StoreUnavailable: something could not be read.
        """
        async with self._reading:
            began = self._monotonic()
            for name, refresh in self._followed.items():
                try:
                    async with asyncio.timeout(self._bound):
                        await refresh()
                except Exception as problem:
                    self.trouble = f"{name}: {type(problem).__name__}: {problem}"
                    raise Stale(self.trouble) from problem
            self.trouble = None
            # From when the reading began: what changed while it went on may have been missed.
            self._read_at = began

    async def run(self) -> None:
        """Read until cancelled."""
        said: str | None = None
        while True:
            await set_within(self._news, self._every)
            self._news.clear()
            try:
                await self.catch_up()
            except Stale as stale:
                if said is None:
                    _log.error("shared state cannot be read", detail=str(stale))
                said = str(stale)
            else:
                if said is not None:
                    _log.info("shared state can be read again")
                said = None
