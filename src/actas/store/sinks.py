"""What is known of sinks, in the main database: the lease of each, how far it has come, what went wrong.

Everything that a holder writes is written on condition that the lease still is its own, in the same
transaction, so that nothing of one who lost it is ever kept.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Row, Update, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from actas.audit.chain import EMPTY, Head
from actas.audit.sinks import Due, Fenced, SinkState
from actas.store.database import Database
from actas.store.tables import AUDIT_SINK_CURSORS, AUDIT_SINKS

TOPIC: Final = "sinks"
"""Whose turn it is to write."""

_NOTHING_DUE: Final = {"due_stream": "", "due_after": 0, "due_upto": 0}
_NO_TROUBLE: Final = {"trouble": "", "trouble_since": 0, "refused": ""}

MAX_TEXT: Final = 500
"""Characters of what went wrong."""


class SqlSinks:
    """Implements ``audit.sinks.SinkStore``.

    Args:
        log: which log of those that share the database; empty for the only one.
    """

    def __init__(self, database: Database, *, log: str = "") -> None:
        self._database = database
        self._log = log

    async def state(self, sink: str) -> SinkState:
        async with self._database.reading() as connection:
            return await self._read(connection, sink) or SinkState()

    async def take(self, sink: str, *, holder: str, seen: tuple[int, int] | None) -> int | None:
        async with self._database.writing(turn=TOPIC) as connection:
            found = await self._read(connection, sink)
            if found is None:
                first = {**self._new(sink), "holder": holder, "fence": 1}
                await connection.execute(insert(AUDIT_SINKS).values(**first))
                return 1
            if found.holder and (found.fence, found.beat) != seen:
                return None
            taken = self._update(sink).values(holder=holder, fence=found.fence + 1, beat=0)
            await connection.execute(taken)
            return found.fence + 1

    async def renew(self, sink: str, *, fence: int, behind_since: int, behind_bytes: int) -> None:
        async with self._database.writing(turn=TOPIC) as connection:
            await self._held(connection, sink, fence, behind_since=behind_since, behind_bytes=behind_bytes)

    async def plan(self, sink: str, due: Due, *, fence: int) -> None:
        async with self._database.writing(turn=TOPIC) as connection:
            changes = {"due_stream": due.stream, "due_after": due.after, "due_upto": due.upto}
            await self._held(connection, sink, fence, AUDIT_SINKS.c.paused_by == "", **changes)

    async def advance(self, sink: str, stream: str, has: Head, *, fence: int, at: int) -> None:
        async with self._database.writing(turn=TOPIC) as connection:
            taken = {"delivered_at": at} if at else {}
            await self._held(connection, sink, fence, **_NOTHING_DUE, **_NO_TROUBLE, **taken)
            await self._put(connection, sink, stream, has)

    async def fail(self, sink: str, *, fence: int, trouble: str, refused: bool, at: int) -> None:
        async with self._database.writing(turn=TOPIC) as connection:
            said = trouble[:MAX_TEXT]
            await self._held(connection, sink, fence, trouble=said, refused=said if refused else "")
            since = self._update(sink).where(AUDIT_SINKS.c.trouble_since == 0)
            await connection.execute(since.values(trouble_since=at))

    async def release(self, sink: str, *, fence: int) -> None:
        async with self._database.writing(turn=TOPIC) as connection:
            await connection.execute(self._update(sink).where(AUDIT_SINKS.c.fence == fence).values(holder=""))

    async def pause(self, sink: str, *, by: str) -> None:
        """Deliver nothing more to a sink, from the next delivery on.

        Args:
            by: who wants it; empty to go on.

        Raises:
            DatabaseUnavailable: it could not be written.
        """
        async with self._database.writing(turn=TOPIC) as connection:
            if await self._read(connection, sink) is None:
                await connection.execute(insert(AUDIT_SINKS).values(**self._new(sink)))
            await connection.execute(self._update(sink).values(paused_by=by))

    async def retry(self, sink: str) -> None:
        """Have what is due tried at once: whoever delivers begins anew.

        Raises:
            DatabaseUnavailable: it could not be written.
        """
        async with self._database.writing(turn=TOPIC) as connection:
            await self._begin_anew(connection, sink)

    async def rewind(self, sink: str, stream: str) -> None:
        """Have a stream delivered again from its beginning.

        Raises:
            DatabaseUnavailable: it could not be written.
        """
        async with self._database.writing(turn=TOPIC) as connection:
            await self._begin_anew(connection, sink, **_NOTHING_DUE, **_NO_TROUBLE)
            await self._put(connection, sink, stream, EMPTY)

    async def skip(self, sink: str, due: Due, *, has: Head) -> bool:
        """Take what a sink will not have for delivered, if that still is what is due.

        Args:
            has: the entry that the sink counts as having then.

        Returns:
            Whether it was.

        Raises:
            DatabaseUnavailable: it could not be written.
        """
        async with self._database.writing(turn=TOPIC) as connection:
            found = await self._read(connection, sink)
            if found is None or found.due != due or not found.refused:
                return False
            await self._begin_anew(connection, sink, **_NOTHING_DUE, **_NO_TROUBLE)
            await self._put(connection, sink, due.stream, has)
            return True

    async def _read(self, connection: AsyncConnection, sink: str) -> SinkState | None:
        table = AUDIT_SINKS.c
        wanted = select(AUDIT_SINKS).where(table.sink == sink, table.log == self._log)
        row = (await connection.execute(wanted)).one_or_none()
        if row is None:
            return None
        cursors = AUDIT_SINK_CURSORS.c
        has = select(AUDIT_SINK_CURSORS).where(cursors.sink == sink, cursors.log == self._log)
        return _state(row, (await connection.execute(has)).all())

    async def _held(
        self, connection: AsyncConnection, sink: str, fence: int, *conditions: Any, **changes: Any
    ) -> None:
        """Change the row of a sink while the lease is held; any change is a sign of life.

        Raises:
            Fenced: it is not, or a condition does not hold.
        """
        table = AUDIT_SINKS.c
        change = self._update(sink).where(table.fence == fence, table.holder != "", *conditions)
        done = await connection.execute(change.values(beat=table.beat + 1, **changes))
        if done.rowcount != 1:
            raise Fenced

    async def _begin_anew(self, connection: AsyncConnection, sink: str, **changes: Any) -> None:
        """Take the lease from its holder, who cannot say afterwards what became of what it is trying."""
        anew = self._update(sink).values(fence=AUDIT_SINKS.c.fence + 1, holder="", **changes)
        await connection.execute(anew)

    async def _put(self, connection: AsyncConnection, sink: str, stream: str, has: Head) -> None:
        table = AUDIT_SINK_CURSORS.c
        here = (table.sink == sink, table.log == self._log, table.stream == stream)
        values = {"seq": has.seq, "hash": has.hash}
        if (await connection.execute(update(AUDIT_SINK_CURSORS).where(*here).values(**values))).rowcount != 1:
            place = {"sink": sink, "log": self._log, "stream": stream}
            await connection.execute(insert(AUDIT_SINK_CURSORS).values(**place, **values))

    def _update(self, sink: str) -> Update:
        return update(AUDIT_SINKS).where(AUDIT_SINKS.c.sink == sink, AUDIT_SINKS.c.log == self._log)

    def _new(self, sink: str) -> dict[str, Any]:
        times = dict.fromkeys(("beat", "delivered_at", "behind_since", "behind_bytes"), 0)
        place = {"sink": sink, "log": self._log}
        return {**place, "holder": "", "fence": 0, "paused_by": "", **times, **_NOTHING_DUE, **_NO_TROUBLE}


def _state(row: Row[Any], cursors: Any) -> SinkState:
    due = Due(stream=row.due_stream, after=row.due_after, upto=row.due_upto)
    return SinkState(
        holder=row.holder,
        fence=row.fence,
        beat=row.beat,
        paused_by=row.paused_by,
        due=due if due.stream else None,
        refused=row.refused,
        trouble=row.trouble,
        trouble_since=row.trouble_since,
        delivered_at=row.delivered_at,
        behind_since=row.behind_since,
        behind_bytes=row.behind_bytes,
        has={one.stream: Head(one.seq, one.hash) if one.seq else EMPTY for one in cursors},
    )
