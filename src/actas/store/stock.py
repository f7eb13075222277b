"""What the main database holds: how much of everything, and how much of it has had its time.

For administrators, and for whoever removes what has ended. A database with an older or a newer schema is
looked at likewise: what is there is counted, whichever release made it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import BigInteger, column, func, select, table, text
from sqlalchemy.ext.asyncio import AsyncConnection

from actas.store.database import Database
from actas.store.device_tables import DEVICE_CODES
from actas.store.impersonation_tables import IMPERSONATIONS
from actas.store.impersonations import KEPT
from actas.store.known_tables import KNOWN_PEOPLE
from actas.store.schema import table_names
from actas.store.session_app_rows import SESSION_APPS
from actas.store.tables import OPAQUE_TOKENS, REFRESH_TOKENS, REGISTERED_CLIENTS, REVOCATIONS, SESSIONS
from actas.subjects.known import KNOWN_FOR

ENDING: Final[dict[str, str]] = {
    IMPERSONATIONS.name: "requested_at",
    REVOCATIONS.name: "until",
    OPAQUE_TOKENS.name: "expires_at",
    REFRESH_TOKENS.name: "until",
    SESSIONS.name: "ends_at",
    SESSION_APPS.name: "ends_at",
    DEVICE_CODES.name: "ends_at",
    KNOWN_PEOPLE.name: "seen_at",
    REGISTERED_CLIENTS.name: "until",
    "marks": "keep_until",
}
"""Tables whose rows have a time, and the column that says until when a row is needed, seconds since the
epoch."""

_LONGER: Final = {IMPERSONATIONS.name: KEPT, KNOWN_PEOPLE.name: KNOWN_FOR}
"""Seconds for which a row is needed beyond that."""

MOST_COUNTED: Final = 1_000_000
"""Rows of a table that are counted one by one; of a longer one PostgreSQL's estimate is told."""

_FILE_BYTES: Final = text(
    "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What one table holds.

    Attributes:
        estimated: whether ``rows`` is an estimate.
        ended: how many of them nobody needs any more; None when rows of it have no time.
        bytes: its size with its indexes; None when the kind of database does not tell.
    """

    name: str
    rows: int
    estimated: bool = False
    ended: int | None = None
    bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """What a database holds.

    Attributes:
        engine: which kind of database it is, with its version.
        bytes: the size of the whole.
        holdings: its tables, by name.
    """

    engine: str
    bytes: int
    holdings: tuple[Holding, ...]


async def take_stock(database: Database, *, now: int) -> Stock:
    """Return what a database holds, as of one instant.

    Args:
        now: seconds since the epoch.

    Raises:
        DatabaseUnavailable: it cannot be read.
    """
    async with database.reading(within=None) as connection:
        names = await table_names(connection)
        if connection.dialect.name == "postgresql":
            return await _of_postgresql(connection, names, now=now)
        version = await connection.scalar(text("SELECT sqlite_version()"))
        return Stock(
            engine=f"SQLite {version}",
            bytes=int(await connection.scalar(_FILE_BYTES) or 0),
            holdings=tuple([await _counted(connection, name, now=now) for name in names]),
        )


async def _of_postgresql(connection: AsyncConnection, names: list[str], *, now: int) -> Stock:
    version = str(await connection.scalar(text("SHOW server_version")))
    size = text("SELECT pg_total_relation_size(oid), reltuples FROM pg_class WHERE oid = to_regclass(:name)")
    holdings: list[Holding] = []
    for name in names:
        bytes_, estimate = (await connection.execute(size, {"name": f'"{name}"'})).one()
        if estimate > MOST_COUNTED:
            holdings.append(Holding(name=name, rows=int(estimate), estimated=True, bytes=bytes_))
        else:
            holdings.append(await _counted(connection, name, now=now, bytes_=bytes_))
    whole = await connection.scalar(text("SELECT pg_database_size(current_database())"))
    return Stock(
        engine=f"PostgreSQL {version.partition(' ')[0]}", bytes=int(whole or 0), holdings=tuple(holdings)
    )


async def _counted(connection: AsyncConnection, name: str, *, now: int, bytes_: int | None = None) -> Holding:
    rows = await connection.scalar(select(func.count()).select_from(table(name)))
    ended: int | None = None
    if name in ENDING:
        until = column(ENDING[name], BigInteger)
        over = until < now - _LONGER.get(name, 0)
        ended = await connection.scalar(select(func.count()).select_from(table(name)).where(over))
    return Holding(name=name, rows=int(rows or 0), ended=ended, bytes=bytes_)
