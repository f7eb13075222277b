"""The table of people who signed in through another issuer, as statements name it (``store.tables``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text, delete, or_
from sqlalchemy.ext.asyncio import AsyncConnection

from actas.core.lineage import Revoked
from actas.store.tables import METADATA

KNOWN_PEOPLE: Final = Table(
    "known_people",
    METADATA,
    Column("subject", Text, primary_key=True),
    Column("mark", Text, nullable=False),
    Column("origin_mark", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
)
"""Who signed in through another issuer, as they were seen last."""

Index("known_people_mark", KNOWN_PEOPLE.c.mark)
Index("known_people_origin", KNOWN_PEOPLE.c.origin_mark)
Index("known_people_seen", KNOWN_PEOPLE.c.seen_at)

_TOGETHER: Final = 500
"""Marks in one statement."""


async def forget_known(connection: AsyncConnection, revoked: Sequence[Revoked]) -> None:
    """Remove those whom revocations end: nobody knows them until they sign in again.

    Args:
        connection: that of a transaction in the turn of revocations.
    """
    table = KNOWN_PEOPLE.c
    for first in range(0, len(revoked), _TOGETHER):
        marks = [one.mark for one in revoked[first : first + _TOGETHER]]
        theirs = or_(table.mark.in_(marks), table.origin_mark.in_(marks))
        await connection.execute(delete(KNOWN_PEOPLE).where(theirs))
