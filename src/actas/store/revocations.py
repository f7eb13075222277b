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
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

from msgspec.structs import replace
from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from actas.audit.impersonations import record_of
from actas.core.lineage import EVERYTHING, Lineage, Revoked
from actas.core.ports import Clock, SystemChance
from actas.core.records import Record
from actas.keys.life import LONGEST_TOKEN
from actas.store.database import Database
from actas.store.epochs import Epoch
from actas.store.impersonation_rows import end_impersonations
from actas.store.known_tables import forget_known
from actas.store.outbox import Outbox
from actas.store.refresh_families import end_families
from actas.store.session_app_rows import end_served
from actas.store.sweeping import in_steps
from actas.store.tables import REVOCATIONS

MOST_READ: Final = 10_000
"""Rows in one reading, so that a long list holds nobody up."""

MOST_SWEPT: Final = 1_000
"""Rows removed in one transaction (REL-24)."""

KEPT_LONGER: Final = 600
"""Seconds that a row outlives what it ends: clocks differ, and times are read generously (SEC-19)."""

TOLD_FOR: Final = LONGEST_TOKEN + KEPT_LONGER
"""Seconds for which those who check access tokens by themselves remember a row. By then the last one that it
ends is dead, and of what may end later, a family of refresh tokens, they see nothing. They refuse everybody
when there is more than they can remember."""

WRITTEN_WITHIN: Final = 5.0
"""Seconds that a revocation may wait for its turn: it is rare, and asked for again when it fails."""

ROWS_IN_A_SECOND: Final = 100
"""How many of them are written in a second more: somebody may take thousands of people out of a file."""

TOPIC: Final = "revocations"
"""What nodes are told of, and whose turn it is to write."""


Within = Callable[[AsyncConnection], Awaitable[None]]
"""Does something within a transaction."""


async def open_revocations(database: Database, *, clock: Clock) -> RevocationList:
    """Return what was revoked, as it is now.

    Raises:
        DatabaseUnavailable: it could not be read.
    """
    found = RevocationList(database, clock=clock)
    await found.refresh()
    return found


async def read_epoch(connection: AsyncConnection) -> Epoch:
    """Return the epoch of a database, without what else was revoked."""
    wanted = select(REVOCATIONS).where(REVOCATIONS.c.mark == EVERYTHING).order_by(REVOCATIONS.c.seq)
    epoch = Epoch()
    for row in (await connection.execute(wanted)).all():
        epoch = epoch.after(up_to=row.up_to, entry=row.entry)
    return epoch


class RevocationList:
    """Implements ``core.lineage.Revocations``, and writes what is revoked. Empty until it is refreshed."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        # Its own: whoever revokes writes the entry, and not whatever else of this process writes entries.
        self._outbox = Outbox(database)
        self._clock = clock
        self._found: dict[str, Revoked] = {}
        self._order: list[tuple[int, Revoked]] = []
        self._everything = Revoked(mark=EVERYTHING, up_to=-1, until=0, entry="")
        self._epoch = Epoch()
        self._last = 0
        self._reading = asyncio.Lock()

    @property
    def last(self) -> int:
        """The number of the last row that was read."""
        return self._last

    @property
    def epoch(self) -> Epoch:
        """The epoch as it was read last: how often everything was revoked, because a backup was restored."""
        return self._epoch

    def against(self, lineage: Lineage) -> Revoked | None:
        if lineage.since <= self._everything.up_to:
            return self._everything
        found = self._found
        if found.keys().isdisjoint(lineage.marks):  # nearly always
            return None
        for mark in lineage.marks:
            revoked = found.get(mark)
            if revoked is not None and lineage.since <= revoked.up_to:
                return revoked
        return None

    def after(self, seq: int, *, most: int) -> Sequence[tuple[int, Revoked]]:
        """Return what was revoked after a number, in order, each until it can end no access token any more.

        Args:
            most: how many at most; whoever gets that many asks again.
        """
        if seq >= self._last:
            return ()
        first = bisect_right(self._order, seq, key=lambda row: row[0])
        return [(number, _told(number, one)) for number, one in self._order[first : first + most]]

    async def add(
        self, revoked: Iterable[Revoked], *, record: Record | None = None, within: Within | None = None
    ) -> None:
        """Revoke, durably, and know it here at once.

        Args:
            record: the audit entry of it, kept with it or not at all (REL-01).
            within: what else belongs to it; done first, in the same transaction. What it raises undoes all.

        Raises:
            DatabaseUnavailable: it could not be written; nothing was revoked, or all of it was.
        """
        rows = list(revoked)
        patience = WRITTEN_WITHIN + len(rows) / ROWS_IN_A_SECOND
        async with self._database.writing(turn=TOPIC, within=patience) as connection:
            if within is not None:
                await within(connection)
            highest = (await connection.execute(select(func.max(REVOCATIONS.c.seq)))).scalar() or 0
            now = self._clock.now()
            first = max(highest + 1, int(now * 1000))
            rows = await end_families(connection, rows)
            rows, ended = await end_impersonations(connection, rows, at=int(now))
            await end_served(connection, rows, at=int(now))
            await forget_known(connection, rows)
            await connection.execute(
                insert(REVOCATIONS), [_row(first + place, one) for place, one in enumerate(rows)]
            )
            records = [] if record is None else [record]
            records += [record_of(one, now=now, chance=SystemChance()) for one in ended]
            await self._outbox.put(connection, records)
            await self._database.announce(connection, TOPIC)
        await self.refresh()

    async def written(self, entry: str) -> None:
        """Note that the audit entry of something that was revoked stands in a stream.

        Raises:
            DatabaseUnavailable: it could not be noted; it may be written once more.
        """
        await self._outbox.written(entry)

    async def refresh(self) -> None:
        """Read what other nodes have written since.

        Raises:
            DatabaseUnavailable: it could not be read.
        """
        async with self._reading:
            while await self._read():
                pass

    async def sweep(self) -> int:
        """Forget what has ended, and remove its rows, in small steps; the newest stays, for its number.

        Whoever calls knows that the clock is right: what is forgotten here is not read again (REL-13).

        Returns:
            How many were removed.

        Raises:
            DatabaseUnavailable: the database failed; what was removed so far is.
        """
        self._forget(self._clock.now())
        table = REVOCATIONS.c

        async def step(connection: AsyncConnection) -> int:
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
            return len(found)

        return await in_steps(self._database, step, most=MOST_SWEPT)

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
            if one.mark == EVERYTHING:
                self._begin(one)
        if rows:
            self._last = rows[-1].seq
        return len(rows) == MOST_READ

    def _take(self, one: Revoked) -> None:
        known = self._found.get(one.mark)
        if known is None or one.up_to > known.up_to:
            self._found[one.mark] = one

    def _begin(self, one: Revoked) -> None:
        """Begin the epoch that a restore opened."""
        if one.up_to > self._everything.up_to:
            self._everything = one
        self._epoch = self._epoch.after(up_to=one.up_to, entry=one.entry)

    def _forget(self, now: float) -> None:
        if any(one.until < now for _, one in self._order):
            self._order = [(seq, one) for seq, one in self._order if one.until >= now]
            self._found = {}
            for _, one in self._order:
                self._take(one)


def _told(number: int, one: Revoked) -> Revoked:
    """Return what followers are told of a row: the number says when it was made, or a little later."""
    until = number // 1000 + TOLD_FOR
    return one if one.until <= until else replace(one, until=until)


def _row(seq: int, one: Revoked) -> dict[str, int | str]:
    return {
        "seq": seq,
        "mark": one.mark,
        "up_to": one.up_to,
        "until": one.until + KEPT_LONGER,
        "entry": one.entry,
    }
