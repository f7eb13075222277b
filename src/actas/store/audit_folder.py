"""The log in a folder: a file for each stream, and one for the checkpoints.

Files are opened read-only, beside their writers. Every chunk is a transaction of its own, so that a slow
reader never keeps the write-ahead log from being folded into its file.
"""

from __future__ import annotations

import secrets
from collections.abc import Generator, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Final

import apsw

from actas.audit.chain import EMPTY, Head, line_hash
from actas.audit.kept import (
    CHUNK,
    Held,
    Index,
    LogUnreadable,
    Office,
    StreamDamaged,
    StreamMissing,
    StreamReader,
    named,
)
from actas.store.audit_claim import claim
from actas.store.audit_lines import append, whole_lines
from actas.store.audit_projection import projection
from actas.store.audit_sqlite import Database, connect, line_of, number
from actas.store.folder import sync

CHECKPOINTS: Final = "checkpoints.jsonl"
"""The file of checkpoints in the folder of the streams."""

OFFICES: Final[dict[Office, str]] = {"leader": "leader.lock", "pen": "checkpoints.lock"}

_BUSY: Final = 5000
_FIRST: Final = "SELECT seq FROM entries LIMIT 1"
_NONE: Final = "CREATE TEMP TABLE entries (seq INTEGER PRIMARY KEY, line BLOB NOT NULL)"


class FolderLog:
    """Implements ``audit.kept.SealableLog`` over the folder of the streams."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def where(self) -> str:
        return str(self.folder)

    def held(self) -> AbstractContextManager[None]:
        return nullcontext()

    def streams(self) -> tuple[str, ...]:
        return streams(self.folder)

    def reading(self, stream: str) -> AbstractContextManager[StreamReader]:
        return reading_file(self.folder / f"{stream}.db")

    def checkpoint_lines(self) -> Iterator[tuple[str, bytes]]:
        path = self.folder / CHECKPOINTS
        try:
            lines = whole_lines(path)
        except OSError as problem:
            raise LogUnreadable(f"{path} cannot be read: {problem.strerror}") from problem
        for count, line in enumerate(lines, 1):
            if data := line.rstrip(b"\r\n"):
                yield f"line {count} of {CHECKPOINTS}", data

    def latest_checkpoints(self) -> Iterator[bytes]:
        return (line for _, line in reversed(list(self.checkpoint_lines())))

    def index(self) -> AbstractContextManager[Index]:
        return projection(self.folder, self)

    def size(self) -> int:
        return sum(one.stat().st_size for one in self.folder.glob("s*.db*") if one.exists())

    def take(self, office: Office) -> Held | None:
        try:
            return claim(self.folder / OFFICES[office])
        except OSError as problem:
            raise LogUnreadable(str(problem)) from problem

    def keep_checkpoint(self, line: bytes) -> None:
        try:
            append(self.folder / CHECKPOINTS, [line])
        except OSError as problem:
            raise LogUnreadable(str(problem)) from problem


class FileReader:
    """Implements ``audit.kept.StreamReader``: one stream's file, open for reading. Raises ``apsw.Error``."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def head(self) -> Head:
        found = self._db.execute("SELECT seq, line FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
        return Head(number(found[0]), line_hash(line_of(found[1]))) if found else EMPTY

    def line(self, seq: int) -> bytes | None:
        found = self._db.execute("SELECT line FROM entries WHERE seq = ?", (seq,)).fetchone()
        return line_of(found[0]) if found else None

    def chunk(self, *, after: int, most: int = CHUNK) -> list[tuple[int, bytes]]:
        sql = "SELECT seq, line FROM entries WHERE seq > ? ORDER BY seq LIMIT ?"
        return [(number(seq), line_of(line)) for seq, line in self._db.execute(sql, (after, most))]

    def last(self, most: int) -> list[tuple[int, bytes]]:
        sql = "SELECT seq, line FROM entries ORDER BY seq DESC LIMIT ?"
        return [(number(seq), line_of(line)) for seq, line in self._db.execute(sql, (most,))][::-1]

    def rows(self, *, after: int = 0) -> Iterator[tuple[int, bytes]]:
        while chunk := self.chunk(after=after):
            yield from chunk
            after = chunk[-1][0]


def streams(folder: Path) -> tuple[str, ...]:
    """Return the names of the streams kept in ``folder``, ``s2`` before ``s10``."""
    return named(path.stem for path in folder.glob("s*.db"))


def folder_name(folder: Path) -> str:
    """Return a name that no other folder of streams has; it is made when it is not there.

    Raises:
        LogUnreadable: it can be neither read nor made.
    """
    path, name = folder / "name", secrets.token_hex(8)
    draft = folder / f".name.{name}"
    try:
        if not path.exists():
            append(draft, [name.encode() + b"\n"])
            with suppress(FileExistsError):  # of two that begin at once, one names it
                path.hardlink_to(draft)
            draft.unlink()
            sync(folder)
        return path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as problem:
        raise LogUnreadable(f"{path}: {problem}") from problem


@contextmanager
def reading_file(path: Path) -> Generator[StreamReader]:
    """Open a stream's file as ``audit.kept.KeptLog`` opens a stream, with its errors."""
    try:
        with reading(path) as reader:
            yield reader
    except (apsw.CorruptError, apsw.NotADBError, apsw.SQLError) as damage:
        raise StreamDamaged(str(damage)) from damage
    except apsw.CantOpenError as problem:
        raise StreamMissing(str(problem)) from problem
    except apsw.Error as problem:
        raise LogUnreadable(f"{path}: {problem}") from problem


@contextmanager
def reading(path: Path) -> Generator[FileReader]:
    """Open a stream's file for reading.

    A copy in a place where nothing may be written is read too, if it was closed cleanly or copied with its
    write-ahead log folded in. A file that its writer has only just made, without a table yet, has no entries.

    Raises:
        apsw.Error: it is not the file of a stream, or cannot be read.
    """
    if not path.is_file():
        raise apsw.CantOpenError(f"{path} is not there")
    database = connect(path, flags=apsw.SQLITE_OPEN_READONLY, busy=_BUSY)
    try:
        try:
            bare = not database.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchall()
        except (apsw.CantOpenError, apsw.ReadOnlyError):
            if path.with_name(path.name + "-wal").exists():
                raise
            database.close(True)
            flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
            database = connect(f"{path.absolute().as_uri()}?immutable=1", flags=flags, busy=_BUSY)
            bare = not database.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchall()
        # The table of a bare file is the reader's own, and empty: nothing may be written into the file.
        database.execute(_NONE if bare else _FIRST).fetchall()
        yield FileReader(database)
    finally:
        database.close(True)
