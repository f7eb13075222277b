"""Impersonations, where every node finds them; each step of the life of one is one transaction.

Whoever begins one, decides on it or ends it has the turn of revocations, in which they come one after the
other over all nodes: so limits are exact, an approval is used once, and what is revoked at the same moment is
seen.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import msgspec
from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from actas.core.impersonation import (
    LIVE,
    Begun,
    Impersonation,
    MarksRevoked,
    Place,
    State,
    Telling,
    TooMany,
    Wanted,
    the_same,
)
from actas.core.lineage import LATER, Revoked
from actas.core.party import Identity
from actas.core.ports import Clock
from actas.policy.impersonation import LONGEST_APPROVAL, LONGEST_IMPERSONATION
from actas.store.database import Database
from actas.store.impersonation_rows import approved_by, close, columns_of, read_row
from actas.store.impersonation_tables import IMPERSONATION_MARKS, IMPERSONATIONS
from actas.store.notices import put_notices
from actas.store.outbox import Outbox
from actas.store.refresh_families import TURN, is_revoked
from actas.store.revocations import RevocationList
from actas.store.sweeping import MOST_SWEPT, in_steps

KEPT: Final = 90 * 24 * 3600
"""Seconds for which the person may look up who acted as them, after it was asked for."""

HOUR: Final = 3600

LIVES: Final = 2 * LONGEST_APPROVAL + LONGEST_IMPERSONATION
"""Seconds after which one that was asked for is over, whatever a configuration said: approved as late as can
be, begun as late as can be. Whoever begins one has the turn of revocations, and looks no further back."""


class _NotLive(Exception):
    """It had ended already: the transaction is undone."""


class SqlImpersonations:
    """Implements ``core.impersonation.ImpersonationStore``.

    Args:
        revoked: where the tokens of one that ends are revoked.
    """

    def __init__(self, database: Database, *, revoked: RevocationList, clock: Clock) -> None:
        self._database = database
        self._revoked = revoked
        self._outbox = Outbox(database)
        self._clock = clock

    async def find(self, name: str) -> Impersonation | None:
        async with self._database.reading() as connection:
            return await _found(connection, name)

    async def begin(self, wanted: Wanted, name: str, mark: str, *, at: int, telling: Telling) -> Begun:
        async with self._database.writing(turn=TURN) as connection:
            if await is_revoked(connection, wanted.marks, since=wanted.since):
                raise MarksRevoked
            there = await _there(connection, wanted, at=at)
            if there is not None and there.state in ("running", "waiting"):
                return Begun(impersonation=there, fresh=False)
            await _require_room(connection, wanted, at=at, approved=there is not None)
            if there is not None:
                one = await _go_on(connection, there, at=at)
            else:
                one = await _put(connection, wanted, name, mark, at=at)
            await self._outbox.put(connection, [telling(one)])
        return Begun(impersonation=one, fresh=True)

    async def decide(
        self, name: str, *, approved: bool, by: str, why: str = "", at: int, telling: Telling
    ) -> Impersonation | None:
        async with self._database.writing(turn=TURN) as connection:
            one = await _found(connection, name)
            if one is None or one.state != "waiting" or at >= one.until:
                return None
            state: State = "approved" if approved else "refused"
            decided = {
                "state": state,
                "until": at + one.approval_within if approved else at,
                "decided_by": by,
                "decided_at": at,
                "ended_why": "" if approved else why,
            }
            one = await _changed(connection, one, decided)
            await self._outbox.put(connection, [telling(one)])
        return one

    async def end(self, name: str, *, by: str, why: str, at: int, telling: Telling) -> Impersonation | None:
        known = await self.find(name)
        if known is None or not known.is_live(at):
            return None
        ended = msgspec.structs.replace(known, state="ended", until=at, ended_by=by, ended_why=why)
        record = telling(ended)

        async def end_it(connection: AsyncConnection) -> None:
            one = await _found(connection, name)
            if one is None or not one.is_live(at):
                raise _NotLive
            await close(connection, one, by=by, why=why, at=at)

        # It may begin at this very moment, and last from now.
        until = max(known.until, at + known.lasts)
        revoked = Revoked(mark=known.mark, up_to=LATER, until=until, entry=record.entry)
        try:
            await self._revoked.add([revoked], record=record, within=end_it)
        except _NotLive:
            return None
        return ended

    async def of_subject(
        self, subject: Identity, *, most: int, after: Place | None = None
    ) -> list[Impersonation]:
        return await self._several(_about(subject), IMPERSONATIONS.c.began_at > 0, most=most, after=after)

    async def running_as(self, subject: Identity, *, at: int) -> list[Impersonation]:
        table = IMPERSONATIONS.c
        return await self._several(_about(subject), table.state == "running", table.until > at)

    async def concerning(
        self, who: Identity, groups: Collection[str], *, most: int, after: Place | None = None
    ) -> list[Impersonation]:
        marks = IMPERSONATION_MARKS.c
        theirs = select(marks.impersonation).where(marks.mark.in_([approved_by(one) for one in groups]))
        concerned = or_(_by(who), _about(who), IMPERSONATIONS.c.id.in_(theirs))
        return await self._several(concerned, most=most, after=after)

    async def newest(self, *, most: int, after: Place | None = None) -> list[Impersonation]:
        return await self._several(most=most, after=after)

    async def written(self, entry: str) -> None:
        await self._outbox.written(entry)

    async def sweep(self) -> int:
        """Remove those that are of no interest any more, in small steps, and return how many.

        Raises:
            DatabaseUnavailable: the database failed; what was removed so far is.
        """
        table, marks = IMPERSONATIONS.c, IMPERSONATION_MARKS.c.impersonation

        async def step(connection: AsyncConnection) -> int:
            old = (
                select(table.id)
                .where(table.requested_at < int(self._clock.now()) - KEPT)
                .order_by(table.requested_at)
                .limit(MOST_SWEPT)
            )
            names = (await connection.execute(old)).scalars().all()
            if names:
                await connection.execute(delete(IMPERSONATION_MARKS).where(marks.in_(names)))
                await connection.execute(delete(IMPERSONATIONS).where(table.id.in_(names)))
            return len(names)

        return await in_steps(self._database, step)

    async def _several(
        self, *conditions: Any, most: int | None = None, after: Place | None = None
    ) -> list[Impersonation]:
        table = IMPERSONATIONS.c
        wanted = select(IMPERSONATIONS).where(*conditions).order_by(table.requested_at.desc(), table.id)
        if after is not None:
            at = after.requested_at
            wanted = wanted.where(table.requested_at <= at, or_(table.requested_at < at, table.id > after.id))
        if most is not None:
            wanted = wanted.limit(most)
        async with self._database.reading() as connection:
            return [read_row(row) for row in (await connection.execute(wanted)).all()]


async def _found(connection: AsyncConnection, name: str) -> Impersonation | None:
    row = (await connection.execute(select(IMPERSONATIONS).where(IMPERSONATIONS.c.id == name))).first()
    return None if row is None else read_row(row)


def _of_administrator(wanted: Wanted, *, since: int) -> Any:
    """Those of an administrator that were asked for later than then, by the index of both."""
    return _by(wanted.administrator.identity) & (IMPERSONATIONS.c.requested_at > since)


def _by(administrator: Identity) -> Any:
    table = IMPERSONATIONS.c
    return (table.administrator_iss == administrator.issuer) & (table.administrator == administrator.subject)


def _about(subject: Identity) -> Any:
    table = IMPERSONATIONS.c
    return (table.subject_iss == subject.issuer) & (table.subject == subject.subject)


async def _there(connection: AsyncConnection, wanted: Wanted, *, at: int) -> Impersonation | None:
    """Return the one that the administrator has for that person through that client, or None."""
    table = IMPERSONATIONS.c
    same = (
        select(IMPERSONATIONS)
        .where(
            _of_administrator(wanted, since=at - LIVES),
            table.client == wanted.client,
            _about(wanted.subject),
            table.state.in_(LIVE),
            table.until > at,
        )
        .order_by(table.requested_at.desc())
    )
    kept = [read_row(row) for row in (await connection.execute(same)).all()]
    return the_same(kept, wanted)


async def _require_room(connection: AsyncConnection, wanted: Wanted, *, at: int, approved: bool) -> None:
    """Return when the administrator may have one more.

    Raises:
        TooMany: they may not, yet.
    """
    table = IMPERSONATIONS.c
    who = wanted.administrator.identity.subject
    theirs = select(IMPERSONATIONS).where(
        _of_administrator(wanted, since=at - LIVES), table.state == "running", table.until > at
    )
    rows = (await connection.execute(theirs.order_by(table.until, table.id))).all()
    running = [read_row(row) for row in rows]
    if len(running) >= wanted.at_once:
        detail = f"{who} acts as {len(running)} already, and {wanted.at_once} at once are allowed"
        raise TooMany(detail, retry_after=max(1, running[0].until - at), running=running)
    if approved:
        return  # it was counted when it was asked for
    lately = select(func.count(), func.min(table.requested_at)).where(
        _of_administrator(wanted, since=at - HOUR)
    )
    count, first = (await connection.execute(lately)).one()
    if count >= wanted.per_hour:
        detail = f"{who} wanted {count} within an hour, and {wanted.per_hour} are allowed"
        raise TooMany(detail, retry_after=max(1, first + HOUR - at))


async def _put(
    connection: AsyncConnection, wanted: Wanted, name: str, mark: str, *, at: int
) -> Impersonation:
    row = columns_of(wanted, name=name, mark=mark, at=at)
    if wanted.approval:
        row |= {"state": "waiting", "until": at + wanted.approval_within}
    else:
        row |= {"state": "running", "until": at + wanted.lasts, "began_at": at}
    await connection.execute(insert(IMPERSONATIONS).values(**row))
    marks = dict.fromkeys((mark, *wanted.marks, *map(approved_by, wanted.approval[:1])))
    rows = [{"mark": one, "impersonation": name} for one in marks]
    await connection.execute(insert(IMPERSONATION_MARKS), rows)
    made = await _found(connection, name)
    if made is None:
        raise LookupError(f"{name} was written and is not there")
    if made.state == "running":
        await put_notices(connection, name, began_at=at, until=made.until)
    return made


async def _go_on(connection: AsyncConnection, one: Impersonation, *, at: int) -> Impersonation:
    """Begin one that was approved: now, once, and for as long as it lasts."""
    await put_notices(connection, one.id, began_at=at, until=at + one.lasts)
    return await _changed(connection, one, {"state": "running", "began_at": at, "until": at + one.lasts})


async def _changed(connection: AsyncConnection, one: Impersonation, values: dict[str, Any]) -> Impersonation:
    await connection.execute(update(IMPERSONATIONS).where(IMPERSONATIONS.c.id == one.id).values(**values))
    return msgspec.structs.replace(one, **values)
