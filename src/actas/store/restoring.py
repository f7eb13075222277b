"""Restoring a backup: one transaction in which the database becomes what the backup holds, or stays (REL-28).

On an empty database the steps of the schema that the backup had been through are taken first, then its rows
are written, then the steps that this release has beside them. On one that is not empty its rows are
replaced, when it has the schema of the backup. Then a new epoch begins (``store.new_epoch``). All of it is
one transaction: whatever kills it, nodes that run on the database see either what was or what is.

What may happen once is left as it is, and an audit log that has entries is never replaced by an older one
(one in files: ``store.restoring_log``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import delete, literal, select, table
from sqlalchemy.ext.asyncio import AsyncConnection

from actas.crypto.seal import Sealer
from actas.store import new_epoch
from actas.store.backup import LEFT_OUT, LOG_TABLES, Contents, Head, Rows, parts
from actas.store.backup_file import BackupReader, BackupRefused
from actas.store.configuration import TOPIC as CONFIGURATION
from actas.store.database import Database
from actas.store.revocations import TOPIC as REVOCATIONS
from actas.store.schema import Migration, applied_steps, migrations, nowhere, table_names, take_step
from actas.store.tables import CONFIGURATION_OBJECTS, SECRETS, SIGNING_KEYS
from actas.store.trouble import SchemaRefused

_WORD: Final = re.compile(r"[a-z][a-z0-9_]*")
_SINKS: Final = ("audit_sinks", "audit_sink_cursors")
_STAYING: Final = (LOG_TABLES, _SINKS)
"""Tables that belong together and stay as they are when the first of them has rows: those of an audit log,
which knows more than a backup of it, and those of who delivers it, whose fences never go back."""


class NotEmpty(Exception):
    """The database holds something, and nobody said that it may be replaced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What there is to restore onto.

    Attributes:
        version: its schema.
        occupied: whether it holds keys or a configuration.
        staying: tables that stay as they are.
    """

    version: int
    occupied: bool
    staying: frozenset[str]


async def look_at(database: Database) -> Target:
    """Return what there is to restore onto.

    Raises:
        SchemaRefused: it holds a schema that this release must not touch.
        DatabaseUnavailable: it cannot be read.
    """
    await database.standing()
    async with database.reading(within=None) as connection:
        return await _target(connection)


async def restore(
    database: Database,
    reader: BackupReader,
    contents: Contents,
    *,
    sealer: Sealer,
    now: float,
    replace: bool,
    draw_up: new_epoch.DrawUp,
    reached: Callable[[str], None] = nowhere,
) -> new_epoch.Begun:
    """Make the database what a backup holds, as the beginning of a new epoch.

    Args:
        contents: of the backup, which was looked through.
        now: seconds since the epoch.
        replace: whether what is there may be replaced.
        draw_up: draws up the record of it.
        reached: told the name of every crash point, before it is passed.

    Raises:
        NotEmpty: there is something, and it may not be replaced.
        BackupRefused: the file is not what was looked through.
        SchemaRefused: the schemas do not fit.
        KeysUnusable: the keys of the backup do not open.
        DatabaseUnavailable: the database failed; what was there still is, unless it failed at the very end.
    """
    taken, rest = _steps(contents.head, migrations())
    reached("begin")
    async with database.writing(within=None) as connection:
        target = await _target(connection)
        if target.occupied and not replace:
            raise NotEmpty(f"the database {database.name} is not empty")
        if not target.version:
            for step in taken:
                await take_step(connection, step, at=int(now), reached=reached)
        else:
            _require_same(database.name, target.version, backup=len(taken), release=len(taken) + len(rest))
        reached("looked at")
        before = await new_epoch.remember(connection) if target.occupied else None
        await _load(connection, reader, staying=target.staying, reached=reached)
        reached("loaded")
        begun = await new_epoch.begin(connection, before, sealer=sealer, now=now, draw_up=draw_up)
        for step in rest if not target.version else ():
            await take_step(connection, step, at=int(now), reached=reached)
        for topic in (REVOCATIONS, CONFIGURATION):
            await database.announce(connection, topic)
        reached("commit")
    reached("committed")
    return begun


def _require_same(name: str, schema: int, *, backup: int, release: int) -> None:
    if not schema == backup == release:
        raise SchemaRefused(
            f"the database {name} has schema {schema}, the backup schema {backup}, and this release schema"
            f" {release}: what is there is replaced where all are the same."
            " An empty database is brought to this release's schema"
        )


async def _target(connection: AsyncConnection) -> Target:
    version = len(await applied_steps(connection))
    names = await table_names(connection)
    staying: list[str] = []
    for together in _STAYING:
        if together[0] in names and await _any(connection, together[0]):
            staying += together
    ours = (SIGNING_KEYS.name, SECRETS.name, CONFIGURATION_OBJECTS.name)
    return Target(
        version=version,
        occupied=any([await _any(connection, name) for name in ours if name in names]),
        staying=frozenset(staying),
    )


async def _any(connection: AsyncConnection, name: str) -> bool:
    return await connection.scalar(select(literal(1)).select_from(table(name)).limit(1)) is not None


def _steps(head: Head, known: Sequence[Migration]) -> tuple[Sequence[Migration], Sequence[Migration]]:
    """Return the steps that the backup had been through, and those that this release has beside them.

    Raises:
        SchemaRefused: the backup had been through others.
    """
    count = len(head.steps)
    if [(one.version, one.digest) for one in head.steps] != [
        (one.version, one.digest) for one in known[:count]
    ]:
        later = count > len(known)
        raise SchemaRefused(
            f"the backup has schema {count}, made by Actas {head.release};"
            f" this release knows schema {len(known)}"
            + (". Restore it with that release, or a later one" if later else ", and its steps are others")
        )
    return known[:count], known[count:]


async def _load(
    connection: AsyncConnection,
    reader: BackupReader,
    *,
    staying: frozenset[str],
    reached: Callable[[str], None],
) -> None:
    """Replace the rows of every table that a backup holds by those of this one."""
    names = set(await table_names(connection)) - LEFT_OUT - staying
    if connection.dialect.name == "postgresql":
        for name in sorted(names):
            await connection.exec_driver_sql(f'LOCK TABLE "{_word(name)}" IN EXCLUSIVE MODE')
    for name in sorted(names):
        await connection.execute(delete(table(name)))
    reached("emptied")
    for part in parts(reader):
        if isinstance(part, Rows) and part.table not in staying:
            if part.table not in names:
                if part.table in LOG_TABLES:
                    continue  # this kind of database keeps its log in files (``store.restoring_log``)
                raise BackupRefused(
                    f"the backup holds the table {part.table}, which this kind of database does not have"
                )
            await _insert(connection, part)
            reached(f"rows of {part.table}")


async def _insert(connection: AsyncConnection, part: Rows) -> None:
    numbered = connection.dialect.name == "postgresql"
    places = ", ".join(f"${number}" if numbered else "?" for number in range(1, len(part.columns) + 1))
    columns = ", ".join(f'"{_word(name)}"' for name in part.columns)
    statement = f'INSERT INTO "{_word(part.table)}" ({columns}) VALUES ({places})'  # noqa: S608 - words
    rows: list[tuple[Any, ...]] = [tuple(row) for row in part.rows]
    await connection.exec_driver_sql(statement, rows)


def _word(name: str) -> str:
    """Return the name of a table or a column, which is a word.

    Raises:
        BackupRefused: it is none.
    """
    if _WORD.fullmatch(name) is None:
        raise BackupRefused(f"{name!r} is no name of a table or a column")
    return name
