"""What was revoked, on every node (REL-21): a table that is written once, and a copy of it in memory.

A row is numbered in the order in which it becomes visible, for one writer at a time has its turn, so whoever
has read up to a number has missed nothing below it. Numbers are milliseconds since the epoch, or one more
than the last: they go on from there when the table is emptied or a backup is restored, and nobody who
followed mistakes a new row for one that was seen.

A row stays until nothing that it ends can be live any more, so the table is as long as what was revoked
lives.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Final

from sqlalchemy import delete, func, insert, select

from actas.core.lineage import Lineage, Revoked
from actas.core.ports import Clock
from actas.store.database import Database
from actas.store.tables import REVOCATIONS

MOST_READ: Final = 10_000
"""Rows in one reading, so that a long list holds nobody up."""

SWEEP_EVERY: Final = 60
"""Seconds between two looks at what may be forgotten."""

MOST_SWEPT: Final = 1_000
"""Rows removed in one transaction (REL-24)."""

KEPT_LONGER: Final = 600
"""Seconds that a row outlives what it ends: clocks differ, and times are read generously (SEC-19)."""

WRITTEN_WITHIN: Final = 5.0
"""Seconds that a revocation may wait for its turn: it is rare, and asked for again when it fails."""

TOPIC: Final = "revocations"
"""What nodes are told of, and whose turn it is to write."""


async def open_revocations(database: Database, *, clock: Clock) -> RevocationList:
    """Return what was revoked, as it is now.

    Raises:
        DatabaseUnavailable: it could not be read.
    """
    found = RevocationList(database, clock=clock)
    await found.refresh()
    return found


class RevocationList:
    """Implements ``core.lineage.Revocations``, and writes what is revoked. Empty until it is refreshed."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._found: dict[str, Revoked] = {}
        self._order: list[tuple[int, Revoked]] = []
        self._last = 0
        self._swept_at = 0.0
        self._reading = asyncio.Lock()

    @property
    def last(self) -> int:
        """The number of the last row that was read."""
        return self._last

    def against(self, lineage: Lineage) -> Revoked | None:
        found = self._found
        if found.keys().isdisjoint(lineage.marks):  # nearly always
            return None
        for mark in lineage.marks:
            revoked = found.get(mark)
            if revoked is not None and lineage.since <= revoked.up_to:
                return revoked
        return None

    def after(self, seq: int, *, most: int) -> Sequence[tuple[int, Revoked]]:
        """Return what was revoked after a number, in order.

        Args:
            most: how many at most; whoever gets that many asks again.
        """
        if seq >= self._last:
            return ()
        first = bisect_right(self._order, seq, key=lambda row: row[0])
        return self._order[first : first + most]

    async def add(self, revoked: Iterable[Revoked]) -> None:
        """Revoke, durably, and know it here at once.

        Raises:
            DatabaseUnavailable: it could not be written; nothing was revoked, or all of it was.
        """
        rows = list(revoked)
        async with self._database.writing(turn=TOPIC, within=WRITTEN_WITHIN) as connection:
            highest = (await connection.execute(select(func.max(REVOCATIONS.c.seq)))).scalar() or 0
            first = max(highest + 1, int(self._clock.now() * 1000))
            await connection.execute(
                insert(REVOCATIONS), [_row(first + place, one) for place, one in enumerate(rows)]
            )
            await self._database.announce(connection, TOPIC)
        await self.refresh()

    async def refresh(self) -> None:
        """Read what other nodes have written since, and forget what has ended.

        Raises:
            DatabaseUnavailable: it could not be read.
        """
        async with self._reading:
            while await self._read():
                pass
        now = self._clock.now()
        if now - self._swept_at >= SWEEP_EVERY:
            self._swept_at = now
            self._forget(now)

    async def sweep(self) -> int:
        """Remove rows of which nothing can be live, in small steps; the newest stays, for its number.

        Returns:
            How many were removed.

        Raises:
            DatabaseUnavailable: the database failed; what was removed so far is.
        """
        removed = 0
        table = REVOCATIONS.c
        while True:
            async with self._database.writing() as connection:
                newest = (await connection.execute(select(func.max(table.seq)))).scalar() or 0
                old = (
                    select(table.seq)
                    .where(table.until < int(self._clock.now()), table.seq < newest)
                    .order_by(table.until)
                    .limit(MOST_SWEPT)
                )
                found = (await connection.execute(old)).scalars().all()
                if found:
                    await connection.execute(delete(REVOCATIONS).where(table.seq.in_(found)))
            removed += len(found)
            if len(found) < MOST_SWEPT:
                return removed

    async def _read(self) -> bool:
        """Read on from the last row; whether there may be more."""
        wanted = (
            select(REVOCATIONS)
            .where(REVOCATIONS.c.seq > self._last)
            .order_by(REVOCATIONS.c.seq)
            .limit(MOST_READ)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(wanted)).all()
        for row in rows:
            one = Revoked(mark=row.mark, up_to=row.up_to, until=row.until, entry=row.entry)
            self._order.append((row.seq, one))
            self._take(one)
        if rows:
            self._last = rows[-1].seq
        return len(rows) == MOST_READ

    def _take(self, one: Revoked) -> None:
        known = self._found.get(one.mark)
        if known is None or one.up_to > known.up_to:
            self._found[one.mark] = one

    def _forget(self, now: float) -> None:
        if any(one.until < now for _, one in self._order):
            self._order = [(seq, one) for seq, one in self._order if one.until >= now]
            self._found = {}
            for _, one in self._order:
                self._take(one)


def _row(seq: int, one: Revoked) -> dict[str, int | str]:
    return {
        "seq": seq,
        "mark": one.mark,
        "up_to": one.up_to,
        "until": one.until + KEPT_LONGER,
        "entry": one.entry,
    }
