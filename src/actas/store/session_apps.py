"""Which apps sessions have served, and which are to be told of an end, where every node finds it (REL-23).

Whoever is about to tell an app moves the notice on to a later time, in one step: nobody else tells it before
then, and somebody does after it, when the process that took it died. One that was only slow changes nothing
about it any more.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from sqlalchemy import Row, and_, case, delete, func, insert, or_, select, update

from actas.core.ports import Clock, SystemChance
from actas.signin.served import DueNotice, Leaver, ServedApp, Trouble
from actas.store.database import Database
from actas.store.refresh_families import TURN, is_revoked
from actas.store.session_app_rows import SESSION_APPS, ending
from actas.store.sweeping import remove_ended

KEPT_LONGER: Final = 60
"""Seconds that a row outlives its session: clocks differ."""

_TOGETHER: Final = 100
"""People named in one statement."""


class SqlSessionApps:
    """Implements ``signin.served.SessionApps``."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._chance = SystemChance()

    async def serve(self, app: ServedApp) -> bool:
        table = SESSION_APPS.c
        known = and_(table.session == app.session, table.client == app.client, table.ended_at == 0)
        moved = case((table.ends_at > app.ends_at, table.ends_at), else_=app.ends_at)
        async with self._database.writing(turn=TURN) as connection:
            if await is_revoked(connection, (app.session, app.person, app.origin), since=app.since):
                return False
            again = update(SESSION_APPS).where(known).values(ends_at=moved)
            if (await connection.execute(again)).rowcount == 0:
                row = {
                    "id": self._chance.token(16),
                    "sid": app.sid,
                    "client": app.client,
                    "subject": app.subject,
                    "vouched_by": app.vouched_by,
                    "session": app.session,
                    "person": app.person,
                    "origin": app.origin,
                    "since": app.since,
                    "ends_at": app.ends_at,
                    "ended_at": 0,
                    "entry": "",
                    "tries": 0,
                    "next_at": 0,
                    "trouble": "",
                }
                await connection.execute(insert(SESSION_APPS).values(**row))
        return True

    async def signed_in(self, *, at: int) -> set[Leaver]:
        table = SESSION_APPS.c
        wanted = select(table.subject, table.vouched_by).where(table.ended_at == 0, table.ends_at > at)
        async with self._database.reading() as connection:
            rows = (await connection.execute(wanted.distinct())).all()
        return {Leaver(row.subject, row.vouched_by) for row in rows}

    async def end_of(self, leavers: Collection[Leaver], *, at: int) -> int:
        table, listed, ended = SESSION_APPS.c, sorted(leavers), 0
        for first in range(0, len(listed), _TOGETHER):
            some = listed[first : first + _TOGETHER]
            theirs = or_(
                *(and_(table.subject == one.subject, table.vouched_by == one.vouched_by) for one in some)
            )
            change = update(SESSION_APPS).where(theirs, table.ended_at == 0, table.ends_at > at)
            async with self._database.writing(turn=TURN) as connection:
                done = await connection.execute(change.values(**ending(at, entry="")))
            ended += done.rowcount
        return ended

    async def waiting(self, *, at: int) -> list[str]:
        table = SESSION_APPS.c
        due = select(table.client).where(table.ended_at > 0, table.next_at <= at).distinct()
        async with self._database.reading() as connection:
            return [*(await connection.execute(due.order_by(table.client))).scalars().all()]

    async def claim(self, client: str, *, most: int, at: int, until: int) -> list[DueNotice]:
        table = SESSION_APPS.c
        due = (
            select(SESSION_APPS)
            .where(table.ended_at > 0, table.next_at <= at, table.client == client)
            .order_by(table.next_at, table.id)
            .limit(most)
        )
        async with self._database.writing(turn=f"session apps {client}") as connection:
            rows = (await connection.execute(due)).all()
            taken = update(SESSION_APPS).where(table.id.in_([row.id for row in rows]))
            if rows:
                await connection.execute(taken.values(next_at=until, tries=table.tries + 1))
        return [_notice(row) for row in rows]

    async def postpone(self, notice: DueNotice, *, next_at: int, detail: str) -> None:
        failed = update(SESSION_APPS).where(_as_taken(notice)).values(next_at=next_at, trouble=detail)
        async with self._database.writing(turn=f"session apps {notice.client}") as connection:
            await connection.execute(failed)

    async def settle(self, notices: Collection[DueNotice]) -> None:
        for client in {one.client for one in notices}:
            theirs = or_(*(_as_taken(one) for one in notices if one.client == client))
            async with self._database.writing(turn=f"session apps {client}") as connection:
                await connection.execute(delete(SESSION_APPS).where(theirs))

    async def troubles(self) -> list[Trouble]:
        table = SESSION_APPS.c
        failed = (table.ended_at > 0, table.trouble != "")
        counted = select(table.client, func.count().label("waiting"), func.max(table.tries).label("tries"))
        counted = counted.where(*failed).group_by(table.client).order_by(table.client)
        found: list[Trouble] = []
        async with self._database.reading() as connection:
            for row in (await connection.execute(counted)).all():
                worst = select(table.trouble).where(*failed, table.client == row.client)
                worst = worst.order_by(table.tries.desc(), table.id).limit(1)
                detail = await connection.scalar(worst) or ""
                found.append(Trouble(row.client, row.waiting, row.tries, detail))
        return found

    async def sweep(self) -> int:
        """Forget the apps of sessions that ended, in small steps, and return how many.

        Raises:
            DatabaseUnavailable: the database failed; what was removed so far is.
        """
        table, before = SESSION_APPS.c, int(self._clock.now()) - KEPT_LONGER
        return await remove_ended(self._database, table.id, table.ends_at, before=before)


def _as_taken(notice: DueNotice) -> Any:
    """Return which row a notice is, as long as nobody else has taken it since."""
    return and_(SESSION_APPS.c.id == notice.id, SESSION_APPS.c.tries == notice.tries)


def _notice(row: Row[Any]) -> DueNotice:
    return DueNotice(
        id=row.id,
        sid=row.sid,
        client=row.client,
        subject=row.subject,
        ended_at=row.ended_at,
        entry=row.entry,
        tries=row.tries + 1,
    )
