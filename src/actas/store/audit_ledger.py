"""What the writer of a stream remembers between batches: pure, whatever the batches are written to.

A batch that fails leaves nobody knowing whether it was written. Before the next one, whoever writes looks at
the end of the stream: it must be the last acknowledged entry or the end of that batch. So no entry is written
twice, an answered request is never without its entry, and if somebody else wrote to the stream or cut it,
nothing more is written there.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from asyncio import Future
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from actas.audit.chain import Head, extend
from actas.audit.delivery import Deliveries, granted
from actas.audit.lifecycle import Narrator
from actas.audit.stream import Receipt
from actas.core.errors import AuditUnavailable

Waiter = tuple[Future[Receipt], bytes, float]
"""Who waits, the body, and since when on the monotonic clock. A tuple: it is made once per request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How a batch ended.

    Attributes:
        first: number of the batch's first entry.
        trouble: why it failed, for administrators; None when it is durable.
        away: whether it is known that the next would fail too, until somebody finds out that it would not.
    """

    batch: Sequence[Waiter]
    stream: str
    first: int
    trouble: str | None
    away: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Flight:
    """A batch being written, and since when on the monotonic clock."""

    batch: Sequence[Waiter]
    since: float


class Scribe(Protocol):
    """Writes batches to a stream, one at a time. ``store.audit`` leaves them here and is told how they ended.

    Attributes:
        waiting: what is to be written, oldest first. Whoever takes an item out settles it.
    """

    waiting: deque[Waiter]

    @property
    def stream(self) -> str:
        """The stream's name."""
        ...

    @property
    def head(self) -> Head:
        """The last acknowledged entry."""
        ...

    @property
    def flight(self) -> Flight | None:
        """The batch being written."""
        ...

    @property
    def idle(self) -> bool:
        """Whether it rests and must be rung for."""
        ...

    @property
    def unsettled(self) -> bool:
        """Whether there are deliveries that the storage does not know of yet."""
        ...

    def start(self) -> None:
        """Begin."""
        ...

    def ring(self) -> None:
        """Wake it: there is something to do."""
        ...

    def probe(self) -> None:
        """Find out whether the storage can be written, though nobody waits."""
        ...

    def delivered(self, receipt: Receipt) -> None:
        """Note that an answer left."""
        ...

    def close(self) -> Future[None]:
        """Write what waits, close the stream cleanly and let it go; the future says when and whether."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What is to be written in one transaction.

    Attributes:
        after: the number of the last entry before it.
        lines: may be empty.
        head: the end it leads to.
        tokens: numbers of the entries that wait for a delivery.
        delivered: every token recorded up to this entry was handed to the transport.
        aside: numbers of entries to set aside.
        clean: whether it closes the stream and names all that was set aside.
    """

    after: int
    lines: tuple[bytes, ...]
    head: Head
    tokens: Sequence[int]
    delivered: int
    aside: tuple[int, ...]
    clean: bool


class Ledger:
    """The bookkeeping of one stream. All but ``left`` is used by whoever writes.

    Attributes:
        stream: its name.
        head: the last acknowledged entry.
        left: numbers of entries whose answers left; anybody may append.
    """

    def __init__(self, stream: str, head: Head) -> None:
        self.stream = stream
        self.head = head
        self.left: deque[int] = deque()
        self._attempted: Page | None = None
        self._deliveries = Deliveries()
        self._aside: list[int] = []
        self._watermark = head.seq

    def page(self, bodies: Sequence[bytes], *, anyway: bool = False, clean: bool = False) -> Page | None:
        """Return what is to be written for ``bodies``, or None when there is nothing to write.

        Args:
            anyway: return a page even then, to find out whether it can be written.
            clean: it closes the stream.
        """
        lines, head = extend(bodies, stream=self.stream, head=self.head)
        self.settle()
        watermark = self._deliveries.watermark(self.head.seq)
        if not (bodies or self._aside or anyway or watermark != self._watermark):
            return None
        self._attempted = Page(
            after=self.head.seq,
            lines=lines,
            head=head,
            tokens=granted(self.head.seq + 1, bodies),
            delivered=watermark,
            aside=tuple(self._aside),
            clean=clean,
        )
        return self._attempted

    def written(self, page: Page) -> None:
        """Note that a page is durable."""
        self.head, self._attempted = page.head, None
        self._deliveries.expect(page.tokens, now=time.monotonic())
        self._aside, self._watermark = [], page.delivered

    def resume(self, found: Head, *, where: str) -> None:
        """Go on after a failure from the end that was found.

        Args:
            where: what was looked at, for administrators.

        Raises:
            AuditUnavailable: it is not an end that was written here.
        """
        attempted = self._attempted
        if attempted is not None and attempted.lines and found == attempted.head:
            self.written(attempted)
        elif found == self.head:
            self._attempted = None
        else:
            raise AuditUnavailable(
                f"{where} ends at entry {found.seq}, which is not what was written there; "
                "somebody else changed it, and nothing is added to it"
            )

    def settle(self) -> None:
        """Take note of the answers that left, and of those that are overdue."""
        self._deliveries.left([self.left.popleft() for _ in range(len(self.left))])
        self._aside += self._deliveries.set_aside(now=time.monotonic())

    def missing(self, aside: Iterable[int]) -> list[int]:
        """Return the numbers of all answers that did not leave, and wait for them no longer.

        Args:
            aside: those that the storage remembers to be set aside.
        """
        self.settle()
        missing = sorted({*self._aside, *self._deliveries.rest(), *aside})
        # The closing entry names them, so the storage need not remember them.
        self._deliveries.left(missing)
        self._aside = []
        return missing


class QueuedScribe(ABC):
    """What both kinds of ``Scribe`` have: who waits, what is being written, and the bookkeeping.

    Args:
        report: told how every batch ended.
        most: entries in one batch.
    """

    def __init__(
        self, ledger: Ledger, *, report: Callable[[Report], None], narrator: Narrator, most: int
    ) -> None:
        self.waiting: deque[Waiter] = deque()
        self.flight: Flight | None = None
        self.idle = False
        self._ledger = ledger
        self._report = report
        self._narrator = narrator
        self._most = most
        self._probing = False
        self._closing: Future[None] | None = None

    @property
    def stream(self) -> str:
        return self._ledger.stream

    @property
    def head(self) -> Head:
        return self._ledger.head

    @property
    def unsettled(self) -> bool:
        return bool(self._ledger.left)

    def probe(self) -> None:
        self._probing = True
        self.ring()

    @abstractmethod
    def ring(self) -> None:
        """Wake whoever writes."""


def said(problem: Exception) -> str:
    """Return a failure in one sentence, for administrators."""
    return f"{type(problem).__name__}: {problem}"


def take(waiting: deque[Waiter], most: int) -> list[Waiter]:
    """Take up to ``most`` out of the queue; whoever gives up waiting may take some out meanwhile."""
    batch: list[Waiter] = []
    try:
        while len(batch) < most:
            batch.append(waiting.popleft())
    except IndexError:
        pass
    return batch
