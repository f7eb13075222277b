"""Who is signed in at which browser, where every node finds it (REL-23)."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from actas.core.ports import Clock
from actas.signin.session_records import KeptSession
from actas.store.database import Database
from actas.store.sweeping import remove_ended
from actas.store.tables import SESSIONS
from actas.store.trouble import DatabaseUnavailable

KEPT_LONGER: Final = 60
"""Seconds that a row outlives its session: clocks differ."""


class SqlSessions:
    """Implements ``signin.session_records.SessionStore``."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def keep(self, session: KeptSession, *, replaces: str | None) -> bool:
        gone = delete(SESSIONS).where(SESSIONS.c.digest == replaces)
        row = {
            "digest": session.digest,
            "sid": session.sid,
            "whose": session.whose,
            "sealed": session.sealed,
            "outline": session.outline,
            "seen_at": session.seen_at,
            "ends_at": session.ends_at,
        }
        try:
            async with self._database.writing(turn=_turn(replaces or session.digest)) as connection:
                if replaces is not None and (await connection.execute(gone)).rowcount != 1:
                    return False
                await connection.execute(insert(SESSIONS).values(**row))
        except IntegrityError as problem:
            raise DatabaseUnavailable("there is a session of this digest already") from problem
        return True

    async def find(self, digest: str) -> KeptSession | None:
        async with self._database.reading() as connection:
            found = await connection.execute(select(SESSIONS).where(SESSIONS.c.digest == digest))
            return _kept(found.one_or_none())

    async def named(self, sid: str) -> KeptSession | None:
        wanted = select(SESSIONS).where(SESSIONS.c.sid == sid).order_by(SESSIONS.c.ends_at.desc()).limit(1)
        async with self._database.reading() as connection:
            return _kept((await connection.execute(wanted)).one_or_none())

    async def touch(self, digest: str, *, at: int) -> None:
        used = update(SESSIONS).where(SESSIONS.c.digest == digest, SESSIONS.c.seen_at < at)
        async with self._database.writing(turn=_turn(digest)) as connection:
            await connection.execute(used.values(seen_at=at))

    async def end(self, sid: str) -> None:
        async with self._database.writing() as connection:
            await connection.execute(delete(SESSIONS).where(SESSIONS.c.sid == sid))

    async def of(self, whose: str) -> list[KeptSession]:
        async with self._database.reading() as connection:
            rows = await connection.execute(select(SESSIONS).where(SESSIONS.c.whose == whose))
            return [one for one in map(_kept, rows.all()) if one is not None]

    async def sweep(self) -> int:
        """Remove sessions that have ended, in small steps, and return how many there were.

        Raises:
            DatabaseUnavailable: the database failed; what was removed so far is.
        """
        table, before = SESSIONS.c, int(self._clock.now()) - KEPT_LONGER
        return await remove_ended(self._database, table.digest, table.ends_at, before=before)


def _turn(digest: str) -> str:
    return f"session {digest}"


def _kept(row: Row[Any] | None) -> KeptSession | None:
    if row is None:
        return None
    return KeptSession(
        digest=row.digest,
        sid=row.sid,
        whose=row.whose,
        sealed=bytes(row.sealed),
        outline=bytes(row.outline),
        seen_at=row.seen_at,
        ends_at=row.ends_at,
    )
