"""A file as a sink: one line for each entry, durable before it counts as delivered.

Whoever appends holds a lock on the file, and looks only then whether the delivery still is its own: of two
processes of one computer, one that was frozen and thaws writes nothing. The file is opened anew for every
delivery, so whoever moves it away (logrotate) loses nothing.
"""

from __future__ import annotations

import asyncio
import fcntl
import io
import os
import re
import stat
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from actas.audit.formats.catalog import lines
from actas.audit.sinks import Batch, NotTaken
from actas.core.ending import taken
from actas.core.ports import Clock
from actas.store.folder import sync

_BLOCK: Final = 64 * 1024


class FileReceiver:
    """Implements ``audit.sinks.Receiver``: appends lines to a file, which is its owner's alone.

    Args:
        path: the file; its folder must be there.
        rotate_at: bytes from which on the file is moved aside and a new one begun; None for never.
        keep: how many files that were moved aside stay; None for all.
    """

    def __init__(
        self, path: Path, *, clock: Clock, rotate_at: int | None = None, keep: int | None = None
    ) -> None:
        self._path = path
        self._clock = clock
        self._rotate_at = rotate_at
        self._keep = keep

    async def take(self, batch: Batch, *, confirm: Callable[[], Awaitable[None]]) -> None:
        try:
            file = await taken(asyncio.to_thread(self._open), give_back=_close)
            try:
                await confirm()
            except BaseException:
                file.close()
                raise
            # From here on the file is the thread's: it closes it even when nobody waits for it any more.
            await asyncio.to_thread(self._append, file, lines(batch.documents))
        except OSError as problem:
            raise NotTaken(f"{self._path}: {problem.strerror or problem}") from problem

    def _open(self) -> io.FileIO:
        """Return the file, locked, at the end of its last whole line."""
        while True:
            file = _opened(self._path)
            try:
                _lock(file, self._path)
                _require_regular(file, self._path)
                if not _is_at(file, self._path):  # moved away while we waited
                    file.close()
                    continue
                if self._rotate_at is not None and os.fstat(file.fileno()).st_size >= self._rotate_at:
                    self._move_aside(file)
                    file.close()
                    continue
                _cut_torn_end(file)
            except BaseException:
                file.close()
                raise
            return file

    def _append(self, file: io.FileIO, data: bytes) -> None:
        with file:
            begin = file.seek(0, os.SEEK_END)
            try:
                left = memoryview(data)
                while left:
                    left = left[file.write(left) :]
                os.fsync(file.fileno())
            except OSError:
                # What is there of it would be there twice once it is written again.
                file.truncate(begin)
                raise
            if begin == 0:
                sync(self._path.parent)

    def _move_aside(self, file: io.FileIO) -> None:
        _cut_torn_end(file)
        os.fsync(file.fileno())
        at = datetime.fromtimestamp(self._clock.now(), tz=UTC).strftime("%Y%m%dT%H%M%SZ")
        aside = self._path.with_name(f"{self._path.name}.{at}")
        number = 1
        while aside.exists():
            number += 1
            aside = self._path.with_name(f"{self._path.name}.{at}.{number:04d}")
        self._path.rename(aside)
        sync(self._path.parent)
        if self._keep is not None:
            for old in self.moved_aside()[: -self._keep]:
                old.unlink(missing_ok=True)

    def moved_aside(self) -> list[Path]:
        """Return the files that were moved aside, the oldest first."""
        name = re.compile(re.escape(self._path.name) + r"\.[0-9]{8}T[0-9]{6}Z(\.[0-9]{4,})?")
        return sorted(one for one in self._path.parent.iterdir() if name.fullmatch(one.name))


async def _close(file: io.FileIO) -> None:
    file.close()


def _opened(path: Path) -> io.FileIO:
    # Not to wait for the other end of a pipe; what is no file is refused in a moment.
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
    return io.FileIO(os.open(path, flags, 0o600), "r+b")


def _lock(file: io.FileIO, path: Path) -> None:
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise NotTaken(f"{path}: another process writes it", retry_after=1.0) from None


def _require_regular(file: io.FileIO, path: Path) -> None:
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        raise NotTaken(f"{path} is not a regular file")


def _is_at(file: io.FileIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _cut_torn_end(file: io.FileIO) -> None:
    """Remove what a crash left of a line: it is delivered again, whole (REL-03)."""
    end = size = file.seek(0, os.SEEK_END)
    while end > 0:
        begin = max(0, end - _BLOCK)
        file.seek(begin)
        found = file.read(end - begin).rfind(b"\n")
        if found >= 0:
            end = begin + found + 1
            break
        end = begin
    if end < size:
        file.truncate(end)
    file.seek(end)
