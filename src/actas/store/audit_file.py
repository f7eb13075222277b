"""One stream's file: append-only rows, and what the writer must remember across a crash.

Owns the connection, the schema and the transaction of a batch. Used from one thread. What the lines say is
``audit.chain``'s; when to write is ``store.audit_scribe``'s.

The table of entries has no index but its row id: an index on a random key cost 3.5 times the CPU
(architecture.md 3). A batch is **one** call into SQLite, with the lines handed over as one array, because
every call gives the interpreter lock away and may wait for it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import apsw

from actas.audit.chain import EMPTY, Head, line_hash
from actas.store.audit_opening import State
from actas.store.audit_sqlite import array, connect, line_of, number

BUSY: Final = 1500
"""Milliseconds to wait for a lock somebody else holds: less than a request may wait."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS entries (seq INTEGER PRIMARY KEY, line BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    delivered INTEGER NOT NULL,
    checked INTEGER NOT NULL,
    clean INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS undelivered (seq INTEGER PRIMARY KEY);
INSERT OR IGNORE INTO state SELECT 1, 0, 0, NOT EXISTS (SELECT 1 FROM entries);
"""
_INSERT: Final = "INSERT INTO entries SELECT ? + rowid, value FROM carray(?)"
_STATE: Final = "UPDATE state SET delivered = ?, clean = ? WHERE id = 1"
_ASIDE: Final = "INSERT OR IGNORE INTO undelivered SELECT value FROM json_each(?)"
_BATCH: Final = f"BEGIN IMMEDIATE; {_INSERT}; {_STATE}; COMMIT"


class StreamFile:
    """The file of one stream, open for writing.

    Args:
        vfs: the SQLite file system to use; None for the default.

    Raises:
        apsw.Error: the file cannot be opened, read or made.
        UnsoundSqlite: see ``store.audit_sqlite``.
    """

    def __init__(self, path: Path, *, vfs: str | None = None) -> None:
        self._path = path
        self._wal = path.with_name(path.name + "-wal")
        flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
        made = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        os.close(made)
        self._db = connect(path, flags=flags, busy=BUSY, vfs=vfs)
        try:
            self._db.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
            self._db.execute(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT")
            self._identity = self._look()
        except BaseException:
            self.close()
            raise

    def state(self) -> State:
        """Return what the file remembers."""
        found = self._db.execute("SELECT delivered, checked, clean FROM state WHERE id = 1").fetchone()
        if found is None:
            raise apsw.CorruptError(f"{self._path} has lost its state")
        return State(delivered=number(found[0]), checked=number(found[1]), clean=bool(found[2]))

    def head(self) -> Head:
        """Return the end of the stream as kept."""
        found = self._db.execute("SELECT seq, line FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
        return Head(number(found[0]), line_hash(line_of(found[1]))) if found else EMPTY

    def line(self, seq: int) -> bytes | None:
        """Return one line, or None."""
        found = self._db.execute("SELECT line FROM entries WHERE seq = ?", (seq,)).fetchone()
        return line_of(found[0]) if found else None

    def rows(self, *, after: int, most: int) -> list[tuple[int, bytes]]:
        """Return up to ``most`` rows after number ``after``, in order."""
        sql = "SELECT seq, line FROM entries WHERE seq > ? ORDER BY seq LIMIT ?"
        return [(number(seq), line_of(line)) for seq, line in self._db.execute(sql, (after, most))]

    def undelivered(self) -> list[int]:
        """Return the numbers set aside: their answers did not leave in time and no event named them yet."""
        return [number(seq) for (seq,) in self._db.execute("SELECT seq FROM undelivered ORDER BY seq")]

    def write(
        self,
        lines: tuple[bytes, ...],
        *,
        after: int,
        delivered: int,
        aside: Sequence[int] = (),
        clean: bool = False,
    ) -> None:
        """Write a batch durably, whole or not at all.

        Args:
            after: the number of the last entry before the batch.
            delivered: see ``store.audit_opening.State``.
            aside: numbers of entries to set aside.
            clean: whether this batch closes the stream and names all that was set aside.

        Raises:
            apsw.Error: it is not known whether the batch was written; close this object and open another.
            OSError: likewise.
        """
        if lines and not aside and not clean:
            self._db.execute(_BATCH, (after, array(lines), delivered, clean))
        else:
            with self._db:
                if lines:
                    self._db.execute(_INSERT, (after, array(lines)))
                if aside:
                    self._db.execute(_ASIDE, (str(list(aside)),))
                if clean:
                    self._db.execute("DELETE FROM undelivered")
                self._db.execute(_STATE, (delivered, clean))
        # Whoever removes or replaces the file would have us write to one that nobody can find again.
        if self._look() != self._identity:
            raise OSError(f"{self._path} or its write-ahead log was removed or replaced")

    def take_up(self, lines: tuple[bytes, ...], *, head: Head) -> None:
        """Write a stream's first entries after opening it, and forget what these name.

        Args:
            head: the end of the stream, up to which it was followed.

        Raises:
            apsw.Error: it is not known whether they were written.
        """
        with self._db:
            self._db.execute(_INSERT, (head.seq, array(lines)))
            self._db.execute("DELETE FROM undelivered")
            self._db.execute(
                "UPDATE state SET delivered = ?, checked = ?, clean = 0 WHERE id = 1",
                (head.seq + len(lines), head.seq),
            )

    def close(self) -> None:
        """Close; what was committed stays committed, what was not is gone."""
        self._db.close(True)

    def _look(self) -> tuple[tuple[int, int], ...]:
        """Return which files the paths lead to."""
        return tuple((found.st_dev, found.st_ino) for found in (self._path.stat(), self._wal.stat()))
