"""Reading streams: read-only, beside their writers, a chunk at a time.

Every chunk is a transaction of its own, so that a slow reader never keeps the write-ahead log from being
folded into its file. What was read is not judged here: that is ``audit.verify``'s.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol

import apsw
import msgspec

from actas.audit.chain import EMPTY, Head, line_hash
from actas.audit.stream import instant
from actas.store.audit_sqlite import Database, connect, line_of, number

CHUNK: Final = 500
"""Rows read in one transaction."""

CHECKPOINTS: Final = "checkpoints.jsonl"
"""The file of checkpoints in the folder of the streams."""

_NAME: Final = re.compile(r"s[1-9][0-9]{0,3}")
_BUSY: Final = 5000


class Sink(Protocol):
    """Where an export goes."""

    def write(self, data: bytes, /) -> object:
        """Take the next bytes."""
        ...


class _When(msgspec.Struct):
    at: str = ""


class StreamReader:
    """One stream's file, open for reading."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def head(self) -> Head:
        """Return the end of the stream."""
        found = self._db.execute("SELECT seq, line FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
        return Head(number(found[0]), line_hash(line_of(found[1]))) if found else EMPTY

    def line(self, seq: int) -> bytes | None:
        """Return one line, or None."""
        found = self._db.execute("SELECT line FROM entries WHERE seq = ?", (seq,)).fetchone()
        return line_of(found[0]) if found else None

    def chunk(self, *, after: int, most: int = CHUNK) -> list[tuple[int, bytes]]:
        """Return up to ``most`` rows after number ``after``, in order."""
        sql = "SELECT seq, line FROM entries WHERE seq > ? ORDER BY seq LIMIT ?"
        return [(number(seq), line_of(line)) for seq, line in self._db.execute(sql, (after, most))]

    def last(self, most: int) -> list[tuple[int, bytes]]:
        """Return the last rows, in order."""
        sql = "SELECT seq, line FROM entries ORDER BY seq DESC LIMIT ?"
        return [(number(seq), line_of(line)) for seq, line in self._db.execute(sql, (most,))][::-1]

    def rows(self, *, after: int = 0) -> Iterator[tuple[int, bytes]]:
        """Yield all rows after number ``after``, in order; what is written meanwhile too."""
        while chunk := self.chunk(after=after):
            yield from chunk
            after = chunk[-1][0]


def streams(folder: Path) -> tuple[str, ...]:
    """Return the names of the streams kept in ``folder``, ``s2`` before ``s10``."""
    names = [path.stem for path in folder.glob("s*.db") if _NAME.fullmatch(path.stem)]
    return tuple(sorted(names, key=lambda name: int(name[1:])))


@contextmanager
def reading(path: Path) -> Generator[StreamReader]:
    """Open a stream's file for reading.

    A copy in a place where nothing may be written is read too, if it was closed cleanly or copied with its
    write-ahead log folded in.

    Raises:
        apsw.Error: it is not the file of a stream, or cannot be read.
    """
    if not path.is_file():
        raise apsw.CantOpenError(f"{path} is not there")
    database = connect(path, flags=apsw.SQLITE_OPEN_READONLY, busy=_BUSY)
    try:
        try:
            database.execute("SELECT seq FROM entries LIMIT 1").fetchall()
        except (apsw.CantOpenError, apsw.ReadOnlyError):
            if path.with_name(path.name + "-wal").exists():
                raise
            database.close(True)
            flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
            database = connect(f"{path.absolute().as_uri()}?immutable=1", flags=flags, busy=_BUSY)
        yield StreamReader(database)
    finally:
        database.close(True)


def line_at(folder: Path, stream: str, seq: int) -> bytes | None:
    """Return one entry as it is kept, or None when there is none."""
    if stream not in streams(folder):
        return None
    with reading(folder / f"{stream}.db") as reader:
        return reader.line(seq)


class Follower:
    """Reads what is new, for ``audit tail --follow``.

    Args:
        cursors: the number read last of each stream; others are read from the beginning.
    """

    def __init__(self, folder: Path, *, cursors: Mapping[str, int]) -> None:
        self._folder = folder
        self._cursors = dict(cursors)

    def more(self) -> list[bytes]:
        """Return the entries that came since the last call, by time."""
        found: list[tuple[str, bytes]] = []
        for stream in streams(self._folder):
            with reading(self._folder / f"{stream}.db") as reader:
                for seq, line in reader.rows(after=self._cursors.get(stream, 0)):
                    self._cursors[stream] = seq
                    found.append((_at(line), line))
        return [line for _, line in sorted(found, key=lambda one: one[0])]


def tail(folder: Path, most: int) -> tuple[list[bytes], Follower]:
    """Return the last entries of all streams by time, and who reads on from there."""
    found: list[tuple[str, bytes]] = []
    cursors: dict[str, int] = {}
    for stream in streams(folder):
        with reading(folder / f"{stream}.db") as reader:
            rows = reader.last(most)
        found += [(_at(line), line) for _, line in rows]
        cursors[stream] = rows[-1][0] if rows else 0
    found.sort(key=lambda one: one[0])
    return [line for _, line in found[max(0, len(found) - most) :]], Follower(folder, cursors=cursors)


def export(folder: Path, sink: Sink, *, since: float | None = None) -> int:
    """Write the checkpoints and then all entries by time, as lines that ``audit verify`` reads.

    The checkpoints come first and are read first: one made while the entries are being read would seal
    entries that are not in the export, and look like a cut.

    Args:
        since: seconds since the epoch; each stream then begins with its first entry from that instant on.

    Returns:
        How many entries were written.

    Raises:
        apsw.Error: a stream cannot be read.
        OSError: the sink or the checkpoints cannot be written or read.
    """
    kept = folder / CHECKPOINTS
    if kept.exists():
        for line in kept.read_bytes().splitlines():
            sink.write(line + b"\n")
    count = 0
    each = [_timed(folder / f"{stream}.db", since=since) for stream in streams(folder)]
    for _, line in heapq.merge(*each, key=lambda one: one[0]):
        sink.write(line + b"\n")
        count += 1
    return count


def _timed(path: Path, *, since: float | None) -> Iterable[tuple[str, bytes]]:
    begins = "" if since is None else instant(since)
    begun = False
    with reading(path) as reader:
        for _, line in reader.rows():
            at = _at(line)
            begun = begun or at >= begins
            if begun:
                yield at, line


def _at(line: bytes) -> str:
    """Return when an entry was made; a damaged one was made never."""
    try:
        return msgspec.json.decode(line, type=_When).at
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
