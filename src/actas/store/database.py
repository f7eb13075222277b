"""The main database: transactions on it, news about it, and opening it at this release's schema.

By default one SQLite file in the data folder (``store.database_sqlite``); a PostgreSQL database that nodes
share when a URL names one (``store.database_postgresql``). Statements elsewhere are ones that both read
alike. What is on the hot path does not come here (``store.audit``, ``store.marks``).

**Writers take turns.** Transactions of ``writing`` that wait for the same turn run one after the other, in
all processes, from their beginning to their commit. So whoever reads a row may write what follows from it;
and when all writers of a table number its rows in one turn, a reader that has seen number 7 will never be
shown a 6 that it had not seen before. A writer who names no turn waits for all others who name none.

**News.** ``announce`` in the transaction that wrote; once it is committed, every node that called ``hear`` is
told the topic. Being told is a matter of luck and of the engine: whoever needs to know also looks from time
to time (``store.follower`` does both).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from actas.core.ports import Clock
from actas.core.secret import Secret
from actas.store import database_postgresql, database_sqlite
from actas.store.engine import EVERYBODY, Engine
from actas.store.postgresql import PATIENCE, SCHEMES, address, hint_for
from actas.store.schema import Migration, Standing, bring_up, migrations, nowhere, standing
from actas.store.tables import SCHEMA_VERSIONS
from actas.store.trouble import DatabaseUnavailable, MigrationPending

MOST_DRIFT: Final = 5.0
"""Seconds by which our clock and the database's may differ before nothing is issued (REL-13)."""

Place = Path | Secret
"""Where a database is: a data folder, or a URL. A URL may hold a password."""


class Database:
    """The main database, open and at this release's schema. Made by ``open_database``.

    Attributes:
        drift: seconds by which its clock and ours differed at least, when somebody looked; None for a
            database that has no clock of its own.
    """

    def __init__(self, engine: Engine) -> None:
        self.drift: float | None = None
        self._engine = engine

    @property
    def name(self) -> str:
        """What it is called in messages; no password is in it."""
        return self._engine.name

    @property
    def shared(self) -> bool:
        """Whether nodes on other computers may use it too."""
        return self._engine.shared

    @property
    def unsafe(self) -> str | None:
        """Why it may lose what it has acknowledged, when that was accepted (REL-30)."""
        return self._engine.unsafe

    @property
    def failover(self) -> str | None:
        """What may be lost when a standby takes over; None when nothing is, or there is none (REL-29)."""
        return self._engine.failover

    @asynccontextmanager
    async def reading(self, *, within: float | None = PATIENCE) -> AsyncGenerator[AsyncConnection]:
        """A transaction that reads: everything in it sees one state.

        Args:
            within: seconds after which it is given up, whatever it waits for; None for a duty that nobody
                waits for. On SQLite only the wait for a lock is bounded.

        Raises:
            DatabaseUnavailable: the database failed, or did not answer in time.
        """
        async with self._transaction(writes=False, turn=EVERYBODY, within=within) as connection:
            yield connection

    @asynccontextmanager
    async def writing(
        self, turn: str = EVERYBODY, *, within: float | None = PATIENCE
    ) -> AsyncGenerator[AsyncConnection]:
        """A transaction that writes, whole or not at all, one at a time of those that wait for ``turn``.

        Args:
            turn: whose turn to wait for: a topic, when only its own writers touch what it writes.
            within: as for ``reading``.

        Raises:
            IntegrityError: a row stands in the way of another.
            DatabaseUnavailable: the database failed; what was to be written may or may not be.
        """
        async with self._transaction(writes=True, turn=turn, within=within) as connection:
            yield connection

    @asynccontextmanager
    async def _transaction(
        self, *, writes: bool, turn: str, within: float | None
    ) -> AsyncGenerator[AsyncConnection]:
        try:
            async with self._engine.transaction(writes=writes, turn=turn, within=within) as connection:
                yield connection
        except IntegrityError:
            raise
        except SQLAlchemyError as problem:
            raise self._failed(problem) from problem

    def _failed(self, problem: SQLAlchemyError) -> DatabaseUnavailable:
        return DatabaseUnavailable(
            f"the database {self.name} failed: {self._engine.cause(problem)}",
            hint=hint_for(problem.orig) if isinstance(problem, DBAPIError) else None,
        )

    async def announce(self, connection: AsyncConnection, topic: str) -> None:
        """Tell every node that there is news about a topic, once the transaction is committed.

        Args:
            connection: that of ``writing``.
            topic: a short word; the news themselves are in what was written.
        """
        await self._engine.announce(connection, topic)

    async def hear(self, heard: Callable[[str], None]) -> None:
        """Call ``heard`` with the topic of whatever any node announces, until cancelled.

        Also called, with ``store.engine.EVERYBODY``, whenever hearing begins (again): something may have
        been missed. Returns when nothing is ever to be heard, as on SQLite.
        """
        await self._engine.hear(heard)

    async def check(self) -> None:
        """Return when the database answers.

        Raises:
            DatabaseUnavailable: it does not.
        """
        async with self.reading() as connection:
            await connection.execute(select(SCHEMA_VERSIONS.c.version).limit(1))

    async def require_same_time(self, clock: Clock) -> None:
        """Return when a clock tells the time of the database, within ``MOST_DRIFT``.

        Raises:
            DatabaseUnavailable: it does not, or the database does not answer.
        """
        before = clock.now()
        try:
            theirs = await self._engine.now()
        except SQLAlchemyError as problem:
            raise self._failed(problem) from problem
        # They looked at their clock somewhere between the question and the answer.
        drift = 0.0 if theirs is None else max(before - theirs, theirs - clock.now(), 0.0)
        self.drift = None if theirs is None else drift
        if drift > MOST_DRIFT:
            raise DatabaseUnavailable(
                f"the clock of this node and that of the database {self.name} differ by {drift:.0f} s;"
                f" at most {MOST_DRIFT:.0f} s are allowed"
            )

    async def standing(self, steps: tuple[Migration, ...] | None = None) -> Standing:
        """Return how the schema of the database stands to that of this release.

        Raises:
            SchemaRefused: it is one that this release must not touch.
            DatabaseUnavailable: it does not answer.
        """
        return await standing(self, steps=migrations() if steps is None else steps)

    async def migrate(
        self,
        *,
        clock: Clock,
        steps: tuple[Migration, ...] | None = None,
        reached: Callable[[str], None] = nowhere,
    ) -> tuple[Migration, ...]:
        """Bring the database to this release's schema, and return the steps that were taken here.

        Args:
            clock: says when a migration was applied.
            steps: the migrations; None for those of this release.
            reached: told the name of every crash point, before it is passed (REL-27).

        Raises:
            SchemaRefused: it holds a schema that this release must not touch.
            DatabaseUnavailable: it failed; what was applied until then stays.
        """
        steps = migrations() if steps is None else steps
        return await bring_up(self, steps=steps, at=int(clock.now()), reached=reached)

    async def close(self) -> None:
        """Close every connection."""
        await self._engine.close()


async def connect_database(place: Place, *, accept_unsafe: bool = False) -> Database:
    """Return the main database as it is, whatever its schema. A missing file is made.

    Raises:
        DatabaseMisconfigured: the URL cannot be read, its driver is missing, or it may lose what it has
            acknowledged and ``accept_unsafe`` does not say that this will do.
        DatabaseUnavailable: it cannot be opened, read or written.
    """
    if isinstance(place, Secret) and is_shared(place):
        return Database(await database_postgresql.open_engine(place, accept_unsafe=accept_unsafe))
    file = file_of(place)
    await database_sqlite.prepare(file)
    return Database(database_sqlite.SqliteEngine(file))


async def open_database(
    place: Place,
    *,
    clock: Clock,
    migrate: bool = True,
    accept_unsafe: bool = False,
    steps: tuple[Migration, ...] | None = None,
    reached: Callable[[str], None] = nowhere,
) -> Database:
    """Open the main database at this release's schema.

    Args:
        place: the data folder, made when missing; or a URL such as ``sqlite:////var/lib/actas/actas.db`` or
            ``postgresql://actas@db.acme.example/actas``.
        clock: says when a migration was applied.
        migrate: make it, or bring it to this release's schema, when it is not there yet.
        accept_unsafe: as for ``connect_database``.
        steps: as for ``Database.migrate``; ``reached`` likewise.

    Raises:
        SchemaRefused: it holds a schema that this release must not touch.
        MigrationPending: its schema is older, and not to be changed.
        DatabaseMisconfigured: as for ``connect_database``.
        DatabaseUnavailable: it cannot be opened, read or written.
    """
    database = await connect_database(place, accept_unsafe=accept_unsafe)
    try:
        if migrate:
            await database.migrate(clock=clock, steps=steps, reached=reached)
        else:
            require_current(await database.standing(steps), database.name)
    except BaseException:
        await database.close()
        raise
    return database


def is_shared(place: Place) -> bool:
    """Return whether a place is a database that nodes on other computers may share."""
    return isinstance(place, Secret) and place.reveal().strip().partition("://")[0] in SCHEMES


def require_readable(place: Place) -> None:
    """Return when it can be told where a place is; nothing is opened.

    Raises:
        DatabaseMisconfigured: it is a URL of something else, or one that cannot be read.
    """
    if isinstance(place, Secret) and is_shared(place):
        address(place)
    else:
        file_of(place)


def file_of(place: Place) -> Path:
    """Return the file that a place means.

    Raises:
        DatabaseMisconfigured: it is a URL of something else.
    """
    return database_sqlite.file_of(place if isinstance(place, Path) else place.reveal().strip())


def require_current(found: Standing, name: str) -> None:
    """Return when no step of the schema is pending.

    Raises:
        MigrationPending: one is.
    """
    if found.pending:
        has = "no schema yet" if found.version == 0 else f"schema {found.version}"
        raise MigrationPending(f"the database {name} has {has}; this release needs schema {found.newest}")
