"""Streams in a folder, for whoever takes one up: the claim, and the file behind it.

Opening is the only time at which the event loop waits for a file; it does so in a thread. After that, the
file belongs to the thread of ``store.audit_scribe``. Whoever is cancelled meanwhile lets go of the claim once
no thread is at the file any more: the next one may begin to write it at once.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import apsw

from actas.audit.chain import BrokenChain, Head
from actas.core.ending import taken, to_its_end
from actas.store.audit_claim import Claim, free_streams
from actas.store.audit_file import StreamFile
from actas.store.audit_opening import State


class FolderStreams:
    """Implements ``store.audit_opening.Streams`` over a folder, which is made when missing.

    Args:
        vfs: the SQLite file system to use; None for the default.
    """

    def __init__(self, folder: Path, *, vfs: str | None = None) -> None:
        self.where = str(folder)
        self.damage: tuple[type[Exception], ...] = (apsw.CorruptError, apsw.NotADBError)
        self.failure: tuple[type[Exception], ...] = (apsw.Error, OSError)
        self._folder = folder
        self._vfs = vfs
        self._free = free_streams(folder)

    async def next_free(self) -> FreeFile | None:
        claim = await taken(asyncio.to_thread(next, self._free, None), give_back=_let_go)
        return None if claim is None else FreeFile(self._folder, claim, vfs=self._vfs)


class FreeFile:
    """Implements ``store.audit_opening.Free``."""

    def __init__(self, folder: Path, claim: Claim, *, vfs: str | None) -> None:
        self.name = claim.name
        self._path = folder / f"{claim.name}.db"
        self._claim = claim
        self._vfs = vfs

    async def open(self, *, sealed: Head) -> ClaimedFile:
        if sealed.seq and not self._path.exists():
            # Not made anew: an empty file in its place would look as if it had always been so.
            raise BrokenChain(1, f"stream {self.name} is gone, and was sealed up to entry {sealed.seq}")
        opening = asyncio.to_thread(StreamFile, self._path, vfs=self._vfs)
        file = await taken(opening, give_back=lambda made: asyncio.to_thread(made.close))
        return ClaimedFile(self._path, file, self._claim, vfs=self._vfs)

    async def release(self) -> None:
        self._claim.release()


class ClaimedFile:
    """Implements ``store.audit_opening.OpenStream`` on a file.

    Attributes:
        path: where it is.
        file: the same, for the thread that writes.
        claim: held for as long as this process writes it.
        vfs: the SQLite file system it is opened with.
    """

    def __init__(self, path: Path, file: StreamFile, claim: Claim, *, vfs: str | None) -> None:
        self.path = path
        self.file = file
        self.claim = claim
        self.vfs = vfs

    async def state(self) -> State:
        return await to_its_end(asyncio.to_thread(self.file.state))

    async def head(self) -> Head:
        return await to_its_end(asyncio.to_thread(self.file.head))

    async def line(self, seq: int) -> bytes | None:
        return await to_its_end(asyncio.to_thread(self.file.line, seq))

    async def rows(self, *, after: int, most: int) -> list[tuple[int, bytes]]:
        return await to_its_end(asyncio.to_thread(self.file.rows, after=after, most=most))

    async def undelivered(self) -> list[int]:
        return await to_its_end(asyncio.to_thread(self.file.undelivered))

    async def take_up(self, lines: tuple[bytes, ...], *, head: Head) -> None:
        await to_its_end(asyncio.to_thread(self.file.take_up, lines, head=head))

    async def close(self) -> None:
        await to_its_end(asyncio.to_thread(self.file.close))


async def _let_go(claim: Claim | None) -> None:
    if claim is not None:
        claim.release()
