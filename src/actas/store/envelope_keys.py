"""Envelope keys that a key service wrapped, in the main database: of no use without the service (SEC-92)."""

from __future__ import annotations

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from actas.core.records import Record
from actas.store.database import Database
from actas.store.outbox import Outbox
from actas.store.tables import ENVELOPE_KEYS


class SqlEnvelopeKeys:
    """Keeps one wrapped envelope key for each key of a service."""

    def __init__(self, database: Database, outbox: Outbox | None = None) -> None:
        self._database = database
        self._outbox = Outbox(database) if outbox is None else outbox

    async def wrapped(self) -> dict[str, str]:
        """Return every wrapped key, by the name of what wrapped it."""
        async with self._database.reading() as connection:
            rows = (await connection.execute(select(ENVELOPE_KEYS.c.service, ENVELOPE_KEYS.c.wrapped))).all()
        return {row.service: row.wrapped for row in rows}

    async def add(self, service: str, wrapped: str, *, at: int) -> bool:
        """Keep the first key that a service wrapped; False, and nothing is kept, when another was faster.

        Args:
            at: seconds since the epoch.
        """
        try:
            async with self._database.writing() as connection:
                await connection.execute(
                    insert(ENVELOPE_KEYS).values(service=service, wrapped=wrapped, made_at=at)
                )
        except IntegrityError:
            return False
        return True

    async def replace(self, service: str, wrapped: str, *, before: str, record: Record) -> bool:
        """Keep the same key wrapped anew; False, and nothing is changed, when another was faster.

        Args:
            record: the audit entry of it, kept with it or not at all.
        """
        named = (ENVELOPE_KEYS.c.service == service) & (ENVELOPE_KEYS.c.wrapped == before)
        async with self._database.writing() as connection:
            changed = await connection.execute(update(ENVELOPE_KEYS).where(named).values(wrapped=wrapped))
            if changed.rowcount == 1:
                await self._outbox.put(connection, [record])
        return changed.rowcount == 1
