"""The main database: where it is, how it is opened, and transactions on it.

By default one SQLite file in the data folder, reached through SQLAlchemy Core and aiosqlite. Everything
that is SQLite's alone is in this module: statements elsewhere are ones that PostgreSQL reads alike. What is
on the hot path does not come here (``store.audit``, ``store.marks``).

The file has a rollback journal and never a write-ahead log: the SQLite of the Python at hand may be older
than 3.51.3, and before that a shared log could be corrupted (architecture.md 3, item 4).
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Final

from sqlalchemy import URL, Connection, event, make_url, select
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from actas.core.ports import Clock
from actas.store.schema import Migration, bring_up, migrations, nowhere
from actas.store.tables import SCHEMA_VERSIONS
from actas.store.trouble import DatabaseUnavailable

FILE: Final = "actas.db"
BUSY: Final = 5.0
"""Seconds to wait for a lock that another process holds."""

_DRIVER: Final = "sqlite+aiosqlite"
_WRITES: Final = "actas_writes"


class Database:
    """The main database, open and at this release's schema. Made by ``open_database``."""

    def __init__(self, engine: AsyncEngine, *, name: str) -> None:
        self._engine = engine
        self._name = name

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncConnection]:
        """A transaction that reads: everything in it sees one state.

        Raises:
            DatabaseUnavailable: the database failed.
        """
        async with self._transaction(writes=False) as connection:
            yield connection

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator[AsyncConnection]:
        """A transaction that writes, whole or not at all; on SQLite, one writer at a time from its start.

        Raises:
            IntegrityError: a row stands in the way of another.
            DatabaseUnavailable: the database failed; what was to be written may or may not be.
        """
        async with self._transaction(writes=True) as connection:
            yield connection

    @asynccontextmanager
    async def _transaction(self, *, writes: bool) -> AsyncGenerator[AsyncConnection]:
        try:
            async with self._engine.connect() as plain:
                connection = await plain.execution_options(**{_WRITES: writes})
                async with connection.begin():
                    yield connection
        except IntegrityError:
            raise
        except SQLAlchemyError as problem:
            raise DatabaseUnavailable(f"the database {self._name} failed: {_cause(problem)}") from problem

    async def check(self) -> None:
        """Return when the database answers.

        Raises:
            DatabaseUnavailable: it does not.
        """
        async with self.reading() as connection:
            await connection.execute(select(SCHEMA_VERSIONS.c.version).limit(1))

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.dispose()


async def open_database(
    where: Path | str,
    *,
    clock: Clock,
    steps: tuple[Migration, ...] | None = None,
    reached: Callable[[str], None] = nowhere,
) -> Database:
    """Open the main database; make it, or bring it to this release's schema, first.

    Args:
        where: the data folder, made when missing; or a URL such as ``sqlite:////var/lib/actas/actas.db``.
        clock: says when a migration was applied.
        steps: the migrations; None for those of this release.
        reached: told the name of every crash point, before it is passed (REL-27).

    Raises:
        SchemaRefused: it holds a schema that this release must not touch.
        DatabaseUnavailable: it cannot be opened, read or written, or this release has no driver for it.
    """
    file = _sqlite_file(where)
    try:
        _make_private(file)
        await asyncio.to_thread(_probe, file)
    except (OSError, sqlite3.Error) as problem:
        raise DatabaseUnavailable(f"the database {file} cannot be opened: {problem}") from problem
    database = Database(_sqlite_engine(file), name=str(file))
    try:
        await bring_up(
            database, steps=migrations() if steps is None else steps, at=int(clock.now()), reached=reached
        )
    except BaseException:
        await database.close()
        raise
    return database


def _sqlite_file(where: Path | str) -> Path:
    """Return the file that ``where`` means.

    Raises:
        DatabaseUnavailable: it is a URL that this release has no driver for.
    """
    if isinstance(where, Path):
        return where.absolute() / FILE
    try:
        url = make_url(where)
    except (ArgumentError, ValueError):
        # The text is not repeated: it may hold a password.
        raise DatabaseUnavailable("the database URL cannot be read") from None
    if url.drivername not in ("sqlite", _DRIVER) or not url.database or url.query or url.host:
        raise DatabaseUnavailable(
            f"this release keeps its database in a SQLite file, sqlite:////folder/{FILE};"
            f" it has no driver for {url.drivername}"
        )
    return Path(url.database).absolute()


def _make_private(file: Path) -> None:
    """Make the folder and the file, for us alone; SQLite gives its journal the mode of the file.

    Raises:
        DatabaseUnavailable: everybody may write to the folder.
        OSError: it cannot be made.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    mode = file.parent.stat().st_mode
    if mode & stat.S_IWOTH:
        raise DatabaseUnavailable(
            f"everybody may write to the data folder {file.parent} (mode {stat.S_IMODE(mode):04o});"
            f" make it private: chmod 700 {file.parent}"
        )
    if not file.exists():
        # Only when it is new: closing a descriptor lets go of the locks that this process holds on the file.
        handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        os.close(handle)


def _probe(file: Path) -> None:
    """Return when the file is a database that can be read.

    Asked before the engine is: its driver leaves a thread behind that answers to nobody when it cannot open
    a file.

    Raises:
        sqlite3.Error: it is not.
    """
    with closing(sqlite3.connect(file, timeout=BUSY)) as connection:
        connection.execute("PRAGMA schema_version")


def _sqlite_engine(file: Path) -> AsyncEngine:
    engine = create_async_engine(
        URL.create(_DRIVER, database=str(file)),
        # No isolation level: the driver would begin transactions by rules of its own, and late.
        connect_args={"timeout": BUSY, "isolation_level": None},
        hide_parameters=True,
    )
    event.listen(engine.sync_engine, "connect", _prepare)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    try:
        # EXTRA is FULL, and the folder is synced once the journal is gone: without it a commit that was
        # acknowledged can be undone by a power failure in this journal mode.
        for pragma in ("journal_mode = DELETE", "synchronous = EXTRA", "foreign_keys = ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.execute("PRAGMA trusted_schema = OFF")
    finally:
        cursor.close()


def _begin(connection: Connection) -> None:
    # A transaction that will write takes the lock first; one that finds out later may have to be given up.
    writes = connection.get_execution_options().get(_WRITES, True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _cause(problem: SQLAlchemyError) -> str:
    return str(problem.orig) if isinstance(problem, DBAPIError) else str(problem)
