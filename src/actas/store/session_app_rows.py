"""The table of which apps sessions have served, and what ends those rows: one step with what is revoked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import BigInteger, Column, Index, Table, Text, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from actas.core.lineage import Revoked
from actas.store.tables import METADATA

SESSION_APPS: Final = Table(
    "session_apps",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("sid", Text, nullable=False),
    Column("client", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("vouched_by", Text, nullable=False),
    Column("session", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger, nullable=False),
    Column("entry", Text, nullable=False),
    Column("tries", BigInteger, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    Column("trouble", Text, nullable=False),
)
"""Which apps a session has served; once it has ended (``ended_at``), which of them are still to be told."""

_TOGETHER: Final = 500
"""Marks in one statement."""

KEPT_DUE: Final = 7 * 24 * 3600
"""Seconds for which it is known that an app is to be told. Long before, it is, or nobody tries any more."""

Index("session_apps_session", SESSION_APPS.c.session)
Index("session_apps_person", SESSION_APPS.c.person)
Index("session_apps_origin", SESSION_APPS.c.origin)
Index("session_apps_leaver", SESSION_APPS.c.subject, SESSION_APPS.c.vouched_by)
Index("session_apps_end", SESSION_APPS.c.ends_at)
Index(
    "session_apps_due",
    SESSION_APPS.c.next_at,
    sqlite_where=text("ended_at > 0"),
    postgresql_where=text("ended_at > 0"),
)


def ending(at: int, *, entry: str) -> dict[str, int | str]:
    """Return what is written of a row whose session ends.

    Args:
        at: seconds since the epoch.
        entry: the audit entry of what ended it; empty for a change of the configuration.
    """
    return {"ended_at": at, "next_at": at, "ends_at": at + KEPT_DUE, "entry": entry}


async def end_served(connection: AsyncConnection, revoked: Sequence[Revoked], *, at: int) -> None:
    """Have the apps told whose sessions revocations end.

    Args:
        connection: that of a transaction in the turn of revocations.
        at: now, seconds since the epoch.
    """
    table = SESSION_APPS.c
    alike: dict[tuple[int, str], list[str]] = {}
    for one in revoked:
        alike.setdefault((one.up_to, one.entry), []).append(one.mark)
    for (up_to, entry), marks in alike.items():
        goes_on = (table.since <= up_to, table.ended_at == 0, table.ends_at > at)
        for first in range(0, len(marks), _TOGETHER):
            # Each column by itself: of alternatives no index finds the rows.
            for column in (table.session, table.person, table.origin):
                ended = update(SESSION_APPS).where(column.in_(marks[first : first + _TOGETHER]), *goes_on)
                await connection.execute(ended.values(**ending(at, entry=entry)))
