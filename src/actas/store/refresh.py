"""Refresh tokens, where every node finds them (REL-23).

Which token of a family is good is one number, the family's ``generation``: whoever moves it on from the
number that he found has used the token, and of two that try at once one does. Tokens that were used stay as
digests, without what they stood for, until the family ends: who presents one shows that there is a copy.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from actas.core.ports import Clock
from actas.keys.refresh import FoundRefresh, KeptFamily, KeptRefresh
from actas.store.database import Database
from actas.store.refresh_families import TURN, is_revoked
from actas.store.sweeping import MOST_SWEPT
from actas.store.tables import REFRESH_FAMILIES, REFRESH_MARKS, REFRESH_TOKENS
from actas.store.trouble import DatabaseUnavailable

KEPT_LONGER: Final = 600
"""Seconds that a family outlives its end, so that what comes late is told why."""

_NOTHING: Final = b""


class SqlRefreshTokens:
    """Implements ``keys.refresh.RefreshStore``."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def begin(self, family: KeptFamily, token: KeptRefresh, *, at: int) -> bool:
        try:
            async with self._database.writing(turn=TURN) as connection:
                if await is_revoked(connection, family.marks, since=family.since):
                    return False
                await connection.execute(
                    insert(REFRESH_FAMILIES).values(
                        id=family.id,
                        client=family.client,
                        bound_to=family.key,
                        since=family.since,
                        ends_at=family.ends_at,
                        until=token.until,
                        generation=token.generation,
                        renewed_at=at,
                        ended=0,
                    )
                )
                marks = [{"mark": one, "family": family.id} for one in family.marks]
                await connection.execute(insert(REFRESH_MARKS), marks)
                await connection.execute(insert(REFRESH_TOKENS).values(**_columns(token)))
        except IntegrityError as problem:
            raise DatabaseUnavailable(
                "there is a refresh token or a family of this name already"
            ) from problem
        return True

    async def find(self, digest: str) -> FoundRefresh | None:
        tokens, families = REFRESH_TOKENS.c, REFRESH_FAMILIES.c
        wanted = (
            select(
                tokens.family,
                tokens.generation,
                tokens.sealed,
                tokens.until,
                families.generation.label("newest"),
                families.renewed_at,
                families.ended,
                families.client,
                families.bound_to,
                families.ends_at,
            )
            .join(REFRESH_FAMILIES, families.id == tokens.family)
            .where(tokens.digest == digest)
        )
        async with self._database.reading() as connection:
            row = (await connection.execute(wanted)).one_or_none()
        if row is None:
            return None
        token = KeptRefresh(
            digest=digest, family=row.family, generation=row.generation, sealed=row.sealed, until=row.until
        )
        return FoundRefresh(
            token=token,
            newest=row.newest,
            renewed_at=row.renewed_at,
            ended=bool(row.ended),
            client=row.client,
            key=row.bound_to,
            ends_at=row.ends_at,
        )

    async def follow(self, used: str, successor: KeptRefresh, *, at: int) -> bool:
        tokens, families = REFRESH_TOKENS.c, REFRESH_FAMILIES.c
        before = successor.generation - 1
        move = (
            update(REFRESH_FAMILIES)
            .where(families.id == successor.family, families.generation == before, families.ended == 0)
            .values(generation=successor.generation, renewed_at=at, until=successor.until)
        )
        # What its predecessor stood for is needed no more: a copy of it is known by its digest.
        forget = (
            update(REFRESH_TOKENS)
            .where(tokens.family == successor.family, tokens.generation == before - 1)
            .values(sealed=_NOTHING)
        )
        found = select(tokens.generation).where(tokens.digest == used, tokens.family == successor.family)
        async with self._database.writing(turn=f"refresh {successor.family}") as connection:
            if (await connection.execute(found)).scalar() != before:
                return False
            if (await connection.execute(move)).rowcount != 1:
                return False
            await connection.execute(forget)
            await connection.execute(insert(REFRESH_TOKENS).values(**_columns(successor)))
        return True

    async def put_back(self, successor: KeptRefresh, *, renewed_at: int) -> None:
        tokens, families = REFRESH_TOKENS.c, REFRESH_FAMILIES.c
        before = select(tokens.until).where(
            tokens.family == successor.family, tokens.generation == successor.generation - 1
        )
        move = (
            update(REFRESH_FAMILIES)
            .where(families.id == successor.family, families.generation == successor.generation)
            .values(
                generation=successor.generation - 1, renewed_at=renewed_at, until=before.scalar_subquery()
            )
        )
        gone = delete(REFRESH_TOKENS).where(
            tokens.digest == successor.digest, tokens.generation == successor.generation
        )
        async with self._database.writing(turn=f"refresh {successor.family}") as connection:
            if (await connection.execute(move)).rowcount == 1:
                await connection.execute(gone)

    async def sweep(self) -> int:
        """Remove families that have ended, in small steps, and return how many tokens they had.

        Raises:
            DatabaseUnavailable: the database failed; what was removed so far is.
        """
        removed = 0
        while (count := await self._sweep_some()) is not None:
            removed += count
        return removed

    async def _sweep_some(self) -> int | None:
        """Remove some rows, the families last; None when there is nothing left to remove."""
        before = int(self._clock.now()) - KEPT_LONGER
        families, tokens, marks = REFRESH_FAMILIES.c, REFRESH_TOKENS.c, REFRESH_MARKS.c
        old = select(families.id).where(families.until < before).order_by(families.until).limit(MOST_SWEPT)
        async with self._database.writing() as connection:
            ended = (await connection.execute(old)).scalars().all()
            if not ended:
                return None
            some = select(tokens.digest).where(tokens.family.in_(ended)).limit(MOST_SWEPT)
            digests = (await connection.execute(some)).scalars().all()
            if digests:
                await connection.execute(delete(REFRESH_TOKENS).where(tokens.digest.in_(digests)))
            if len(digests) < MOST_SWEPT:
                await connection.execute(delete(REFRESH_MARKS).where(marks.family.in_(ended)))
                await connection.execute(delete(REFRESH_FAMILIES).where(families.id.in_(ended)))
        return len(digests)


def _columns(token: KeptRefresh) -> dict[str, str | int | bytes]:
    return {
        "digest": token.digest,
        "family": token.family,
        "generation": token.generation,
        "sealed": token.sealed,
        "until": token.until,
    }
