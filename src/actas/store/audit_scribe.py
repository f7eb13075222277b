"""The thread that writes a stream's file: group commit (architecture.md 3, items 2 and 3).

Requests leave their bodies in a queue; whoever gathered them rings, and the thread takes all that are there,
links them, writes them in one transaction and tells the event loop once. While it writes, the next batch
gathers. Python gives the interpreter lock away during the disk's work, so requests go on meanwhile.

A batch that fails leaves nothing half-written: the file is closed, and before the next batch it is opened
again and its end is read (``store.audit_ledger``). The event loop's side, with its time limit, is
``store.audit``.
"""

from __future__ import annotations

import threading
import time
from asyncio import AbstractEventLoop, Future
from collections.abc import Callable, Sequence
from queue import SimpleQueue

from actas.audit.delivery import ids
from actas.audit.lifecycle import Narrator
from actas.audit.stream import Receipt
from actas.core.errors import AuditUnavailable
from actas.store.audit_file import StreamFile
from actas.store.audit_files import ClaimedFile
from actas.store.audit_ledger import Flight, Ledger, QueuedScribe, Report, Waiter, said, take
from actas.store.audit_opening import Opened


class FileScribe(QueuedScribe):
    """Implements ``store.audit_ledger.Scribe`` on a file. Public methods and attributes are the event loop's.

    Args:
        most: entries in one batch.
    """

    def __init__(
        self,
        opened: Opened[ClaimedFile],
        *,
        loop: AbstractEventLoop,
        report: Callable[[Report], None],
        narrator: Narrator,
        most: int,
    ) -> None:
        super().__init__(Ledger(opened.name, opened.head), report=report, narrator=narrator, most=most)
        self._kept = opened.stream
        self._file: StreamFile | None = opened.stream.file
        self._loop = loop
        self._bell: SimpleQueue[None] = SimpleQueue()
        # A daemon: a disk that hangs for ever must not keep the process from stopping (REL-02).
        self._thread = threading.Thread(target=self._run, name=f"audit-{self.stream}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def ring(self) -> None:
        self.idle = False
        self._bell.put(None)

    def delivered(self, receipt: Receipt) -> None:
        self._ledger.left.append(receipt.seq)

    def close(self) -> Future[None]:
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
            batch = take(self.waiting, self._most)
            if batch or self._ledger.left or self._probing:
                self._serve(batch)
            elif self._closing is not None:
                self._end(self._closing)
                return

    def _rest(self) -> None:
        """Sleep until rung for."""
        self.idle = True
        self._bell.get()
        self.idle = False

    def _serve(self, batch: list[Waiter]) -> None:
        self.flight = Flight(batch=batch, since=time.monotonic())
        trouble: str | None = None
        first = 0
        probing, self._probing = self._probing, False
        try:
            first = self._commit([body for _, body, _ in batch], anyway=probing)
        except Exception as problem:  # noqa: BLE001 - whatever it is, the thread lives and the requests are told
            trouble = f"stream {self.stream} could not be written: {said(problem)}"
            self._drop()
        self.flight = None
        report = Report(batch=batch, stream=self.stream, first=first, trouble=trouble)
        self._tell(lambda: self._report(report))

    def _commit(self, bodies: Sequence[bytes], *, anyway: bool = False, clean: bool = False) -> int:
        """Write a batch, which may be empty, and return the number of its first entry."""
        file = self._ready()
        first = self._ledger.head.seq + 1
        page = self._ledger.page(bodies, anyway=anyway, clean=clean)
        if page is not None:
            file.write(
                page.lines, after=page.after, delivered=page.delivered, aside=page.aside, clean=page.clean
            )
            self._ledger.written(page)
        return first

    def _ready(self) -> StreamFile:
        """Return the file, opened again after a failure and found to end where it must."""
        if self._file is not None:
            return self._file
        path = self._kept.path
        if not path.exists():
            # SQLite would make a new one, and the chain would start over.
            raise AuditUnavailable(f"{path} is gone")
        self._file = StreamFile(path, vfs=self._kept.vfs)
        self._ledger.resume(self._file.head(), where=str(path))
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
            trouble = AuditUnavailable(f"stream {self.stream} could not be closed cleanly: {said(problem)}")
        self._drop()
        self._kept.claim.release()
        self.flight = None

        def tell() -> None:
            if trouble is None:
                closing.set_result(None)
            else:
                closing.set_exception(trouble)

        self._tell(tell)

    def _say_goodbye(self) -> None:
        file = self._ready()
        missing = self._ledger.missing(file.undelivered())
        unknown = ids(line for seq in missing if (line := file.line(seq)) is not None)
        self._commit(self._narrator.closed(unknown=unknown), clean=True)

    def _tell(self, news: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(news)
        except RuntimeError:
            # The loop is gone, and with it everybody who waited.
            return
