"""What people prove who they are with, where every node finds it (REL-23).

A person has one row. Whoever changes it names the bytes that stood there: of two that try at once one does,
and nobody puts back what was sealed under an envelope key that all else has left.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from actas.core.records import Record
from actas.signin.holdings import KeptHoldings
from actas.store.database import Database
from actas.store.outbox import Outbox
from actas.store.tables import CREDENTIALS, SECRETS


class SqlCredentials:
    """Implements ``signin.records.CredentialStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # Its own: whoever asked writes the entry, and not whatever else of this process writes entries.
        self._outbox = Outbox(database)

    async def read(self, subject: str) -> KeptHoldings | None:
        async with self._database.reading() as connection:
            found = await connection.execute(select(CREDENTIALS).where(CREDENTIALS.c.subject == subject))
            row = found.one_or_none()
        return None if row is None else kept(row)

    async def find(self, handle: str) -> KeptHoldings | None:
        async with self._database.reading() as connection:
            found = await connection.execute(select(CREDENTIALS).where(CREDENTIALS.c.handle == handle))
            row = found.one_or_none()
        return None if row is None else kept(row)

    async def write(
        self,
        kept: KeptHoldings,
        *,
        seen: KeptHoldings | None,
        beside: Sequence[bytes],
        record: Record | None = None,
    ) -> bool:
        try:
            # Everybody's turn: whoever seals everything again waits for it too (``store.sealed``).
            async with self._database.writing() as connection:
                if not await _written(connection, kept, seen=seen, beside=beside):
                    return False
                await self._outbox.put(connection, () if record is None else (record,))
        except IntegrityError:
            return False
        return True

    async def forget(self, subject: str, *, record: Record | None = None) -> bool:
        async with self._database.writing() as connection:
            gone = await connection.execute(delete(CREDENTIALS).where(CREDENTIALS.c.subject == subject))
            if gone.rowcount != 1:
                return False
            await self._outbox.put(connection, () if record is None else (record,))
        return True

    async def seals(self) -> int:
        # A version is sealed once. What was forgotten is not counted any more, and is little.
        async with self._database.reading() as connection:
            return int(await connection.scalar(select(func.sum(CREDENTIALS.c.version))) or 0)

    async def neighbours(self) -> list[bytes]:
        async with self._database.reading() as connection:
            return await _neighbours(connection)


async def _written(
    connection: AsyncConnection, kept: KeptHoldings, *, seen: KeptHoldings | None, beside: Sequence[bytes]
) -> bool:
    table = CREDENTIALS.c
    values = {"version": kept.version, "handle": kept.handle, "sealed": kept.sealed}
    if seen is None:
        if await _neighbours(connection) != list(beside):
            return False
        await connection.execute(insert(CREDENTIALS).values(subject=kept.subject, **values))
        return True
    change = update(CREDENTIALS).where(
        table.subject == kept.subject, table.version == seen.version, table.sealed == seen.sealed
    )
    return (await connection.execute(change.values(**values))).rowcount == 1


async def _neighbours(connection: AsyncConnection) -> list[bytes]:
    found = await connection.execute(select(SECRETS.c.sealed).order_by(SECRETS.c.name))
    return [bytes(one) for one in found.scalars()]


def kept(row: Row[Any]) -> KeptHoldings:
    """Return a row of what people have."""
    return KeptHoldings(subject=row.subject, version=row.version, handle=row.handle, sealed=bytes(row.sealed))
