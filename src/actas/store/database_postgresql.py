"""The main database as a PostgreSQL database that nodes share, through SQLAlchemy and asyncpg.

No transaction outlasts its bound: when the time is over its connection is ended, whatever it waits for, so a
database that is gone or hangs costs a request its patience and no more (REL-20). Connections that were lost
are noticed when they are taken from the pool, so service returns with the database.
"""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from sqlalchemy import URL, BigInteger, bindparam, event, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from actas.core.pacing import set_within
from actas.core.secret import Secret
from actas.store.engine import EVERYBODY
from actas.store.postgresql import (
    PATIENCE,
    Address,
    Connection,
    address,
    connect,
    failures,
    hint_for,
    lock_of,
    milliseconds,
    require_driver,
)
from actas.store.postgresql_hosts import what_failover_loses
from actas.store.trouble import DatabaseMisconfigured, DatabaseUnavailable

CHANNEL: Final = "actas"
"""Where nodes tell each other that there is news (NOTIFY)."""

OLDEST: Final = 140000
"""The oldest server that is used, as ``server_version_num``."""

CONNECTIONS: Final = 8
"""The most connections of one process to the main database; marks and notifications have their own."""

_ALIVE: Final = 15.0
"""Seconds after which the connection that listens is asked whether it is still there."""

_PAUSE: Final = 0.5
"""Seconds before listening is tried again."""

_NOW: Final = text("SELECT extract(epoch FROM clock_timestamp())")
_BOUNDS: Final = text(
    "SELECT set_config('statement_timeout', :most, true),"
    " set_config('idle_in_transaction_session_timeout', :most, true)"
)
_TURN: Final = text("SELECT pg_advisory_xact_lock(:lock)").bindparams(bindparam("lock", type_=BigInteger))
_ANNOUNCE: Final = text("SELECT pg_notify(:channel, :topic)")
_OPENING: Final = 5.0
"""Seconds that a server may take to be looked at, once, at the start."""

_CLOSING: Final = 1.0
"""Seconds that connections may take to say goodbye: a server that hangs must not hold up a stop (REL-25)."""

_DURABLE: Final = ("fsync", "full_page_writes", "synchronous_commit")
_STATE: Final = (
    "SELECT current_setting('server_version_num')::int, current_setting('server_encoding'), "
    + ", ".join(f"current_setting('{setting}')" for setting in _DURABLE)
)
_STANDBYS: Final = (
    "SELECT current_setting('synchronous_standby_names') <> ''"
    " AND current_setting('synchronous_commit') NOT IN ('off', 'local'),"
    " (SELECT count(*)::int FROM pg_stat_replication)"
)


class PostgresqlEngine:
    """Implements ``store.engine.Engine``. Made by ``open_engine``."""

    shared = True

    def __init__(self, where: Address, *, unsafe: str | None, failover: str | None) -> None:
        self.name = where.name
        self.unsafe = unsafe
        self.failover = failover
        self._where = where
        self._made: weakref.WeakSet[Connection] = weakref.WeakSet()
        self._engine = _engine(self._connect)

    async def _connect(self) -> Connection:
        made = await connect(self._where)
        self._made.add(made)
        return made

    @asynccontextmanager
    async def transaction(
        self, *, writes: bool, turn: str, within: float | None
    ) -> AsyncGenerator[AsyncConnection]:
        plain = await self._connection(within)
        loop = asyncio.get_running_loop()
        end: Callable[[], None] = (await plain.get_raw_connection()).driver_connection.terminate  # type: ignore[union-attr]
        watch = None if within is None else loop.call_later(within, end)
        try:
            connection = await plain.execution_options(
                isolation_level="READ COMMITTED" if writes else "REPEATABLE READ",
                postgresql_readonly=not writes,
            )
            async with connection.begin():
                if within != PATIENCE:
                    await connection.execute(
                        _BOUNDS, {"most": "0" if within is None else milliseconds(within)}
                    )
                if writes:
                    await connection.execute(_TURN, {"lock": lock_of(turn)})
                yield connection
        finally:
            if watch is not None:
                watch.cancel()
            await plain.close()

    async def _connection(self, within: float | None) -> AsyncConnection:
        try:
            async with asyncio.timeout(within):
                return await self._engine.connect()
        except TimeoutError:
            raise self._unavailable("it does not answer") from None
        except OSError as problem:
            raise self._unavailable(str(problem)) from problem

    async def announce(self, connection: AsyncConnection, topic: str) -> None:
        await connection.execute(_ANNOUNCE, {"channel": CHANNEL, "topic": topic})

    async def hear(self, heard: Callable[[str], None]) -> None:
        while True:
            with contextlib.suppress(*failures()):
                await self._listen(heard)
            await asyncio.sleep(_PAUSE)

    async def _listen(self, heard: Callable[[str], None]) -> None:
        """Listen on one connection until it is lost."""
        connection = await connect(self._where)
        lost = asyncio.Event()
        try:
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(CHANNEL, lambda _, __, ___, topic: heard(topic))
            # Nobody repeats what was said while we did not listen.
            heard(EVERYBODY)
            while not lost.is_set():
                async with asyncio.timeout(PATIENCE):
                    await connection.execute("SELECT")
                await set_within(lost, _ALIVE)
        finally:
            connection.terminate()

    async def now(self) -> float | None:
        async with self.transaction(writes=False, turn=EVERYBODY, within=PATIENCE) as connection:
            return float((await connection.execute(_NOW)).scalar_one())

    def cause(self, problem: SQLAlchemyError) -> str:
        said = problem.orig if isinstance(problem, DBAPIError) else problem
        return self._where.without_secrets(str(said).removeprefix(f"{type(said)}: "))

    async def close(self) -> None:
        try:
            async with asyncio.timeout(_CLOSING):
                await self._engine.dispose()
        except TimeoutError:
            for connection in self._made:
                connection.terminate()

    def _unavailable(self, why: str) -> DatabaseUnavailable:
        return DatabaseUnavailable(
            f"the database {self.name} cannot be reached: {self._where.without_secrets(why)}"
        )


async def open_engine(url: Secret, *, accept_unsafe: bool) -> PostgresqlEngine:
    """Return the engine of a database that was looked at: it answers, and may be trusted.

    Args:
        url: ``postgresql://…``.
        accept_unsafe: whether a server that may lose what it has acknowledged will do.

    Raises:
        DatabaseMisconfigured: the URL cannot be read, the driver is missing, or the server is not one to use.
        DatabaseUnavailable: it does not answer.
    """
    where = address(url)
    require_driver()
    try:
        connection = await connect(where, within=_OPENING)
        try:
            ((version, encoding, *durable),) = await connection.fetch(_STATE)
            ((waits, standbys),) = await connection.fetch(_STANDBYS)
        finally:
            connection.terminate()
    except failures() as problem:
        why = where.without_secrets(str(problem)) or "it does not answer"
        raise DatabaseUnavailable(
            f"the database {where.name} cannot be opened: {why}", hint=hint_for(problem)
        ) from problem
    if version < OLDEST:
        raise DatabaseMisconfigured(f"the database {where.name} is older than PostgreSQL {OLDEST // 10000}")
    if encoding != "UTF8":
        raise DatabaseMisconfigured(f"the database {where.name} has the encoding {encoding}; it must be UTF8")
    unsafe = _unsafe(where.name, durable)
    if unsafe is not None and not accept_unsafe:
        raise DatabaseMisconfigured(f"{unsafe}. Only server.unsafe_database: true starts on it all the same")
    failover = what_failover_loses(where.name, waits=waits, standbys=standbys, hosts=len(where.hosts))
    return PostgresqlEngine(where, unsafe=unsafe, failover=failover)


def _unsafe(name: str, durable: Sequence[str]) -> str | None:
    """Return why a server may lose what it has acknowledged, or None."""
    off = [setting for setting, value in zip(_DURABLE, durable, strict=True) if value == "off"]
    if not off:
        return None
    return f"the database {name} may lose what it has acknowledged: it runs with {' and '.join(off)} off"


def _engine(connected: Callable[[], Awaitable[Connection]]) -> AsyncEngine:
    engine = create_async_engine(
        URL.create("postgresql+asyncpg"),
        async_creator=connected,
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_timeout=PATIENCE,
        hide_parameters=True,
    )
    event.listen(engine.sync_engine, "checkout", _require_open)
    return engine


def _require_open(connection: DBAPIConnection, _: ConnectionPoolEntry, __: object) -> None:
    """Have the pool connect anew when a connection was lost while nobody used it."""
    driver: Connection = connection.driver_connection
    if driver.is_closed():
        raise InvalidatePoolError
