"""The main database as one SQLite file, through SQLAlchemy and aiosqlite.

The file has a rollback journal and never a write-ahead log: the SQLite of the Python at hand may be older
than 3.51.3, and before that a shared log could be corrupted (architecture.md 3, item 4).
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Final

from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from actas.store.folder import make_private
from actas.store.trouble import DatabaseMisconfigured, DatabaseUnavailable

FILE: Final = "actas.db"
BUSY: Final = 5.0
"""Seconds to wait for a lock that another process holds."""

DRIVER: Final = "sqlite+aiosqlite"
_WRITES: Final = "actas_writes"
_NEITHER: Final = (
    "the database URL names neither PostgreSQL, postgresql://user:password@host/database, nor a SQLite file,"
    f" sqlite:////folder/{FILE}"
)


class SqliteEngine:
    """Implements ``store.engine.Engine`` on a file that ``prepare`` has seen.

    Whoever writes has the whole file to himself from the beginning of the transaction, so turns need no
    names, and nobody waits longer than ``BUSY``, so transactions need no bound of their own. There is nothing
    that could tell another process of news: it looks.
    """

    shared = False
    unsafe = None
    failover = None

    def __init__(self, file: Path) -> None:
        self.name = str(file)
        self._engine = _engine(file)

    @asynccontextmanager
    async def transaction(
        self,
        *,
        writes: bool,
        turn: str,  # noqa: ARG002 - there is one for all
        within: float | None,  # noqa: ARG002 - see above
    ) -> AsyncGenerator[AsyncConnection]:
        async with self._engine.connect() as plain:
            connection = await plain.execution_options(**{_WRITES: writes})
            async with connection.begin():
                yield connection

    async def announce(self, connection: AsyncConnection, topic: str) -> None:
        """Nothing: whoever shares the file looks at it again and again."""

    async def hear(self, heard: Callable[[str], None]) -> None:
        """Nothing: see ``announce``."""

    async def now(self) -> float | None:
        return None

    def cause(self, problem: SQLAlchemyError) -> str:
        return str(problem.orig) if isinstance(problem, DBAPIError) else str(problem)

    async def close(self) -> None:
        await self._engine.dispose()


def file_of(where: Path | str) -> Path:
    """Return the file that a data folder or a URL means.

    Raises:
        DatabaseMisconfigured: it is a URL of something else.
    """
    if isinstance(where, Path):
        return where.absolute() / FILE
    try:
        url = make_url(where)
    except (ArgumentError, ValueError):
        # The text is not repeated: it may hold a password.
        raise DatabaseMisconfigured(_NEITHER) from None
    if url.drivername not in ("sqlite", DRIVER) or not url.database or url.query or url.host:
        raise DatabaseMisconfigured(_NEITHER)
    return Path(url.database).absolute()


async def prepare(file: Path) -> None:
    """Make the file when it is missing, and return when it is a database that can be read.

    Raises:
        DatabaseUnavailable: it cannot be made or read, or everybody may write to its folder.
    """
    try:
        _make(file)
        await asyncio.to_thread(_probe, file)
    except (OSError, sqlite3.Error) as problem:
        raise DatabaseUnavailable(f"the database {file} cannot be opened: {problem}") from problem


def _make(file: Path) -> None:
    """Make the folder and the file, for us alone; SQLite gives its journal the mode of the file.

    Raises:
        DatabaseUnavailable: everybody may write to the folder.
        OSError: it cannot be made.
    """
    make_private(file.parent)
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


def _engine(file: Path) -> AsyncEngine:
    engine = create_async_engine(
        URL.create(DRIVER, database=str(file)),
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
    connection.exec_driver_sql(f"PRAGMA query_only = {'OFF' if writes else 'ON'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
