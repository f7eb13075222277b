"""The file of marks: what may happen once, and has.

Owns the connection, the schema and the transaction of a batch. Used from one thread. What a mark means, and
who may wait how long for one, is ``store.marks``'s.

A mark is kept until nothing that could be claimed by it is accepted any more, and then removed, a few with
each batch, so that the file does not grow (REL-24). What was removed leaves a trace: ``forgotten``, the
instant up to which marks are gone. A claim on anything that old is refused, because nobody can say whether
it was claimed before; so a clock that is set back cannot make a used token fresh.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import apsw

from actas.store.audit_sqlite import Database, connect, number

FILE: Final = "marks.db"
BUSY: Final = 1500
"""Milliseconds to wait for a lock that another process holds: less than a request may wait."""

REMOVED_AT_ONCE: Final = 100
"""Fewest marks that are past their time and removed with one batch."""

_FORM: Final = 1
_OPENING: Final = 10.0
_PAUSE: Final = 0.01
_SCHEMA: Final = """
CREATE TABLE marks (key BLOB NOT NULL PRIMARY KEY, keep_until INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX marks_by_time ON marks (keep_until);
CREATE TABLE forgotten (id INTEGER PRIMARY KEY CHECK (id = 1), until INTEGER NOT NULL);
INSERT INTO forgotten VALUES (1, 0);
PRAGMA user_version = 1;
"""
_FORGOTTEN: Final = "SELECT until FROM forgotten WHERE id = 1"
_CLAIM: Final = "INSERT INTO marks VALUES (?, ?) ON CONFLICT (key) DO NOTHING RETURNING 1"
_NEWEST: Final = (
    "SELECT max(keep_until) FROM"
    " (SELECT keep_until FROM marks WHERE keep_until < ? ORDER BY keep_until LIMIT ?)"
)
_REMOVE: Final = (
    "DELETE FROM marks WHERE key IN (SELECT key FROM marks WHERE keep_until < ? ORDER BY keep_until LIMIT ?)"
)
_PAST: Final = "SELECT count(*) FROM (SELECT 1 FROM marks WHERE keep_until < ? LIMIT ?)"
_FORGET: Final = "UPDATE forgotten SET until = max(until, ?) WHERE id = 1"


class UnknownMarks(Exception):
    """The file was made by another release, in a form that this one does not know."""


class MarksLost(Exception):
    """The file was taken away while it was in use. Only a person can say what that means."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What is to be marked.

    Attributes:
        key: 32 bytes that stand for one thing of one purpose.
        keep_until: seconds since the epoch, until which the mark is needed.
    """

    key: bytes
    keep_until: int


class MarksFile:
    """The marks of one data folder, open.

    Raises:
        apsw.Error: the file cannot be opened, read or made.
        OSError: likewise.
        UnknownMarks: it was made by another release.
        UnsoundSqlite: see ``store.audit_sqlite``.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = folder / FILE
        if not self._path.exists():
            # Only when new: closing a descriptor lets go of the locks this process holds on the file.
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
        self._wal = self._path.with_name(f"{FILE}-wal")
        self._identity = _identity(self._path)
        self._wal_identity: tuple[int, int] | None = None
        self._db: Database | None = self._open()

    def claim(self, claims: Sequence[Claim], *, now: int) -> list[bool | None]:
        """Mark a batch durably, whole or not at all.

        Args:
            now: seconds since the epoch; marks that are past their time by then are removed.

        Returns:
            For each claim True when this made the mark, False when it was there, None when marks of that
            age are gone, so that nobody knows.

        Raises:
            MarksLost: the file was removed or replaced.
            apsw.Error: it is not known whether the batch was written.
            OSError: likewise.
        """
        db = self._db
        if db is None:
            # Never another file than the first: what that one remembered is still owed.
            self._require_same(wal=False)
            db = self._db = self._open()
        try:
            db.execute("BEGIN IMMEDIATE")
            found = db.execute(_FORGOTTEN).fetchone()
            if found is None:
                raise apsw.CorruptError(f"{self._path} has lost its state")
            forgotten = number(found[0])
            answers = [self._mark(db, one) if one.keep_until > forgotten else None for one in claims]
            self._forget(db, now, at_least=2 * len(claims))
            self._require_same(wal=True)  # what is refused for that has used nothing up
            db.execute("COMMIT")
            self._require_same(wal=True)
        except BaseException:
            # Whatever state the connection is in, the next batch begins with another.
            self.close()
            raise
        return answers

    def sweep(self, *, now: int, most: int) -> int:
        """Remove marks that are past their time, durably, and return how many.

        Args:
            now: seconds since the epoch.
            most: how many at most.

        Raises:
            MarksLost: the file was removed or replaced.
            apsw.Error: it is not known whether they were removed; then they still may be.
        """
        db = self._db
        if db is None:
            raise MarksLost(f"{self._path} is closed")
        try:
            db.execute("BEGIN IMMEDIATE")
            found = db.execute(_PAST, (now, most)).fetchone()
            self._forget(db, now, at_least=most)
            db.execute("COMMIT")
            self._require_same(wal=True)
        except BaseException:
            self.close()
            raise
        return 0 if found is None else number(found[0])

    def close(self) -> None:
        """Close; what was committed stays committed, what was not is gone."""
        db, self._db = self._db, None
        if db is not None:
            db.close(True)

    def _mark(self, db: Database, claim: Claim) -> bool:
        return db.execute(_CLAIM, (claim.key, claim.keep_until)).fetchone() is not None

    def _forget(self, db: Database, now: int, *, at_least: int) -> None:
        most = max(REMOVED_AT_ONCE, at_least)
        newest = db.execute(_NEWEST, (now, most)).fetchone()
        if newest is not None and newest[0] is not None:
            db.execute(_REMOVE, (now, most))
            # No further than what was really removed: a clock that ran ahead for a moment must not make
            # every claim of the years in between impossible.
            db.execute(_FORGET, (number(newest[0]),))

    def _open(self) -> Database:
        flags = apsw.SQLITE_OPEN_READWRITE
        db = connect(self._path, flags=flags, busy=BUSY)
        try:
            self._set_up(db)
        except BaseException:
            db.close(True)
            raise
        self._wal_identity = _identity(self._wal)
        return db

    def _set_up(self, db: Database) -> None:
        # Changing to a write-ahead log does not wait for locks: processes that start at once must try again.
        until = time.monotonic() + _OPENING
        while True:
            try:
                db.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL")
                break
            except apsw.BusyError:
                if time.monotonic() > until:
                    raise
                time.sleep(_PAUSE)
        db.execute("BEGIN IMMEDIATE")
        found = db.execute("PRAGMA user_version").fetchone()
        form = None if found is None else number(found[0])
        if form == 0 and db.execute("SELECT 1 FROM sqlite_schema").fetchone() is None:
            db.execute(_SCHEMA)
        elif form != _FORM:
            raise UnknownMarks(f"{self._path} has form {form}; this release knows form {_FORM}")
        db.execute("COMMIT")

    def _require_same(self, *, wal: bool) -> None:
        """Return when the paths still lead to the files that are open.

        Whoever removes or replaces one of them has other processes remember elsewhere than we do, and what
        was used once could be used again.

        Raises:
            MarksLost: they do not.
        """
        same = _identity(self._path) == self._identity
        if not same or (wal and _identity(self._wal) != self._wal_identity):
            raise MarksLost(f"{self._path} or its write-ahead log was removed or replaced while in use")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def count_marks(folder: Path, *, now: int) -> tuple[int, int, int] | None:
    """Return how many marks a data folder holds, how many are past their time, and the file's bytes.

    Args:
        now: seconds since the epoch.

    Returns:
        None when there is no file of marks.

    Raises:
        apsw.Error: it cannot be read.
    """
    path = folder / FILE
    if not path.is_file():
        return None
    db = connect(path, flags=apsw.SQLITE_OPEN_READONLY, busy=BUSY)
    try:
        found = db.execute("SELECT count(*), count(*) FILTER (WHERE keep_until < ?) FROM marks", (now,))
        row = found.fetchone()
        if row is None:
            raise apsw.CorruptError(f"{path} cannot be counted")
        return number(row[0]), number(row[1]), path.stat().st_size
    finally:
        db.close(True)
