"""Families of refresh tokens and what is revoked: one step, so that neither escapes the other.

A family outlives the token that it came from, so a revocation of that token must outlive it too, or the
family would come back to life when the row is swept. Whoever revokes ends the families that bear the mark, in
the same transaction, and keeps the row until the last of their tokens has ended. Whoever begins a family has
the same turn, and looks for revocations of its marks first: what was revoked on another node a moment ago is
there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from actas.core.lineage import Revoked
from actas.store.tables import REFRESH_FAMILIES, REFRESH_MARKS, REVOCATIONS

TURN: Final = "revocations"
"""Whose turn it is to revoke, or to begin a family."""


_TOGETHER: Final = 500
"""Marks in one question."""


async def end_families(connection: AsyncConnection, revoked: Sequence[Revoked]) -> list[Revoked]:
    """End what revocations end, and return them: each lasts until all that came of what it ended has ended.

    Args:
        connection: that of a transaction in the turn ``TURN``.
    """
    families, marks = REFRESH_FAMILIES.c, REFRESH_MARKS.c
    lasting: list[Revoked] = []
    for first in range(0, len(revoked), _TOGETHER):
        some = revoked[first : first + _TOGETHER]
        bearing = (
            select(marks.mark, families.since, families.ends_at)
            .join(REFRESH_FAMILIES, families.id == marks.family)
            .where(marks.mark.in_([one.mark for one in some]))
        )
        found = (await connection.execute(bearing)).all()
        for one in some:
            ended = [row for row in found if row.mark == one.mark and row.since <= one.up_to]
            if ended:
                hit = families.id.in_(select(marks.family).where(marks.mark == one.mark))
                end = update(REFRESH_FAMILIES).where(hit, families.since <= one.up_to)
                await connection.execute(end.values(ended=1))
                one = msgspec.structs.replace(one, until=max(one.until, *(row.ends_at for row in ended)))
            lasting.append(one)
    return lasting


async def is_revoked(connection: AsyncConnection, marks: Sequence[str], *, since: int) -> bool:
    """Return whether something was revoked that ends a token of these marks.

    Args:
        connection: that of a transaction in the turn ``TURN``.
        since: as in ``core.lineage.Lineage``.
    """
    table = REVOCATIONS.c
    wanted = select(table.seq).where(table.mark.in_(marks), table.up_to >= since).limit(1)
    return (await connection.execute(wanted)).first() is not None
