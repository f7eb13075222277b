"""Impersonations as rows: read, written, and ended by what is revoked, in one step with it.

What ends an administrator, the person or the client ends the impersonation too, although no token of it may
carry their mark. So whoever revokes ends those that bear the mark, in the same transaction, and whoever
begins one has the same turn and looks for revocations of its marks first (as ``store.refresh_families``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, get_args

import msgspec
from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from actas.core.client import PartyKind
from actas.core.impersonation import LIVE, Form, Impersonation, State, Wanted, Why
from actas.core.lineage import LATER, Revoked
from actas.core.party import Actor, Identity
from actas.store.impersonation_tables import IMPERSONATION_MARKS, IMPERSONATIONS
from actas.store.notices import bring_forward
from actas.store.words import one_of

_STATES: Final[tuple[State, ...]] = get_args(State)
_FORMS: Final[tuple[Form, ...]] = get_args(Form)
_KINDS: Final[tuple[PartyKind, ...]] = get_args(PartyKind)

_TOGETHER: Final = 500
"""Marks in one question."""


class _Details(msgspec.Struct, frozen=True, kw_only=True):
    """What nothing is looked up by."""

    apis: tuple[str, ...]
    scope: tuple[str, ...]
    rules: tuple[str, ...]
    names_actor: bool
    approval: tuple[str, ...]
    approval_within: int
    lasts: int


def approved_by(group: str) -> str:
    """Return by what those are found that a group has to approve. No mark of what ends one has a ``:``."""
    return f"approved by:{group}"


def columns_of(wanted: Wanted, *, name: str, mark: str, at: int) -> dict[str, Any]:
    """Return the row of a new one, whose state is still to be said."""
    details = _Details(
        apis=wanted.apis,
        scope=wanted.scope,
        rules=wanted.rules,
        names_actor=wanted.names_actor,
        approval=wanted.approval,
        approval_within=wanted.approval_within,
        lasts=wanted.lasts,
    )
    administrator = wanted.administrator
    return {
        "id": name,
        "mark": mark,
        "form": wanted.form,
        "administrator_iss": administrator.identity.issuer,
        "administrator": administrator.identity.subject,
        "administrator_kind": administrator.kind,
        "vouched_by": wanted.vouched_by,
        "client": wanted.client,
        "subject_iss": wanted.subject.issuer,
        "subject": wanted.subject.subject,
        "reason": wanted.why.reason,
        "ticket": wanted.why.ticket,
        "details": msgspec.json.encode(details).decode(),
        "since": wanted.since,
        "requested_at": at,
        "decided_by": "",
        "decided_at": 0,
        "began_at": 0,
        "ended_by": "",
        "ended_why": "",
    }


def read_row(row: Row[Any]) -> Impersonation:
    """Return what a row says."""
    details = msgspec.json.decode(row.details, type=_Details)
    return Impersonation(
        id=row.id,
        mark=row.mark,
        state=one_of(_STATES, row.state),
        form=one_of(_FORMS, row.form),
        administrator=Actor(
            Identity(row.administrator_iss, row.administrator), one_of(_KINDS, row.administrator_kind)
        ),
        vouched_by=row.vouched_by,
        client=row.client,
        subject=Identity(row.subject_iss, row.subject),
        why=Why(row.reason, row.ticket),
        **msgspec.structs.asdict(details),
        requested_at=row.requested_at,
        until=row.until,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        began_at=row.began_at,
        ended_by=row.ended_by,
        ended_why=row.ended_why,
    )


async def end_impersonations(
    connection: AsyncConnection, revoked: Sequence[Revoked], *, at: int
) -> tuple[list[Revoked], list[Impersonation]]:
    """End the impersonations that revocations end; return the revocations with theirs, and them as they are.

    Args:
        connection: that of a transaction in the turn of revocations.
        at: now, seconds since the epoch.
    """
    table, marks = IMPERSONATIONS.c, IMPERSONATION_MARKS.c
    known = {one.mark for one in revoked}
    more: list[Revoked] = []
    ended: list[Impersonation] = []
    for first in range(0, len(revoked), _TOGETHER):
        some = revoked[first : first + _TOGETHER]
        bearing = (
            select(IMPERSONATIONS, marks.mark.label("by_mark"))
            .join(IMPERSONATION_MARKS, marks.impersonation == table.id)
            .where(marks.mark.in_([one.mark for one in some]), table.state.in_(LIVE), table.until > at)
        )
        for row in (await connection.execute(bearing)).all():
            cause = next(one for one in some if one.mark == row.by_mark)
            if row.since > cause.up_to or any(one.id == row.id for one in ended):
                continue
            one = await close(connection, read_row(row), by="", why=f"revoked: entry {cause.entry}", at=at)
            ended.append(one)
            if row.mark not in known:
                more.append(Revoked(mark=row.mark, up_to=LATER, until=row.until, entry=cause.entry))
    return [*revoked, *more], ended


async def close(
    connection: AsyncConnection, one: Impersonation, *, by: str, why: str, at: int
) -> Impersonation:
    """Write that one has ended, and return it so."""
    ended: dict[str, Any] = {"state": "ended", "until": at, "ended_by": by, "ended_why": why}
    await connection.execute(update(IMPERSONATIONS).where(IMPERSONATIONS.c.id == one.id).values(**ended))
    await bring_forward(connection, one.id, at=at)
    return msgspec.structs.replace(one, **ended)
