"""The search projection: what the streams hold, kept so that it can be searched (architecture.md 3, item 3).

The streams have no index, because one would slow every token down; this file has them all, follows behind,
and is brought up to date by whoever searches. It proves nothing and may be deleted at any time: it is made
again from the streams. Any number of processes may use it at once: a chunk is read, kept and its cursor
moved in one transaction.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import apsw

from actas.audit.chain import line_hash
from actas.audit.kept import KeptLog, LogUnreadable, Row, SearchUnavailable, StreamReader
from actas.audit.query import mentions, read_event, terms_of, undelivered_ids
from actas.store.audit_sqlite import Database, connect, number, text

FILE: Final = "search.db"
VERSION: Final = 6
"""Of the projection's form; another one found is thrown away and made again."""

_BUSY: Final = 15_000
_SCHEMA: Final = """
CREATE TABLE search_cursors (stream TEXT PRIMARY KEY, seq INTEGER NOT NULL, hash TEXT NOT NULL);
CREATE TABLE search_entries (
    n INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    seq INTEGER NOT NULL,
    id TEXT NOT NULL,
    at TEXT NOT NULL,
    UNIQUE (stream, seq)
);
CREATE INDEX search_entries_by_at ON search_entries (at);
CREATE INDEX search_entries_by_id ON search_entries (id);
CREATE TABLE search_terms (
    field TEXT NOT NULL, value TEXT NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (field, value, n)
) WITHOUT ROWID;
CREATE TABLE search_tokens (n INTEGER NOT NULL, role TEXT NOT NULL, jti TEXT NOT NULL, digest TEXT NOT NULL);
CREATE INDEX search_tokens_by_n ON search_tokens (n);
CREATE INDEX search_tokens_by_jti ON search_tokens (jti);
CREATE INDEX search_tokens_by_digest ON search_tokens (digest);
"""
_TABLES: Final = ("cursors", "entries", "terms", "tokens")
"""Names in this form; the form before had them without ``search_``."""


class FileIndex:
    """Implements ``audit.kept.Index`` on the projection's file."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def select(self, sql: str, values: Sequence[str | int], /) -> list[Row]:
        return self._database.execute(sql, values).fetchall()


@contextmanager
def projection(folder: Path, log: KeptLog) -> Generator[FileIndex]:
    """Open the projection of ``log``, kept in ``folder``, brought up to date.

    Raises:
        SearchUnavailable: it cannot be kept or read, or a stream cannot be read.
    """
    try:
        database = _open(folder / FILE)
    except (apsw.Error, OSError) as problem:
        raise SearchUnavailable(f"{folder / FILE} cannot be opened: {problem}") from problem
    try:
        for stream in log.streams():
            with log.reading(stream) as reader:
                _catch_up(database, stream, reader)
        yield FileIndex(database)
    except (apsw.Error, OSError, LogUnreadable) as problem:
        raise SearchUnavailable(f"{folder / FILE} cannot be used: {problem}") from problem
    finally:
        database.close(True)


def _open(path: Path) -> Database:
    path.touch(mode=0o600)
    try:
        return _prepare(path)
    except (apsw.CorruptError, apsw.NotADBError):
        # Damaged: nothing is lost with it.
        for suffix in ("", "-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        path.touch(mode=0o600)
        return _prepare(path)


def _prepare(path: Path) -> Database:
    database = connect(path, flags=apsw.SQLITE_OPEN_READWRITE, busy=_BUSY)
    try:
        database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL").fetchall()
        if _version(database) != VERSION:
            database.execute("BEGIN IMMEDIATE")
            # Asked again under the lock: another process may have been faster.
            if _version(database) != VERSION:
                for table in _TABLES:
                    database.execute(f"DROP TABLE IF EXISTS {table}; DROP TABLE IF EXISTS search_{table}")
                database.execute(f"{_SCHEMA} PRAGMA user_version = {VERSION}")
            database.execute("COMMIT")
    except BaseException:
        database.close(True)
        raise
    return database


def _version(database: Database) -> int:
    found = database.execute("PRAGMA user_version").fetchone()
    return number(found[0]) if found else 0


def _catch_up(database: Database, stream: str, reader: StreamReader) -> None:
    """Take over what is new in one stream."""
    head = reader.head()
    while _cursor(database, stream) != (head.seq, head.hash):
        # Whoever fails in here closes the connection, and with it ends the transaction.
        database.execute("BEGIN IMMEDIATE")
        seq, seen = _cursor(database, stream)
        line = reader.line(seq) if seq else None
        if seq and (line is None or line_hash(line) != seen):
            # Not the stream that was followed so far, whatever the reason: begin again with this one.
            _forget(database, stream)
            seq = 0
        chunk = reader.chunk(after=seq)
        for row, data in chunk:
            _take(database, stream, row, data)
        if chunk:
            seq, last = chunk[-1]
            database.execute(
                "INSERT OR REPLACE INTO search_cursors VALUES (?, ?, ?)", (stream, seq, line_hash(last))
            )
        database.execute("COMMIT")
        if not chunk or seq >= head.seq:
            return


def _cursor(database: Database, stream: str) -> tuple[int, str]:
    found = database.execute("SELECT seq, hash FROM search_cursors WHERE stream = ?", (stream,)).fetchone()
    return (number(found[0]), text(found[1])) if found else (0, "")


def _forget(database: Database, stream: str) -> None:
    database.execute(
        "DELETE FROM search_terms WHERE n IN (SELECT n FROM search_entries WHERE stream = ?)", (stream,)
    )
    database.execute(
        "DELETE FROM search_tokens WHERE n IN (SELECT n FROM search_entries WHERE stream = ?)", (stream,)
    )
    database.execute("DELETE FROM search_entries WHERE stream = ?", (stream,))
    database.execute("DELETE FROM search_cursors WHERE stream = ?", (stream,))


def _take(database: Database, stream: str, seq: int, line: bytes) -> None:
    """Keep one entry. One that cannot be read is left out; the verifier speaks of it."""
    event = read_event(line)
    if event is None:
        return
    sql = "INSERT INTO search_entries (stream, seq, id, at) VALUES (?, ?, ?, ?) RETURNING n"
    kept = (stream, seq, str(event.get("id", "")), str(event.get("at", "")))
    found = database.execute(sql, kept).fetchall()
    n = number(found[0][0])
    # The stream is the file's, whatever the line says.
    terms = {one for one in terms_of(event) if one[0] != "stream"} | {("stream", stream)}
    _put_terms(database, ((field, value, n) for field, value in terms))
    for one in mentions(event):
        database.execute("INSERT INTO search_tokens VALUES (?, ?, ?, ?)", (n, one.role, one.jti, one.digest))
    for entry in undelivered_ids(event):
        rows = database.execute(
            "SELECT n FROM search_entries WHERE id = ? AND stream = ?", (entry, stream)
        ).fetchall()
        _put_terms(database, (("delivery", "unknown", number(row[0])) for row in rows))


def _put_terms(database: Database, terms: Iterable[tuple[str, str, int]]) -> None:
    for term in terms:
        database.execute("INSERT OR IGNORE INTO search_terms VALUES (?, ?, ?)", term)
