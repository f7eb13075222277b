"""The task that writes a stream to PostgreSQL: group commit (architecture.md 3, items 2 and 3).

Requests leave their bodies in a queue; whoever gathered them rings, and the task takes all that are there,
links them and writes them with one statement. While the database commits, the next batch gathers.

A batch that fails leaves nobody knowing whether it was written: its requests are refused, the connection is
given up, and before the next batch the end of the stream is read back on another one
(``store.audit_ledger``). So no entry is written twice, and no request that was answered is without its own.
Until a try succeeds, requests are refused at once and do not wait for a database that is away. A stream that
another process took up meanwhile stays with it, and one that does not end as it was written is left as
evidence, be it by somebody's hand or by a failover that lost something: this process takes up the next.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import structlog

from actas.audit.chain import Head
from actas.audit.delivery import ids
from actas.audit.lifecycle import BrokenStream, Narrator
from actas.audit.stream import Receipt
from actas.core.errors import AuditUnavailable
from actas.store.audit_ledger import Flight, Ledger, QueuedScribe, Report, Waiter, said, take
from actas.store.audit_opening import Opened
from actas.store.audit_postgresql import PostgresqlStream
from actas.store.postgresql import Address

Reopen = Callable[[Sequence[BrokenStream]], Awaitable[Opened[PostgresqlStream]]]
"""Takes up another stream, whose first entry names those that were left."""

_log = structlog.get_logger("actas")


class PostgresqlScribe(QueuedScribe):
    """Implements ``store.audit_ledger.Scribe`` on a database. Everything happens on its event loop.

    Args:
        most: entries in one batch.
    """

    def __init__(
        self,
        opened: Opened[PostgresqlStream],
        *,
        where: Address,
        reopen: Reopen,
        report: Callable[[Report], None],
        narrator: Narrator,
        most: int,
    ) -> None:
        super().__init__(Ledger(opened.name, opened.head), report=report, narrator=narrator, most=most)
        self._stream = opened.stream
        self._where = where
        self._reopen = reopen
        self._bell = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="audit")

    def ring(self) -> None:
        self.idle = False
        self._bell.set()

    def delivered(self, receipt: Receipt) -> None:
        # Of a stream that is another's by now, that process has named the answer as unknown already.
        if receipt.stream == self._ledger.stream:
            self._ledger.left.append(receipt.seq)

    def close(self) -> asyncio.Future[None]:
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_future()
            # Whoever gave up waiting does not want to hear of it later.
            self._closing.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
            self.ring()
        return self._closing

    async def _run(self) -> None:
        batch: list[Waiter] = []
        while True:
            # A full batch left others behind, who have rung already.
            if self._closing is None and len(batch) < self._most:
                await self._rest()
            batch = take(self.waiting, self._most)
            if batch or self._ledger.left or self._probing:
                await self._serve(batch)
            elif self._closing is not None:
                await self._end(self._closing)
                return

    async def _rest(self) -> None:
        """Sleep until rung for."""
        self.idle = not self._bell.is_set()
        await self._bell.wait()
        self._bell.clear()
        self.idle = False

    async def _serve(self, batch: list[Waiter]) -> None:
        self.flight = Flight(batch=batch, since=time.monotonic())
        trouble: str | None = None
        first = 0
        probing, self._probing = self._probing, False
        try:
            first = await self._commit([body for _, body, _ in batch], anyway=probing)
        except Exception as problem:  # noqa: BLE001 - whatever it is, the task lives and the requests are told
            trouble = f"stream {self.stream} could not be written: {self._told(problem)}"
            self._stream.drop()
        self.flight = None
        self._report(
            Report(batch=batch, stream=self.stream, first=first, trouble=trouble, away=trouble is not None)
        )

    async def _commit(self, bodies: Sequence[bytes], *, anyway: bool = False, clean: bool = False) -> int:
        """Write a batch, which may be empty, and return the number of its first entry."""
        stream = await self._ready()
        first = self._ledger.head.seq + 1
        page = self._ledger.page(bodies, anyway=anyway, clean=clean)
        if page is not None:
            await stream.write(page)
            self._ledger.written(page)
        return first

    async def _ready(self) -> PostgresqlStream:
        """Return the stream, on another connection after a failure and found to end where it must."""
        if not self._stream.lost:
            return self._stream
        again = await self._stream.again()
        if again is None:
            return await self._another(())
        try:
            found = await again.head()
            changed = self._changed(again, found)
            if changed is not None:
                # Claimed until another is, so that it is not taken for one that is free.
                return await self._another([changed])
            self._stream = again
        finally:
            if self._stream is not again:
                again.drop()
        return again

    def _changed(self, stream: PostgresqlStream, found: Head) -> BrokenStream | None:
        """Go on from the end that was found; return what is wrong when it is not ours."""
        try:
            self._ledger.resume(found, where=f"stream {stream.name} in {stream.where}")
        except AuditUnavailable as changed:
            _log.error("audit stream is not whole", stream=stream.name, detail=changed.detail)
            return BrokenStream(stream=stream.name, seq=found.seq, sentence=changed.detail)
        return None

    async def _another(self, left: Sequence[BrokenStream]) -> PostgresqlStream:
        """Take up another stream."""
        opened = await self._reopen(left)
        self._stream, self._ledger = opened.stream, Ledger(opened.name, opened.head)
        return self._stream

    async def _end(self, closing: asyncio.Future[None]) -> None:
        """Close the stream, or leave it for the next opening to recover."""
        trouble: AuditUnavailable | None = None
        self.flight = Flight(batch=(), since=time.monotonic())
        try:
            await self._say_goodbye()
            await self._stream.release()
        except Exception as problem:  # noqa: BLE001 - the claim is let go whatever happens
            told = self._told(problem)
            trouble = AuditUnavailable(f"stream {self.stream} could not be closed cleanly: {told}")
            self._stream.drop()
        self.flight = None
        if closing.done():
            return
        if trouble is None:
            closing.set_result(None)
        else:
            closing.set_exception(trouble)

    async def _say_goodbye(self) -> None:
        stream = await self._ready()
        missing = self._ledger.missing(await stream.undelivered())
        lines = [line for seq in missing if (line := await stream.line(seq)) is not None]
        await self._commit(self._narrator.closed(unknown=ids(lines)), clean=True)

    def _told(self, problem: Exception) -> str:
        """Return what went wrong, for administrators, with nothing secret in it."""
        if isinstance(problem, AuditUnavailable):
            return problem.detail
        return self._where.without_secrets(said(problem))
