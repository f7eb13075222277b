"""The audit log's door to SQLite: a sound version, a typed connection, nothing about the log itself.

The log uses ``apsw`` directly, and not the database toolkit of the rest of ``store``: its wheel carries a
SQLite that is not subject to the write-ahead log's corruption, and a batch costs a tenth of the CPU
(architecture.md 3, items 2 and 4).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final, Protocol, cast

import apsw

SOUND: Final = (3, 51, 3)
"""Before this SQLite, a shared write-ahead log could be corrupted when it was reset."""

Value = None | int | float | str | bytes
"""What SQLite keeps in a column."""

Row = tuple[Value, ...]


class Cursor(Iterable[Row], Protocol):
    """The rows of a statement."""

    def fetchone(self) -> Row | None:
        """Return the next row, or None."""
        ...

    def fetchall(self) -> list[Row]:
        """Return the rows that are left."""
        ...


class Database(AbstractContextManager[object], Protocol):
    """A connection. As a context it is a transaction: whole, or not at all."""

    def execute(self, statements: str, bindings: Sequence[object] = ..., /) -> Cursor:
        """Run one or more statements. Raises ``apsw.Error``."""
        ...

    def set_busy_timeout(self, milliseconds: int, /) -> None:
        """Wait that long for locks that others hold."""
        ...

    def close(self, force: bool = ..., /) -> None:  # noqa: FBT001 - apsw's own signature
        """Close; with ``force``, whatever is going on."""
        ...


class UnsoundSqlite(RuntimeError):
    """The SQLite at hand is not one that a log may be trusted to."""


def require_sound_sqlite(version: str | None = None, options: Sequence[str] | None = None) -> None:
    """Refuse a SQLite that may lose a shared write-ahead log, or that cannot take a batch as one array.

    Args:
        version: the SQLite to judge; None for the one in use.
        options: its compile options; None likewise.

    Raises:
        UnsoundSqlite: naming the version found and the one needed.
    """
    found = apsw.sqlite_lib_version() if version is None else version
    if tuple(int(part) for part in found.split(".")) < SOUND:
        needed = ".".join(str(part) for part in SOUND)
        raise UnsoundSqlite(
            f"SQLite {found} can corrupt a shared write-ahead log; {needed} or later is needed"
        )
    if "ENABLE_CARRAY" not in (apsw.compile_options if options is None else options):
        raise UnsoundSqlite("this build of apsw lacks the carray extension; the wheels on PyPI have it")


def connect(path: Path | str, *, flags: int, busy: int, vfs: str | None = None) -> Database:
    """Open the database at ``path``.

    Args:
        path: a path, or an address (``file:``) where the flags allow one.
        flags: ``apsw.SQLITE_OPEN_...``.
        busy: milliseconds to wait for locks that others hold.
        vfs: the SQLite file system to use; None for the default.

    Raises:
        apsw.Error: it cannot be opened.
        UnsoundSqlite: see ``require_sound_sqlite``.
    """
    require_sound_sqlite()
    database = cast("Database", apsw.Connection(str(path), flags=flags, vfs=vfs))
    database.set_busy_timeout(busy)
    return database


def array(values: tuple[bytes, ...]) -> object:
    """Return a binding that hands ``values``, at least one, to SQLite at once: the table ``carray(?)``."""
    return apsw.carray(values)  # pyright: ignore[reportUnknownMemberType] - its stub speaks of Python 3.12


def number(value: Value) -> int:
    """Return an integer column.

    Raises:
        apsw.CorruptError: the column holds something else.
    """
    if isinstance(value, int):
        return value
    raise apsw.CorruptError(f"an integer was expected, not {type(value).__name__}")


def line_of(value: Value) -> bytes:
    """Return a line. A text in its place was put there by somebody else, and is for others to judge."""
    if isinstance(value, bytes):
        return value
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else b""


def text(value: Value) -> str:
    """Return a text column.

    Raises:
        apsw.CorruptError: the column holds something else.
    """
    if isinstance(value, str):
        return value
    raise apsw.CorruptError(f"text was expected, not {type(value).__name__}")
