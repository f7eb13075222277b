"""The audit writer: one stream, durable before it answers, and never a request that hangs (REL-01, REL-02).

This is what requests meet, whatever keeps the stream: the queue's bound, the time limit and the way back. Who
writes is ``store.audit_scribe`` (to a file, ``store.audit_file``) or ``store.audit_postgresql_scribe`` (to
PostgreSQL); the taking up of a stream is ``store.audit_opening``.

What a caller of ``append`` can meet:

=====================  =================================================================
durable                a receipt
queue full             ``AuditUnavailable(overloaded=True)``, at once
storage broken         ``AuditUnavailable`` as soon as it shows; tried again four times a second
storage hangs          ``AuditUnavailable`` after the limit; at once for whoever comes later
storage away           ``AuditUnavailable`` at once, until a try shows that it is back
=====================  =================================================================
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from actas.audit.chain import Head, check_body
from actas.audit.lifecycle import BrokenStream, Narrator
from actas.audit.stream import Receipt
from actas.core.errors import AuditUnavailable
from actas.core.ports import Chance, Clock
from actas.store.audit_files import FolderStreams
from actas.store.audit_ledger import Report, Scribe, Waiter
from actas.store.audit_opening import open_stream
from actas.store.audit_scribe import FileScribe

TICK: Final = 0.25
"""Seconds between two looks at the clock while anybody waits; fewer when the limit is short."""

NOTHING_SEALED: Final[Mapping[str, Head]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterBounds:
    """How the writer trades latency for throughput, and when it gives up. Times in seconds.

    Attributes:
        window: how long a batch may gather while every turn of the event loop brings more.
        enough: entries that are written without gathering more.
        batch: entries in one transaction.
        queue: entries that may wait.
        limit: how long a request may wait for its entry.
        closing: how long closing may take.
    """

    window: float = 0.004
    enough: int = 64
    batch: int = 256
    queue: int = 4096
    limit: float = 2.0
    closing: float = 5.0


async def open_writer(
    folder: Path,
    *,
    clock: Clock,
    chance: Chance,
    sealed: Mapping[str, Head] = NOTHING_SEALED,
    bounds: WriterBounds | None = None,
    vfs: str | None = None,
) -> StreamWriter:
    """Take up a stream of ``folder`` and return its writer.

    Args:
        folder: where the streams are; made when missing.
        sealed: heads that the last checkpoint sealed (``store.audit_notary``); a stream that lost what is
            sealed is passed over.
        vfs: the SQLite file system to use; None for the default.

    Raises:
        AuditUnavailable: the storage cannot be used.
        UnsoundSqlite: see ``store.audit_sqlite``.
    """
    narrator = Narrator(clock=clock, chance=chance)
    bounds = bounds or WriterBounds()
    opened = await open_stream(FolderStreams(folder, vfs=vfs), narrator=narrator, sealed=sealed)
    loop = asyncio.get_running_loop()
    return StreamWriter(
        lambda report: FileScribe(opened, loop=loop, report=report, narrator=narrator, most=bounds.batch),
        unknown=opened.unknown,
        broken=opened.broken,
        bounds=bounds,
    )


class StreamWriter:
    """The ``AuditWriter`` of one process. Made on the event loop that uses it.

    Args:
        make: makes who writes; called with what is to be told how batches ended.

    Attributes:
        unknown: ids of entries that the opening named as "delivery unknown".
        broken: streams that were passed over because they are not whole.
        trouble: why the last write failed, for ``/readyz``; None when it did not.
    """

    def __init__(
        self,
        make: Callable[[Callable[[Report], None]], Scribe],
        *,
        unknown: tuple[str, ...],
        broken: tuple[BrokenStream, ...],
        bounds: WriterBounds,
    ) -> None:
        self.unknown = unknown
        self.broken = broken
        self.trouble: str | None = None
        self._bounds = bounds
        self._tick = min(TICK, bounds.limit / 8)
        self._loop = asyncio.get_running_loop()
        self._refusing: str | None = None
        self._closed = False
        self._owed = 0
        self._gathering = False
        self._timer: asyncio.TimerHandle | None = None
        self._scribe = make(self._settle)
        self._scribe.start()

    @property
    def stream(self) -> str:
        """The name of the stream that is written now."""
        return self._scribe.stream

    @property
    def head(self) -> Head:
        """The last acknowledged entry."""
        return self._scribe.head

    async def append(self, body: bytes) -> Receipt:
        if self._refusing is not None:
            raise AuditUnavailable(self._refusing)
        scribe = self._scribe
        if len(scribe.waiting) >= self._bounds.queue:
            raise AuditUnavailable(f"{self._bounds.queue} entries wait to be written", overloaded=True)
        check_body(body)
        future: asyncio.Future[Receipt] = self._loop.create_future()
        self._owed += 1
        scribe.waiting.append((future, body, time.monotonic()))
        if len(scribe.waiting) == self._bounds.enough:
            scribe.ring()
        elif not self._gathering:
            self._gathering = True
            self._loop.call_soon(self._gather, len(scribe.waiting), time.monotonic() + self._bounds.window)
        if self._timer is None:
            self._watch()
        return await future

    def _gather(self, seen: int, until: float) -> None:
        """Ring once a turn of the event loop has brought no more entries, or they have gathered long enough.

        One entry alone is written at once. Under load, the requests that became ready together share one
        transaction: on one core, a thread that took what was there at any moment wrote them two by two.
        Half of many do not wait for the other half, so that requests go on while the disk works.
        """
        waiting = len(self._scribe.waiting)
        if waiting > seen and time.monotonic() < until:
            self._loop.call_soon(self._gather, waiting, until)
            return
        self._gathering = False
        self._scribe.ring()

    def delivered(self, receipt: Receipt) -> None:
        self._scribe.delivered(receipt)
        if self._timer is None and not self._closed:
            self._watch()

    async def close(self) -> None:
        """Write what waits and close the stream cleanly. Call once the last answer has left.

        Raises:
            AuditUnavailable: it could not be closed in time; the next opening recovers it.
        """
        self._closed = True
        self._refusing = "the audit log is closed"
        try:
            async with asyncio.timeout(self._bounds.closing):
                await asyncio.shield(self._scribe.close())
        except TimeoutError:
            raise AuditUnavailable(
                f"stream {self.stream} did not close within {self._bounds.closing} s"
            ) from None
        finally:
            if self._timer is not None:
                self._timer.cancel()
            self._give_up(self._drain(), "the audit log is closed")

    def _settle(self, report: Report) -> None:
        """Answer a whole batch: the only place where a request learns that its entry is durable."""
        self._owed -= len(report.batch)
        self.trouble = report.trouble
        if not self._closed:
            self._refusing = report.trouble if report.away else None
        if report.trouble is not None:
            self._give_up(report.batch, report.trouble)
            if self._timer is None and not self._closed:
                self._watch()  # nobody waited for it, and without a look at the clock nobody tries again
            return
        stream = report.stream
        for seq, (future, _, _) in enumerate(report.batch, report.first):
            if not future.done():
                future.set_result(Receipt(stream, seq))

    def _watch(self) -> None:
        self._timer = self._loop.call_later(self._tick, self._look)

    def _look(self) -> None:
        """Give up on what takes too long; try again what failed; note what left while nobody asks."""
        self._timer = None
        now = time.monotonic()
        limit = self._bounds.limit
        flight = self._scribe.flight
        if flight is not None and now - flight.since >= limit:
            self._refusing = self._refusing or f"stream {self.stream} has not answered for {limit} s"
            self.trouble = self._refusing
            self._give_up(flight.batch, self._refusing)
            self._give_up(self._drain(), self._refusing)
        else:
            why = f"stream {self.stream} did not answer within {limit} s"
            if flight is not None:
                self._give_up((one for one in flight.batch if now - one[2] >= limit), why)
            self._give_up(self._drain(before=now - limit), why)
        if self._scribe.idle and not self._closed:
            if self.trouble is not None:
                self._scribe.probe()
            elif self._scribe.unsettled:
                self._scribe.ring()
        if self._owed or self.trouble is not None or not (self._scribe.idle or self._closed):
            self._watch()  # also while only a note of a delivery is written, which may hang

    def _drain(self, *, before: float | None = None) -> list[Waiter]:
        """Take out of the queue who has waited since before that time, or everybody."""
        taken: list[Waiter] = []
        waiting = self._scribe.waiting
        try:
            while before is None or waiting[0][2] <= before:
                taken.append(waiting.popleft())
        except IndexError:
            pass
        self._owed -= len(taken)
        return taken

    def _give_up(self, batch: Iterable[Waiter], why: str) -> None:
        for future, _, _ in batch:
            if not future.done():
                future.set_exception(AuditUnavailable(why))
