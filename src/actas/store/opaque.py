"""What opaque tokens stand for, where every node finds it: by the keyed digest of the text alone (SEC-96).

Tokens that are made at the same time share a transaction, so that the disk is waited for once. One that was
kept while nobody waited any longer is known to nobody, and goes when it ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import insert, select

from actas.core.errors import StoreUnavailable
from actas.core.ports import Clock
from actas.keys.opaque import KeptToken
from actas.store.database import Database
from actas.store.sweeping import remove_ended
from actas.store.tables import OPAQUE_TOKENS
from actas.store.trouble import DatabaseUnavailable

BATCH: Final = 128
"""The most tokens that share a transaction."""

MOST_WAITING: Final = 4096

KEPT_LONGER: Final = 60
"""Seconds that a row outlives its token, so that a token that has just ended is said to have ended."""

TOPIC: Final = "opaque tokens"
"""Whose turn it is to write."""


@dataclass(frozen=True, slots=True)
class _Waiter:
    token: KeptToken
    kept: asyncio.Future[None]


class SqlOpaqueTokens:
    """Implements ``keys.opaque.OpaqueTokenStore``."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._waiting: list[_Waiter] = []
        self._writing: asyncio.Task[None] | None = None

    async def keep(self, token: KeptToken) -> None:
        if len(self._waiting) >= MOST_WAITING:
            raise DatabaseUnavailable(f"{MOST_WAITING} opaque tokens wait to be kept")
        waiter = _Waiter(token, asyncio.get_running_loop().create_future())
        self._waiting.append(waiter)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        await waiter.kept

    async def find(self, digest: str) -> KeptToken | None:
        wanted = select(OPAQUE_TOKENS).where(OPAQUE_TOKENS.c.digest == digest)
        async with self._database.reading() as connection:
            row = (await connection.execute(wanted)).one_or_none()
        return None if row is None else KeptToken(digest=digest, sealed=row.sealed, expires_at=row.expires_at)

    async def sweep(self) -> int:
        """Remove what has ended, in small steps, and return how many there were.

        Raises:
            DatabaseUnavailable: the database failed; what was removed so far is.
        """
        table, before = OPAQUE_TOKENS.c, int(self._clock.now()) - KEPT_LONGER
        return await remove_ended(self._database, table.digest, table.expires_at, before=before, turn=TOPIC)

    async def _write(self) -> None:
        """Write batch after batch, until nobody waits."""
        while self._waiting:
            batch, self._waiting = self._waiting[:BATCH], self._waiting[BATCH:]
            trouble: Exception | None = None
            try:
                await self._insert([one.token for one in batch])
            except Exception as problem:  # noqa: BLE001 - whatever it is, nobody of the batch gets a token
                trouble = problem
            for one in batch:
                if one.kept.done():
                    continue
                if trouble is None:
                    one.kept.set_result(None)
                else:
                    one.kept.set_exception(_unavailable(trouble))

    async def _insert(self, tokens: Sequence[KeptToken]) -> None:
        rows = [{"digest": one.digest, "sealed": one.sealed, "expires_at": one.expires_at} for one in tokens]
        async with self._database.writing(turn=TOPIC) as connection:
            await connection.execute(insert(OPAQUE_TOKENS), rows)


def _unavailable(trouble: Exception) -> StoreUnavailable:
    return DatabaseUnavailable(f"the opaque token was not kept: {trouble}")
