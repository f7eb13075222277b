"""What failed on other processes and nodes, so that guessing at several is no faster than at one (SEC-14).

Each process writes, at most once a second, what failed at it, and reads what failed at the others. A row
names nobody: it has a keyed mark of the name and the source. Rows are numbered in the order in which they
become visible, as those of ``store.revocations`` are, and live as long as a process may need to catch up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import delete, func, insert, select

from actas.clients.throttle import ATTEMPTS, News
from actas.store.database import Database
from actas.store.tables import FAILURES

KEPT: Final = 600
"""Seconds that a row stays. A process that begins later than that begins to count anew."""

MOST_READ: Final = 10_000
"""Rows in one reading, the newest: what is older is left out, so that a flood holds nobody up."""

MOST_SWEPT: Final = 1_000
"""Rows removed in one transaction (REL-24): as many as one process may write in it."""

TOPIC: Final = "failures"
"""Whose turn it is to write."""


class FailureList:
    """The failures of all processes that share a database.

    Args:
        me: the name of this process among them; no other has it.
    """

    def __init__(self, database: Database, *, me: str) -> None:
        self._database = database
        self._me = me
        self._last = 0

    async def add(self, news: Sequence[News], *, now: float) -> None:
        """Tell the others, and remove what is too old for them.

        Args:
            news: at most ``clients.throttle.MOST_NEWS``.
            now: seconds since the epoch.

        Raises:
            DatabaseUnavailable: it could not be written; nobody was told.
        """
        table = FAILURES.c
        async with self._database.writing(turn=TOPIC) as connection:
            highest = (await connection.execute(select(func.max(table.seq)))).scalar() or 0
            # Milliseconds, so that numbers go on when the table was emptied or a backup was restored.
            first = max(highest + 1, int(now * 1000))
            await connection.execute(
                insert(FAILURES), [self._row(first + place, one) for place, one in enumerate(news)]
            )
            old = select(table.seq).where(table.at < int(now) - KEPT).order_by(table.seq).limit(MOST_SWEPT)
            found = (await connection.execute(old)).scalars().all()
            if found:
                await connection.execute(delete(FAILURES).where(table.seq.in_(found)))

    async def read(self) -> list[News]:
        """Return what the others told since the last time, in order.

        Raises:
            DatabaseUnavailable: it could not be read.
        """
        wanted = (
            select(FAILURES)
            .where(FAILURES.c.seq > self._last)
            .order_by(FAILURES.c.seq.desc())
            .limit(MOST_READ)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(wanted)).all()
        if rows:
            self._last = rows[0].seq
        return [
            News(attempt=row.attempt, key=row.key, forget=bool(row.forget), times=row.times, at=row.at)
            for row in reversed(rows)
            if row.process != self._me and row.attempt in ATTEMPTS
        ]

    def _row(self, seq: int, one: News) -> dict[str, int | str]:
        return {
            "seq": seq,
            "process": self._me,
            "attempt": one.attempt,
            "key": one.key,
            "forget": int(one.forget),
            "times": one.times,
            "at": one.at,
        }
