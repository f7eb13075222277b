"""What may happen once: used tokens are remembered until they have expired (SEC-11, SEC-12, SEC-95).

Here is what every keeper of marks has in common, and the one that keeps them in a file of the data folder;
``store.marks_postgresql`` keeps them where several nodes share them.

``claim`` is one atomic step in all processes that share the marks, and durable when it answers. Whatever goes
wrong raises: no answer is ever read as "not used yet" (REL-19). The file is ``store.marks_file``'s and is
touched by one thread of this process; requests in flight share a transaction, so that the disk is waited
for once.

A claim that was written while nobody waited any longer costs its caller a fresh assertion and nothing else.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import ClassVar, Final

import apsw

from actas.core.errors import StoreUnavailable
from actas.core.ports import Clock
from actas.store.audit_sqlite import UnsoundSqlite
from actas.store.marks_file import Claim, MarksFile, MarksLost, UnknownMarks

MOST_LEEWAY: Final = 60
"""Seconds by which a token's times may be read generously (SEC-19)."""

MARGIN: Final = 300
"""Seconds by which the clocks of processes that share the marks may differ."""

MOST_WAITING: Final = 4096
BATCH: Final = 256

_LATEST: Final = 4_102_444_800  # 2100-01-01
_CLOSING: Final = 5.0
_FAILURES: Final = (apsw.Error, OSError, MarksLost, UnknownMarks, UnsoundSqlite)


class MarksUnavailable(StoreUnavailable):
    """It cannot be said whether something happened before; the request is refused."""


@dataclass(frozen=True, slots=True)
class Waiter:
    """A request that waits for its claim."""

    claim: Claim
    answer: asyncio.Future[bool]


class Keeper(ABC):
    """Marks that are open: claims wait, not too many and not for too long, until their batch is settled.

    Attributes:
        patience: seconds that a request may wait for its claim.
        trouble: why the last batch failed, for ``/readyz``; None when it did not.
    """

    patience: ClassVar[float]

    def __init__(self) -> None:
        self.trouble: str | None = None
        self._closed = False
        self._waiting = 0

    async def claim(self, *, purpose: str, issuer: str, token_id: str, expires_at: int) -> bool:
        """Return True the first time, False ever after, for one (purpose, issuer, token id).

        Args:
            expires_at: seconds since the epoch, after which the token is not accepted any more.

        Raises:
            MarksUnavailable: it could not be recorded, or is too old to be sure.
            ValueError: a part of the name is empty, or the time is none.
        """
        claim = claim_of(purpose=purpose, issuer=issuer, token_id=token_id, expires_at=expires_at)
        if self._closed:
            raise MarksUnavailable("the marks are closed")
        if self._waiting >= MOST_WAITING:
            raise MarksUnavailable(f"{MOST_WAITING} claims wait to be recorded")
        waiter = Waiter(claim, asyncio.get_running_loop().create_future())
        self._waiting += 1
        self._put(waiter)
        try:
            async with asyncio.timeout(self.patience):
                return await waiter.answer
        except TimeoutError:
            raise MarksUnavailable(f"a claim was not recorded within {self.patience} s") from None

    @abstractmethod
    async def close(self) -> None:
        """Record what waits and close. Claims that come later are refused."""

    @abstractmethod
    def _put(self, waiter: Waiter | None) -> None:
        """Add to what waits to be recorded; None stands at the end."""

    def _settle(self, batch: Sequence[Waiter], answers: Sequence[bool | None], trouble: str | None) -> None:
        """Answer whoever of a batch still waits, on the event loop.

        Args:
            answers: for each claim of the batch; None when nobody knows whether it was claimed before.
            trouble: why there are none.
        """
        self.trouble = trouble
        self._waiting -= len(batch)
        for place, waiter in enumerate(batch):
            if waiter.answer.done():
                continue
            answer = answers[place] if trouble is None else None
            if answer is not None:
                waiter.answer.set_result(answer)
            else:
                detail = trouble or "marks of that age are gone: nobody knows whether it was claimed before"
                waiter.answer.set_exception(MarksUnavailable(detail))


async def open_marks(folder: Path, *, clock: Clock) -> Marks:
    """Return the marks of a data folder; the file is made when missing.

    Raises:
        MarksUnavailable: it cannot be opened, was made by another release, or SQLite is too old.
    """
    try:
        file = await asyncio.to_thread(MarksFile, folder)
    except _FAILURES as problem:
        raise MarksUnavailable(f"the marks in {folder} cannot be used: {problem}") from problem
    return Marks(file, clock=clock)


class Marks(Keeper):
    """Marks in a file. Made by ``open_marks``."""

    patience = 2.0

    def __init__(self, file: MarksFile, *, clock: Clock) -> None:
        super().__init__()
        self._file = file
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._queue: SimpleQueue[Waiter | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="actas-marks", daemon=True)
        self._thread.start()

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._put(None)
        await asyncio.to_thread(self._thread.join, _CLOSING)

    def _put(self, waiter: Waiter | None) -> None:
        self._queue.put(waiter)

    def _run(self) -> None:
        """The thread: batch after batch, until closed."""
        while batch := self._batch():
            trouble: str | None = None
            answers: Sequence[bool | None] = ()
            try:
                answers = self._file.claim([one.claim for one in batch], now=int(self._clock.now()))
            except Exception as problem:  # noqa: BLE001  (whatever it is, it is a refusal: REL-19)
                trouble = f"the marks cannot be used: {problem}"
            self._tell(batch, answers, trouble)
        self._file.close()

    def _batch(self) -> list[Waiter]:
        """Return the claims that wait, at least one; none once closed."""
        first = self._queue.get()
        if first is None:
            return []
        batch = [first]
        while len(batch) < BATCH:
            try:
                following = self._queue.get_nowait()
            except Empty:
                break
            if following is None:
                self._queue.put(None)
                break
            batch.append(following)
        return batch

    def _tell(self, batch: list[Waiter], answers: Sequence[bool | None], trouble: str | None) -> None:
        try:
            self._loop.call_soon_threadsafe(self._settle, batch, answers, trouble)
        except RuntimeError:
            # The loop is gone, and with it everybody who waited.
            self._closed = True


def claim_of(*, purpose: str, issuer: str, token_id: str, expires_at: int) -> Claim:
    """Return what is to be marked.

    Raises:
        ValueError: a part is empty or not Unicode, or ``expires_at`` is not a sane time.
    """
    return Claim(
        mark_of(purpose=purpose, issuer=issuer, token_id=token_id), keep_until=needed_until(expires_at)
    )


def mark_of(*, purpose: str, issuer: str, token_id: str) -> bytes:
    """Return what stands for one thing that may happen once, 32 bytes.

    Each part is hashed with its length in front, so no two different names share a mark, whatever the parts
    contain, and nothing claimed for one purpose can be met by another (SEC-95).

    Raises:
        ValueError: a part is empty or not Unicode.
    """
    digest = sha256()
    for part in (purpose, issuer, token_id):
        data = part.encode()
        if not data:
            raise ValueError("a mark has a purpose, an issuer and a token id")
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.digest()


def needed_until(expires_at: int) -> int:
    """Return until when a mark must be kept, in seconds since the epoch.

    Raises:
        ValueError: ``expires_at`` is not a sane time.
    """
    if not 0 < expires_at <= _LATEST:
        raise ValueError("a mark needs the time at which what it marks expires")
    return expires_at + MOST_LEEWAY + MARGIN
