"""The thread that writes one stream: group commit (architecture.md 3, items 2 and 3).

Requests leave their bodies in a queue; whoever gathered them rings, and the thread takes all that are there,
links them, writes them in one transaction and tells the event loop once. While it writes, the next batch
gathers. Python gives the interpreter lock away during the disk's work, so requests go on meanwhile.

A batch that fails leaves nothing half-written: the file is closed, and before the next batch it is opened
again and its end is read. That end must be the last acknowledged entry or the end of the batch of which
SQLite could not say whether it was written; an answered request is then never without its entry, and if
somebody else wrote or cut the file, nothing more is written to it. The event loop's side, with its time
limit, is ``store.audit``.
"""

from __future__ import annotations

import threading
import time
from asyncio import AbstractEventLoop, Future
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import SimpleQueue

from actas.audit.chain import Head, extend
from actas.audit.delivery import Deliveries, granted, ids
from actas.audit.lifecycle import Narrator
from actas.audit.stream import Receipt
from actas.core.errors import AuditUnavailable
from actas.store.audit_file import StreamFile
from actas.store.audit_opening import Opened

Waiter = tuple[Future[Receipt], bytes, float]
"""Who waits, the body, and since when on the monotonic clock. A tuple: it is made once per request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How a batch ended.

    Attributes:
        first: number of the batch's first entry.
        trouble: why it failed, for administrators; None when it is durable.
    """

    batch: Sequence[Waiter]
    first: int
    trouble: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flight:
    """A batch being written, and since when on the monotonic clock."""

    batch: Sequence[Waiter]
    since: float


class Scribe:
    """Writes batches, one at a time. Public methods and attributes are the event loop's to use.

    Args:
        most: entries in one batch.
        vfs: see ``StreamFile``.

    Attributes:
        waiting: what is to be written, oldest first. Whoever takes an item out settles it.
        flight: the batch being written.
        idle: whether the thread sleeps and must be rung for.
    """

    def __init__(
        self,
        opened: Opened,
        *,
        loop: AbstractEventLoop,
        report: Callable[[Report], None],
        narrator: Narrator,
        most: int,
        vfs: str | None,
    ) -> None:
        self.waiting: deque[Waiter] = deque()
        self.flight: Flight | None = None
        self.idle = False
        self._stream = opened.claim.name
        self._claim = opened.claim
        self._path = opened.path
        self._file: StreamFile | None = opened.file
        self._head = opened.head
        self._attempted: tuple[Head, list[int]] | None = None
        self._deliveries = Deliveries()
        self._left: deque[int] = deque()
        self._aside: list[int] = []
        self._probing = False
        self._watermark = opened.head.seq
        self._loop = loop
        self._report = report
        self._narrator = narrator
        self._most = most
        self._vfs = vfs
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._closing: Future[None] | None = None
        # A daemon: a disk that hangs for ever must not keep the process from stopping (REL-02).
        self._thread = threading.Thread(target=self._run, name=f"audit-{self._stream}", daemon=True)

    @property
    def head(self) -> Head:
        """The last acknowledged entry."""
        return self._head

    @property
    def unsettled(self) -> bool:
        """Whether there are deliveries that the file does not know of yet."""
        return bool(self._left)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def ring(self) -> None:
        """Wake the thread."""
        self.idle = False
        self._bell.put(None)

    def probe(self) -> None:
        """Find out whether the file can be written, though nobody waits."""
        self._probing = True
        self.ring()

    def delivered(self, seq: int) -> None:
        """Note that an answer left."""
        self._left.append(seq)

    def close(self) -> Future[None]:
        """Write what waits, close the stream cleanly and let it go; the future says when and whether."""
        if self._closing is None:
            self._closing = self._loop.create_future()
            # Whoever gave up waiting does not want to hear of it later.
            self._closing.add_done_callback(lambda ended: ended.exception())
            self.ring()
        return self._closing

    def _run(self) -> None:
        batch: list[Waiter] = []
        while True:
            # A full batch left others behind, who have rung already.
            if self._closing is None and len(batch) < self._most:
                self._rest()
            batch = self._take()
            if batch or self._left or self._probing:
                self._serve(batch)
            elif self._closing is not None:
                self._end(self._closing)
                return

    def _rest(self) -> None:
        """Sleep until rung for."""
        self.idle = True
        self._bell.get()
        self.idle = False

    def _take(self) -> list[Waiter]:
        batch: list[Waiter] = []
        try:
            while len(batch) < self._most:
                batch.append(self.waiting.popleft())
        except IndexError:
            pass
        return batch

    def _serve(self, batch: list[Waiter]) -> None:
        self.flight = Flight(batch=batch, since=time.monotonic())
        trouble: str | None = None
        first = 0
        probing, self._probing = self._probing, False
        try:
            first = self._commit([body for _, body, _ in batch], probing=probing)
        except Exception as problem:  # noqa: BLE001 - whatever it is, the thread lives and the requests are told
            trouble = f"stream {self._stream} could not be written: {_said(problem)}"
            self._drop()
        self.flight = None
        self._tell(lambda: self._report(Report(batch=batch, first=first, trouble=trouble)))

    def _commit(self, bodies: Sequence[bytes], *, probing: bool = False, clean: bool = False) -> int:
        """Write a batch, which may be empty, and return the number of its first entry."""
        file = self._ready()
        lines, after = extend(bodies, stream=self._stream, head=self._head)
        first = self._head.seq + 1
        tokens = granted(first, bodies)
        self._settle()
        watermark = self._deliveries.watermark(self._head.seq)
        if not (bodies or self._aside or probing or watermark != self._watermark):
            return first
        self._attempted = (after, tokens)
        file.write(lines, after=self._head.seq, delivered=watermark, aside=self._aside, clean=clean)
        self._acknowledge(after, tokens)
        self._aside, self._watermark = [], watermark
        return first

    def _acknowledge(self, head: Head, tokens: list[int]) -> None:
        self._head, self._attempted = head, None
        self._deliveries.expect(tokens, now=time.monotonic())

    def _settle(self) -> None:
        """Take note of the answers that left, and of those that are overdue."""
        self._deliveries.left([self._left.popleft() for _ in range(len(self._left))])
        self._aside += self._deliveries.set_aside(now=time.monotonic())

    def _ready(self) -> StreamFile:
        """Return the file, opened again after a failure and found to end where it must."""
        if self._file is not None:
            return self._file
        if not self._path.exists():
            # SQLite would make a new one, and the chain would start over.
            raise AuditUnavailable(f"{self._path} is gone")
        self._file = StreamFile(self._path, vfs=self._vfs)
        head = self._file.head()
        if self._attempted is not None and head == self._attempted[0]:
            self._acknowledge(*self._attempted)
        elif head == self._head:
            self._attempted = None
        else:
            raise AuditUnavailable(
                f"{self._path} ends at entry {head.seq}, which is not what was written there; "
                "somebody else changed it, and nothing is added to it"
            )
        return self._file

    def _drop(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except Exception:  # noqa: BLE001 - the connection is given up either way
                return

    def _end(self, closing: Future[None]) -> None:
        """Close the stream, or leave it for the next opening to recover."""
        trouble: AuditUnavailable | None = None
        self.flight = Flight(batch=(), since=time.monotonic())
        try:
            self._say_goodbye()
        except Exception as problem:  # noqa: BLE001 - the claim is let go whatever happens
            trouble = AuditUnavailable(f"stream {self._stream} could not be closed cleanly: {_said(problem)}")
        self._drop()
        self._claim.release()
        self.flight = None

        def tell() -> None:
            if trouble is None:
                closing.set_result(None)
            else:
                closing.set_exception(trouble)

        self._tell(tell)

    def _say_goodbye(self) -> None:
        file = self._ready()
        self._settle()
        missing = sorted({*self._aside, *self._deliveries.rest(), *file.undelivered()})
        unknown = ids(line for seq in missing if (line := file.line(seq)) is not None)
        # The closing entry names them, so the file need not remember them.
        self._deliveries.left(missing)
        self._aside = []
        self._commit(self._narrator.closed(unknown=unknown), clean=True)

    def _tell(self, news: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(news)
        except RuntimeError:
            # The loop is gone, and with it everybody who waited.
            return


def _said(problem: Exception) -> str:
    return f"{type(problem).__name__}: {problem}"
