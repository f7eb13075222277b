"""The log in PostgreSQL, as it is read and sealed: streams, entries and checkpoints in tables.

What it is searched by lies in a file of the node that asks (``store.audit_projection``): it proves nothing,
can be made again at any time, and costs the database nothing but one reading.

A row is judged by whoever reads it, not here. But a row that no writer makes, because it is larger than any
entry, is cut off: what somebody put there must not fill the memory of whoever looks for it.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Final

from actas.audit.chain import EMPTY, Head, line_hash
from actas.audit.checkpoint import BadCheckpoint, jws_of
from actas.audit.kept import (
    CHUNK,
    Held,
    Index,
    LogUnreadable,
    Office,
    SearchUnavailable,
    StreamMissing,
    StreamReader,
    named,
)
from actas.audit.stream import LARGEST_BODY
from actas.core.errors import BadToken
from actas.core.secret import Secret
from actas.crypto.jose import parse
from actas.store.audit_projection import projection
from actas.store.blocking import BlockingConnection
from actas.store.folder import make_private
from actas.store.postgresql import PATIENCE, Address, address, failures, lock_of
from actas.store.trouble import DatabaseUnavailable

MOST_BYTES: Final = LARGEST_BODY + 1024
"""Of a line that is read: more than any entry has."""

# Names are found by jumping from one to the next in the key: a million entries of one stream are one step.
_STREAMS: Final = (
    "WITH RECURSIVE known (stream) AS ((SELECT stream FROM audit_entries ORDER BY stream LIMIT 1)"
    " UNION ALL SELECT (SELECT stream FROM audit_entries WHERE stream > known.stream ORDER BY stream LIMIT 1)"
    " FROM known WHERE known.stream IS NOT NULL)"
    " SELECT stream FROM known WHERE stream IS NOT NULL UNION SELECT name FROM audit_streams"
)
_LINE: Final = f"substring(line FOR {MOST_BYTES})"
_ROWS: Final = f"SELECT seq, {_LINE} FROM audit_entries WHERE stream = $1"  # noqa: S608 - only our own text
_CHECKPOINTS: Final = (
    f"SELECT number, {_LINE} FROM audit_checkpoints WHERE number > $1 ORDER BY number LIMIT $2"  # noqa: S608
)
_LATEST: Final = (
    f"SELECT number, {_LINE} FROM audit_checkpoints WHERE number < $1 ORDER BY number DESC LIMIT $2"  # noqa: S608
)
_FIRST: Final = -(2**63)
_LAST: Final = 2**63 - 1
FEW: Final = 10
"""Checkpoints that are read at once by whoever wants the last one that verifies."""


class PostgresqlLog:
    """Implements ``audit.kept.SealableLog`` over a database that has this release's schema.

    Args:
        url: where the database is.
        folder: of this node, for what it is searched by.
    """

    def __init__(self, url: Secret, *, folder: Path) -> None:
        self._where = address(url)
        self._folder = folder
        self._connection: BlockingConnection | None = None
        self._holders = 0
        self._turn = threading.RLock()

    @property
    def where(self) -> str:
        return f"the database {self._where.name}"

    @contextmanager
    def held(self) -> Generator[None]:
        with self._turn:
            self._holders += 1
        try:
            yield
        finally:
            with self._turn:
                self._holders -= 1
                if not self._holders and self._connection is not None:
                    self._connection.close()
                    self._connection = None

    def streams(self) -> tuple[str, ...]:
        return named(name for (name,) in self.fetch(_STREAMS))

    @contextmanager
    def reading(self, stream: str) -> Generator[StreamReader]:
        with self.held():
            if stream not in self.streams():
                raise StreamMissing(f"there is no stream {stream} in {self.where}")
            yield RowReader(self.fetch, stream)

    def checkpoint_lines(self) -> Iterator[tuple[str, bytes]]:
        after = _FIRST
        with self.held():
            while rows := self.fetch(_CHECKPOINTS, after, CHUNK):
                for number, line in rows:
                    yield f"checkpoint {number} of {self._where.name}", line.rstrip(b"\r\n")
                after = rows[-1][0]

    def latest_checkpoints(self) -> Iterator[bytes]:
        before = _LAST
        with self.held():
            while rows := self.fetch(_LATEST, before, FEW):
                yield from (line.rstrip(b"\r\n") for _, line in rows)
                before = rows[-1][0]

    @contextmanager
    def index(self) -> Generator[Index]:
        try:
            make_private(self._folder)
        except DatabaseUnavailable as problem:
            raise SearchUnavailable(str(problem)) from problem
        with self.held(), projection(self._folder, self) as index:
            yield index

    def size(self) -> int:
        ((found,),) = self.fetch("SELECT pg_table_size('audit_entries')")
        return int(found)

    def take(self, office: Office) -> Held | None:
        connection = self._connect()
        try:
            with self._told():
                ((taken,),) = connection.fetch("SELECT pg_try_advisory_lock($1)", lock_of(f"audit {office}"))
        except BaseException:
            connection.close()
            raise
        if taken:
            return HeldOffice(connection)
        connection.close()
        return None

    def keep_checkpoint(self, line: bytes) -> None:
        number = _number(line)
        sql = "INSERT INTO audit_checkpoints (number, line) VALUES ($1, $2)"
        sql += " ON CONFLICT DO NOTHING RETURNING number"
        if not self.fetch(sql, number, line):
            raise LogUnreadable(f"{self.where} has another checkpoint {number} already")

    def fetch(self, sql: str, *values: object) -> Sequence[Sequence[Any]]:
        """Run a statement and return its rows.

        Raises:
            LogUnreadable: the database does not let itself be read.
        """
        with self._turn, self.held():
            if self._connection is None:
                self._connection = self._connect()
            try:
                with self._told():
                    return self._connection.fetch(sql, *values)
            except LogUnreadable:
                # Whoever follows the log asks again, on another one.
                self._connection.close()
                self._connection = None
                raise

    def _connect(self) -> BlockingConnection:
        with self._told():
            return BlockingConnection(self._where)

    def _told(self) -> AbstractContextManager[None]:
        return _told(self._where)


class RowReader:
    """Implements ``audit.kept.StreamReader`` on the rows of one stream."""

    def __init__(self, fetch: Callable[..., Sequence[Sequence[Any]]], stream: str) -> None:
        self._fetch = fetch
        self._stream = stream

    def head(self) -> Head:
        rows = self._fetch(f"{_ROWS} ORDER BY seq DESC LIMIT 1", self._stream)
        return Head(rows[0][0], line_hash(rows[0][1])) if rows else EMPTY

    def line(self, seq: int) -> bytes | None:
        rows = self._fetch(f"{_ROWS} AND seq = $2", self._stream, seq)
        return bytes(rows[0][1]) if rows else None

    def chunk(self, *, after: int, most: int = CHUNK) -> list[tuple[int, bytes]]:
        rows = self._fetch(f"{_ROWS} AND seq > $2 ORDER BY seq LIMIT $3", self._stream, after, most)
        return [(seq, line) for seq, line in rows]

    def last(self, most: int) -> list[tuple[int, bytes]]:
        rows = self._fetch(f"{_ROWS} ORDER BY seq DESC LIMIT $2", self._stream, most)
        return [(seq, line) for seq, line in rows][::-1]

    def rows(self, *, after: int = 0) -> Iterator[tuple[int, bytes]]:
        while chunk := self.chunk(after=after):
            yield from chunk
            after = chunk[-1][0]


class HeldOffice:
    """Implements ``audit.kept.Held``: an advisory lock that lasts as long as its connection."""

    def __init__(self, connection: BlockingConnection) -> None:
        self._connection = connection

    def holds(self) -> bool:
        try:
            self._connection.fetch("SELECT 1", within=PATIENCE)
        except failures():
            return False
        return True

    def release(self) -> None:
        with contextlib.suppress(*failures()):
            self._connection.fetch("SELECT pg_advisory_unlock_all()", within=PATIENCE)
        self._connection.close()


@contextmanager
def _told(where: Address) -> Generator[None]:
    """Say of what the driver raises what it is, with nothing secret in it."""
    try:
        yield
    except failures() as problem:
        told = where.without_secrets(str(problem)) or "it does not answer"
        raise LogUnreadable(f"the database {where.name} cannot be read: {told}") from problem


def _number(line: bytes) -> int:
    """Return the number of a checkpoint that was signed here."""
    try:
        number = parse(jws_of(line.rstrip(b"\n"))).unverified_claims.get("number")
    except (BadCheckpoint, BadToken) as problem:
        raise LogUnreadable(f"not a checkpoint: {problem}") from problem
    if not isinstance(number, int):
        raise LogUnreadable("not a checkpoint: it has no number")
    return number
