"""Removing rows in small steps, so that nobody who writes waits long for it (REL-24)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from sqlalchemy import Column, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from actas.store.database import Database
from actas.store.engine import EVERYBODY

MOST_SWEPT: Final = 500
"""Rows removed in one transaction."""


async def in_steps(
    database: Database,
    step: Callable[[AsyncConnection], Awaitable[int]],
    *,
    turn: str = EVERYBODY,
    most: int = MOST_SWEPT,
) -> int:
    """Remove rows until few are left, and return how many there were.

    Args:
        step: removes ``most`` of them, or all when there are fewer, and returns how many; it has a
            transaction of its own each time.
        turn: whose turn to wait for (``Database.writing``).

    Raises:
        DatabaseUnavailable: the database failed; what was removed so far is.
    """
    removed = 0
    while True:
        async with database.writing(turn=turn) as connection:
            found = await step(connection)
        removed += found
        if found < most:
            return removed


async def remove_ended(
    database: Database, name: Column[Any], ends_at: Column[int], *, before: int, turn: str = EVERYBODY
) -> int:
    """Remove what has ended, in small steps, and return how many rows there were.

    Args:
        name: the column that tells one row of its table from the others.
        ends_at: when a row ended, seconds since the epoch.
        before: rows that ended earlier go.
        turn: as for ``in_steps``.

    Raises:
        DatabaseUnavailable: the database failed; what was removed so far is.
    """
    old = select(name).where(ends_at < before).order_by(ends_at).limit(MOST_SWEPT)

    async def step(connection: AsyncConnection) -> int:
        found = (await connection.execute(old)).scalars().all()
        if found:
            await connection.execute(delete(name.table).where(name.in_(found)))
        return len(found)

    return await in_steps(database, step, turn=turn)
