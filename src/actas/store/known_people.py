"""Who signed in through another issuer, where every node finds it (REL-23)."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Row, delete, insert, select, update

from actas.core.ports import Clock
from actas.store.database import Database
from actas.store.known_tables import KNOWN_PEOPLE
from actas.subjects.known import KNOWN_FOR, KeptPerson

MOST_SWEPT: Final = 500
"""Rows removed in one transaction (REL-24)."""


class SqlKnownPeople:
    """Implements ``subjects.known.KnownStore``."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def keep(self, person: KeptPerson) -> None:
        table = KNOWN_PEOPLE.c
        values = _values(person)
        there = update(KNOWN_PEOPLE).where(table.subject == person.subject)
        async with self._database.writing(turn=f"known {person.subject}") as connection:
            if (await connection.execute(there.values(**values))).rowcount == 0:
                await connection.execute(insert(KNOWN_PEOPLE).values(subject=person.subject, **values))

    async def replace(self, person: KeptPerson, *, place: str | None) -> bool:
        table = KNOWN_PEOPLE.c
        values = _values(person)
        there = select(table.place).where(table.subject == person.subject)
        async with self._database.writing(turn=f"known {person.subject}") as connection:
            # One at a time looks and writes, of all nodes.
            if (await connection.execute(there)).scalar_one_or_none() != place:
                return False
            if place is None:
                await connection.execute(insert(KNOWN_PEOPLE).values(subject=person.subject, **values))
                return True
            same = update(KNOWN_PEOPLE).where(table.subject == person.subject, table.place == place)
            return (await connection.execute(same.values(**values))).rowcount == 1

    async def find(self, subject: str) -> KeptPerson | None:
        async with self._database.reading() as connection:
            found = await connection.execute(select(KNOWN_PEOPLE).where(KNOWN_PEOPLE.c.subject == subject))
            row = found.one_or_none()
        return None if row is None else _kept(row)

    async def sweep(self) -> int:
        """Remove those who were not seen for long, in small steps, and return how many there were.

        Raises:
            DatabaseUnavailable: the database failed; what was removed so far is.
        """
        removed = 0
        table = KNOWN_PEOPLE.c
        before = int(self._clock.now()) - KNOWN_FOR
        old = select(table.subject).where(table.seen_at < before).order_by(table.seen_at).limit(MOST_SWEPT)
        while True:
            async with self._database.writing() as connection:
                found = (await connection.execute(old)).scalars().all()
                if found:
                    gone = delete(KNOWN_PEOPLE).where(table.subject.in_(found), table.seen_at < before)
                    await connection.execute(gone)
            removed += len(found)
            if len(found) < MOST_SWEPT:
                return removed


def _values(person: KeptPerson) -> dict[str, Any]:
    return {
        "mark": person.mark,
        "origin_mark": person.origin_mark,
        "place": person.place,
        "sealed": person.sealed,
        "seen_at": person.seen_at,
    }


def _kept(row: Row[Any]) -> KeptPerson:
    return KeptPerson(
        subject=row.subject,
        mark=row.mark,
        origin_mark=row.origin_mark,
        place=row.place,
        sealed=bytes(row.sealed),
        seen_at=row.seen_at,
    )
