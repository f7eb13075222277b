"""Who acted as a person, in words that the person understands."""

from __future__ import annotations

from datetime import UTC, datetime

from actas.core.impersonation import Impersonation, name_of
from actas.core.party import Identity
from actas.signin.account import Mine
from actas.signin.request import Registered
from actas.web.pages.account import ImpersonationRow
from actas.web.pages.parts import ScopeLine


def rows_of(mine: Mine, registered: Registered) -> tuple[ImpersonationRow, ...]:
    """Return a row for each time that somebody acts or acted as a person, the running ones first.

    Args:
        registered: says what the scopes of an API allow.
    """
    me, acting = mine.session.sign_in.person, mine.acting
    running = [_row(one, me, registered, running=True) for one in acting.running]
    return (*running, *(_row(one, me, registered, running=False) for one in acting.past))


def _row(one: Impersonation, me: Identity, registered: Registered, *, running: bool) -> ImpersonationRow:
    administrator = one.administrator.identity
    return ImpersonationRow(
        id=one.id,
        who=administrator.subject,
        known_by=one.vouched_by if one.vouched_by != me.issuer else None,
        client=one.client,
        reason=one.why.reason,
        ticket=one.why.ticket or None,
        targets=one.apis,
        scopes=tuple(_scopes(one, registered)),
        approved_by=_name(one.decided_by) if one.decided_by else None,
        began_at=_instant(one.began_at),
        ends_at=_instant(one.until),
        running=running,
        ended=None if running else _ended(one, me),
        ended_why=one.ended_why or None if one.ended_by else None,
    )


def _scopes(one: Impersonation, registered: Registered) -> list[ScopeLine]:
    """Return what it is good for. What an API knows no more is named all the same."""
    lines: dict[str, ScopeLine] = {}
    for name in one.apis:
        api = registered.api(name)
        for scope in one.scope if api is not None else ():
            if api is not None and scope in api.scopes:
                lines.setdefault(scope, ScopeLine(scope, api.scopes[scope] or scope, api=name))
    return [lines.get(scope, ScopeLine(scope, scope)) for scope in one.scope]


def _ended(one: Impersonation, me: Identity) -> str:
    if one.state != "ended":
        return "when its time was over"
    if one.ended_by == name_of(me):
        return "by you"
    if one.ended_by.startswith("role "):
        return "by somebody who runs this server"
    if one.ended_by:
        return f"by {_name(one.ended_by)}"
    if one.ended_why.startswith("revoked"):
        return "because what it came from was withdrawn"
    return "before anything was done with it"


def _name(by: str) -> str:
    """Return whom an impersonation names, without the issuer."""
    return by.partition(" ")[2] or by


def _instant(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)
