"""Migrations: plain SQL files, forward only, each applied once and whole (REL-27).

A file is called ``NNNN_name.sql``, numbered from 1 without gaps. It begins with ``-- usable-from: N``: the
oldest schema a program may know and still run beside the new one. A change that only adds names the number
of the release before, so that old and new nodes serve together and an upgrade can be taken back (REL-26);
every other newer schema is refused. A statement ends with ``;`` at the end of a line.

A second line ``-- only: postgresql`` (or ``sqlite``) says that the statements are run there alone: what is
hot has files of its own beside a SQLite database. The step is counted everywhere, so that the numbers of
schemas mean the same on both.

Each migration and its line in ``schema_versions`` are one transaction, so ``kill -9`` at any point leaves
the schema before it or after it. Processes that start at once wait for each other at the writing
transaction; whoever comes second finds the work done.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from hashlib import sha256
from importlib import resources
from typing import Final, Protocol

from sqlalchemy import Connection, insert, inspect, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import CreateTable

from actas.store.tables import SCHEMA_VERSIONS
from actas.store.trouble import SchemaRefused

_FILE: Final = re.compile(r"(?P<version>[0-9]{4})_(?P<name>[a-z0-9_]+)\.sql")
_HEAD: Final = re.compile(
    r"-- usable-from: (?P<version>[0-9]+)\n(?:-- only: (?P<only>postgresql|sqlite)\n)?(?!-- only)"
)


class Transactions(Protocol):
    """What migrating needs of a database."""

    def reading(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """A transaction that reads."""
        ...

    def writing(self, *, within: float | None) -> AbstractAsyncContextManager[AsyncConnection]:
        """A transaction that writes, one at a time in all processes."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One step of the schema.

    Attributes:
        usable_from: the oldest schema that a program may know and still use the database after this step.
        digest: of the file, so that a database made by another file of that number is recognised.
        only: the kind of database that its statements are for; None for every kind.
    """

    version: int
    name: str
    usable_from: int
    digest: str
    statements: tuple[str, ...]
    only: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A step that a database has been through.

    Attributes:
        at: when, in seconds since the epoch.
    """

    version: int
    name: str
    digest: str
    usable_from: int
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a database's schema stands to that of a release.

    Attributes:
        version: what the database has been through; 0 when it is empty.
        newest: the newest schema that the release knows.
        applied: the steps that were taken, in order.
        pending: the steps that are still to be taken.
    """

    version: int
    newest: int
    applied: tuple[Applied, ...]
    pending: tuple[Migration, ...]

    @property
    def usable_from(self) -> int:
        """The oldest schema that a program may know and serve on the database."""
        return max((one.usable_from for one in self.applied), default=0)


def nowhere(_: str) -> None:
    """Pass a crash point: what happens outside tests."""


def migrations() -> tuple[Migration, ...]:
    """Return the migrations of this release, in order.

    Raises:
        ValueError: the files are not as they must be.
    """
    folder = resources.files("actas.store") / "migrations"
    texts = {one.name: one.read_text("utf-8") for one in folder.iterdir() if one.name.endswith(".sql")}
    steps = tuple(read_migration(name, texts[name]) for name in sorted(texts))
    if [one.version for one in steps] != list(range(1, len(steps) + 1)):
        raise ValueError("the migrations are not numbered from 1 without gaps")
    return steps


def read_migration(name: str, text: str) -> Migration:
    """Return the migration that a file holds.

    Raises:
        ValueError: its name or its first line is not as it must be, or it has no statement.
    """
    file, head = _FILE.fullmatch(name), _HEAD.match(text)
    lines = [line for line in text.splitlines() if not line.startswith("--")]
    statements = tuple(one.strip() for one in "\n".join(lines).split(";\n") if one.strip())
    if file is None or head is None or not statements:
        raise ValueError(f"{name} is not a migration: see store/schema.py")
    return Migration(
        version=int(file["version"]),
        name=file["name"],
        usable_from=int(head["version"]),
        digest=sha256(text.encode()).hexdigest(),
        statements=tuple(one.removesuffix(";") for one in statements),
        only=head["only"],
    )


async def standing(database: Transactions, *, steps: Sequence[Migration]) -> Standing:
    """Return how the database stands to ``steps``, which are in order.

    Raises:
        SchemaRefused: the database is not ours, or holds a schema that these steps do not lead to.
    """
    async with database.reading() as connection:
        applied = await applied_steps(connection)
    return Standing(
        version=len(applied),
        newest=len(steps),
        applied=tuple(applied),
        pending=tuple(_remaining(applied, steps)),
    )


async def bring_up(
    database: Transactions, *, steps: Sequence[Migration], at: int, reached: Callable[[str], None] = nowhere
) -> tuple[Migration, ...]:
    """Apply what is missing of ``steps``, which are in order, and return what was applied here.

    Args:
        at: seconds since the epoch.
        reached: told the name of every crash point, before it is passed.

    Raises:
        SchemaRefused: the database is not ours, or holds a schema that these steps do not lead to.
    """
    done: list[Migration] = []
    remaining: Sequence[Migration] = (await standing(database, steps=steps)).pending
    while remaining:
        reached(f"{remaining[0].version}: begin")
        # However long it takes: whoever comes second waits for whoever is at it.
        async with database.writing(within=None) as connection:
            # Asked again: another process may have been here first.
            remaining = _remaining(await applied_steps(connection), steps)
            if remaining:
                await take_step(connection, remaining[0], at=at, reached=reached)
                reached(f"{remaining[0].version}: commit")
        done += remaining[:1]
        remaining = remaining[1:]
        reached("committed")
    return tuple(done)


async def take_step(
    connection: AsyncConnection, step: Migration, *, at: int, reached: Callable[[str], None] = nowhere
) -> None:
    """Take one step within a transaction, and write down that it was taken.

    Args:
        at: seconds since the epoch.
        reached: told the name of every crash point, before it is passed.
    """
    if step.version == 1:
        reached("1: schema_versions")
        await connection.execute(CreateTable(SCHEMA_VERSIONS))
    for number, statement in enumerate(step.statements, 1):
        if step.only not in (None, connection.dialect.name):
            break
        reached(f"{step.version}: statement {number}")
        await connection.exec_driver_sql(statement)
    reached(f"{step.version}: record")
    await connection.execute(
        insert(SCHEMA_VERSIONS).values(
            version=step.version,
            name=step.name,
            digest=step.digest,
            usable_from=step.usable_from,
            applied_at=at,
        )
    )


async def applied_steps(connection: AsyncConnection) -> list[Applied]:
    """Return what the database has been through, in order; nothing when it is empty.

    Raises:
        SchemaRefused: it is somebody else's.
    """
    tables = await table_names(connection)
    if SCHEMA_VERSIONS.name not in tables:
        if tables:
            raise SchemaRefused(
                f"the database was not made by Actas: it holds {', '.join(tables[:3])}"
                f" and no {SCHEMA_VERSIONS.name}"
            )
        return []
    rows = await connection.execute(select(SCHEMA_VERSIONS).order_by(SCHEMA_VERSIONS.c.version))
    return [
        Applied(
            version=row.version,
            name=row.name,
            digest=row.digest,
            usable_from=row.usable_from,
            at=row.applied_at,
        )
        for row in rows
    ]


async def table_names(connection: AsyncConnection) -> list[str]:
    """Return the names of the tables that a database has, whoever made them, in order."""

    def names(plain: Connection) -> list[str]:
        return inspect(plain).get_table_names()

    return sorted(await connection.run_sync(names))


def _remaining(applied: Sequence[Applied], steps: Sequence[Migration]) -> Sequence[Migration]:
    """Return the steps that are still to be taken.

    Raises:
        SchemaRefused: what was taken is not the beginning of ``steps``, nor an addition we can live with.
    """
    newest = len(steps)
    for expected, one in enumerate(applied, 1):
        if one.version != expected:
            raise SchemaRefused(f"the schema of the database is unknown: step {expected} is missing")
        if one.version <= newest and one.digest != steps[one.version - 1].digest:
            raise SchemaRefused(
                f"the schema of the database is unknown: its step {one.version} is not this release's"
            )
        if one.version > newest and one.usable_from > newest:
            raise SchemaRefused(
                f"the database has schema {applied[-1].version}, made by a later release of Actas;"
                f" this one knows schema {newest}. Run that release, or restore a backup from before"
            )
    return steps[len(applied) :]
