"""The lease of one sink in one process: taking it, keeping it, and work that ends with it (REL-22)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from actas.audit.sinks import LEASE, RENEW, TAKEN_AFTER, Fenced, SinkStore
from actas.core.ending import taken, to_its_end
from actas.core.errors import StoreUnavailable

T = TypeVar("T")


class Tenure:
    """Holds the lease of a sink, or waits for it.

    Args:
        me: a name that no other process has.
        monotonic: seconds of a clock that nobody sets.

    Attributes:
        behind: since when the sink has not everything, and about how many bytes: told with each sign of life.
    """

    def __init__(
        self,
        store: SinkStore,
        sink: str,
        *,
        me: str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.behind: tuple[int, int] = (0, 0)
        self._store = store
        self._sink = sink
        self._me = me
        self._monotonic = monotonic
        self._fence: int | None = None
        self._renewed_at = 0.0
        self._seen: tuple[int, int] | None = None
        self._seen_at = 0.0

    @property
    def fence(self) -> int:
        """The number of the lease.

        Raises:
            Fenced: it is not held, or is not good any more.
        """
        if self._fence is None or self._monotonic() - self._renewed_at >= LEASE:
            raise Fenced
        return self._fence

    async def hold(self) -> bool:
        """Keep the lease, or take it when nobody holds it; whether it is held.

        Raises:
            Fenced: it was lost.
            StoreUnavailable: nobody can tell.
        """
        if self._fence is not None:
            if self._monotonic() - self._renewed_at >= RENEW:
                await self._renew()
            return True
        found = await self._store.state(self._sink)
        seen = (found.fence, found.beat) if found.holder else None
        if seen is not None:
            now = self._monotonic()
            if seen != self._seen:
                self._seen, self._seen_at = seen, now
            if now - self._seen_at < TAKEN_AFTER:
                return False
        began = self._monotonic()
        taking = self._store.take(self._sink, holder=self._me, seen=seen)
        self._fence = await taken(taking, give_back=self._give_back)
        self._renewed_at, self._seen = began, None
        return self._fence is not None

    async def write(self, what: Callable[[int], Awaitable[None]]) -> None:
        """Write under the lease, which is a sign of life.

        Args:
            what: writes, given the fence.

        Raises:
            Fenced: the lease is lost.
            StoreUnavailable: it may or may not be written.
        """
        fence, began = self.fence, self._monotonic()
        await what(fence)
        self._renewed_at = began

    async def during(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something that takes time, showing signs of life meanwhile. It is cut off when the lease ends.

        Raises:
            Fenced: the lease ended, and with it the work.
        """
        task = asyncio.ensure_future(work)
        try:
            while True:
                done, _ = await asyncio.wait({task}, timeout=RENEW)
                if done:
                    return task.result()
                await self._renew()
        finally:
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    def lose(self) -> None:
        """Hold nothing any more."""
        self._fence = None

    async def release(self) -> None:
        """Let another process have the lease.

        Raises:
            StoreUnavailable: it could not be written; the others find out by themselves.
        """
        fence, self._fence = self._fence, None
        await to_its_end(self._give_back(fence))

    async def _give_back(self, fence: int | None) -> None:
        if fence is not None:
            await self._store.release(self._sink, fence=fence)

    async def _renew(self) -> None:
        since, size = self.behind
        try:
            await self.write(
                lambda fence: self._store.renew(
                    self._sink, fence=fence, behind_since=since, behind_bytes=size
                )
            )
        except StoreUnavailable:
            # The lease is good until its time is over: then ``fence`` says so.
            _ = self.fence
