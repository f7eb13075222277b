"""Marks in PostgreSQL: what may happen once happens once on all nodes (SEC-11, REL-24).

A claim is a unique row. Requests in flight share one statement, so that the disk is waited for once, and it
has committed when anybody is answered. What was removed leaves a trace, as it does in the file
(``store.marks_file``): ``marks_forgotten`` says up to when marks are gone. It is read **after** the row was
made: when another node removed the mark a moment before, that is known here, and the claim is refused.

Batches run one after the other on a connection of their own. One that failed is given up with its connection,
and with it the knowledge whether it was written: its callers are refused, and fetch a fresh assertion.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final

from actas.core.ports import Clock
from actas.core.secret import Secret
from actas.store.marks import BATCH, Keeper, MarksUnavailable, Waiter
from actas.store.marks_file import REMOVED_AT_ONCE, Claim
from actas.store.postgresql import PATIENCE, Address, Connection, address, connect, failures, require_driver

MOST_REMOVED: Final = 512
"""The most marks that one statement removes."""

_CLOSING: Final = 5.0
# In the order of the keys, so that two nodes that claim the same never wait for each other in a circle.
_CLAIM: Final = (
    "INSERT INTO marks (key, keep_until) SELECT * FROM unnest($1::bytea[], $2::bigint[])"
    " ON CONFLICT (key) DO NOTHING RETURNING key"
)
_FORGOTTEN: Final = "SELECT until FROM marks_forgotten"
# No further than what was really removed: a clock that ran ahead for a moment must not make every claim of
# the years in between impossible.
REMOVE: Final = (
    "WITH gone AS (DELETE FROM marks WHERE key IN (SELECT key FROM marks WHERE keep_until < $1"
    " ORDER BY keep_until LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING keep_until)"
    " UPDATE marks_forgotten SET until = greatest(until, (SELECT max(keep_until) FROM gone))"
    " WHERE EXISTS (SELECT FROM gone) RETURNING (SELECT count(*) FROM gone)"
)
"""Removes marks that are past their time: $1, seconds since the epoch; at most $2. Returns how many."""


async def open_shared_marks(url: Secret, *, clock: Clock) -> PostgresqlMarks:
    """Return the marks of a PostgreSQL database that has this release's schema.

    Raises:
        DatabaseMisconfigured: the URL cannot be read, or the driver is missing.
        MarksUnavailable: the database does not answer, or has lost its state.
    """
    where = address(url)
    require_driver()
    marks = PostgresqlMarks(where, clock=clock)
    try:
        await marks.look()
    except BaseException:
        await marks.close()
        raise
    return marks


class PostgresqlMarks(Keeper):
    """Marks that nodes share. Made by ``open_shared_marks``, closed on the loop it was made on."""

    patience = PATIENCE

    def __init__(self, where: Address, *, clock: Clock) -> None:
        super().__init__()
        self._where = where
        self._clock = clock
        self._connection: Connection | None = None
        self._queue: asyncio.Queue[Waiter | None] = asyncio.Queue()
        self._owed = 0
        self._looked_at = 0
        self._task = asyncio.create_task(self._run())

    async def look(self) -> None:
        """Return when marks can be read.

        Raises:
            MarksUnavailable: they cannot.
        """
        try:
            async with asyncio.timeout(2 * PATIENCE):
                connection = await connect(self._where)
                try:
                    await _forgotten(connection)
                finally:
                    connection.terminate()
        except failures() as problem:
            raise MarksUnavailable(self._told(problem)) from problem

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._put(None)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CLOSING):
                await asyncio.shield(self._task)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._give_up()

    def _put(self, waiter: Waiter | None) -> None:
        self._queue.put_nowait(waiter)

    async def _run(self) -> None:
        """Batch after batch, until closed."""
        while batch := await self._batch():
            now = int(self._clock.now())
            trouble: str | None = None
            answers: Sequence[bool | None] = ()
            try:
                async with asyncio.timeout(PATIENCE):
                    answers = await self._record([one.claim for one in batch])
            except Exception as problem:  # noqa: BLE001  (whatever it is, it is a refusal: REL-19)
                self._give_up()
                trouble = self._told(problem)
            self._settle(batch, answers, trouble)
            if trouble is None:
                await self._forget(now, claimed=len(batch))

    async def _batch(self) -> list[Waiter]:
        """Return the claims that wait, at least one; none once closed."""
        batch: list[Waiter] = []
        while not batch or (len(batch) < BATCH and not self._queue.empty()):
            waiter = await self._queue.get()
            if waiter is None:
                self._put(None)
                break
            batch.append(waiter)
        return batch

    async def _record(self, claims: Sequence[Claim]) -> list[bool | None]:
        """Mark a batch durably. See ``MarksFile.claim`` for what is returned."""
        if self._connection is None or self._connection.is_closed():
            self._connection = await connect(self._where)
        ordered = sorted(claims, key=lambda one: one.key)
        made = await self._connection.fetch(
            _CLAIM, [one.key for one in ordered], [one.keep_until for one in ordered]
        )
        forgotten = await _forgotten(self._connection)
        fresh = {bytes(row[0]) for row in made}
        answers: list[bool | None] = []
        for one in claims:
            first = one.key in fresh
            fresh.discard(one.key)
            answers.append(first if one.keep_until > forgotten else None)
        return answers

    async def _forget(self, now: int, *, claimed: int) -> None:
        """Remove marks that are past their time: twice as many as came in, while there are any."""
        if now != self._looked_at:
            self._owed = max(self._owed, REMOVED_AT_ONCE)
        self._looked_at = now
        self._owed = min(self._owed + 2 * claimed, MOST_REMOVED) if self._owed else 0
        if self._owed and self._connection is not None:
            try:
                async with asyncio.timeout(PATIENCE):
                    removed = await remove_marks(self._connection, before=now, most=self._owed)
            except Exception:  # noqa: BLE001 - nobody waits for it: the next batch finds out what is wrong
                self._give_up()
            else:
                self._owed = self._owed if removed == self._owed else 0

    def _give_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    def _told(self, problem: Exception) -> str:
        said = self._where.without_secrets(str(problem)) or "it does not answer"
        return f"the marks in {self._where.name} cannot be used: {said}"


async def remove_marks(connection: Connection, *, before: int, most: int) -> int:
    """Remove marks that are past their time, and return how many there were.

    Args:
        before: seconds since the epoch.
        most: how many at most.
    """
    return int(await connection.fetchval(REMOVE, before, most) or 0)


async def _forgotten(connection: Connection) -> int:
    found = await connection.fetchval(_FORGOTTEN)
    if found is None:
        raise MarksUnavailable("the table of forgotten marks has lost its state")
    return int(found)
