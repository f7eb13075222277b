"""Audit entries that were committed together with what they tell, until they stand in a stream (REL-01).

A change of a key or a revocation, and its entries, are one transaction; the audit log is written by each
process for itself, so they cannot stand there in that same transaction. They wait here instead. Whoever made
the change writes them at once; when it died, any other process does. A process that dies between writing an
entry and removing it from here leaves it to be written once more: an entry is there at least once, and has
one id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, get_args

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from actas.core.events import EventName
from actas.core.ports import SystemChance
from actas.core.records import Record
from actas.store.database import Database
from actas.store.tables import OUTBOX
from actas.store.words import one_of

TAKEN_FOR: Final = 3
"""Seconds in which whoever made a change has its entries to itself."""

_EVENTS: Final[tuple[EventName, ...]] = get_args(EventName)


class Outbox:
    """Keeps entries until they are written.

    Attributes:
        turn: of whoever writes what waits: two of one process would both find it, and write it twice.
    """

    def __init__(self, database: Database) -> None:
        self.turn = asyncio.Lock()
        self._database = database
        self._me = SystemChance().token(16)

    async def put(self, connection: AsyncConnection, records: Sequence[Record]) -> None:
        """Keep entries, within the transaction of what they tell."""
        rows = [
            {
                "entry": one.entry,
                "place": place,
                "event": one.event,
                "body": one.body.decode(),
                "taken_by": self._me,
                "taken_at": int(one.at),
            }
            for place, one in enumerate(records)
        ]
        if rows:
            await connection.execute(insert(OUTBOX), rows)

    async def take(self, *, now: float) -> list[Record]:
        """Return what is to be written by this process now, in order.

        Entries of an event that this release does not know are left to a later one, which made them.

        Args:
            now: seconds since the epoch.

        Raises:
            StoreUnavailable: the database failed.
        """
        table = OUTBOX.c
        free = or_(table.taken_by == self._me, table.taken_at < int(now) - TAKEN_FOR) & table.event.in_(
            _EVENTS
        )
        async with self._database.reading() as connection:
            if (await connection.execute(select(table.entry).where(free).limit(1))).first() is None:
                return []
        async with self._database.writing() as connection:
            await connection.execute(update(OUTBOX).where(free).values(taken_by=self._me, taken_at=int(now)))
            mine = select(OUTBOX).where(table.taken_by == self._me).order_by(table.entry, table.place)
            rows = (await connection.execute(mine)).all()
        return [
            Record(entry=row.entry, event=one_of(_EVENTS, row.event), body=row.body.encode(), at=row.taken_at)
            for row in rows
        ]

    async def written(self, entry: str) -> None:
        """Note that an entry stands in a stream.

        Raises:
            StoreUnavailable: the database failed; it may be written once more.
        """
        async with self._database.writing() as connection:
            await connection.execute(delete(OUTBOX).where(OUTBOX.c.entry == entry))
