"""Who acted as a person, in words that the person understands."""

from __future__ import annotations

from datetime import UTC, datetime

from actas.core.impersonation import Impersonation, name_of
from actas.signin.account import Mine
from actas.signin.request import Registered
from actas.web.pages.account import ImpersonationRow
from actas.web.pages.parts import ScopeLine


def rows_of(mine: Mine, registered: Registered) -> tuple[ImpersonationRow, ...]:
    """Return a row for each time that somebody acts or acted as a person, the running ones first.

    Args:
        registered: says what the scopes of an API allow.
    """
    running = [_row(one, mine, registered, running=True) for one in mine.acting.running]
    return (*running, *(_row(one, mine, registered, running=False) for one in mine.acting.past))


def _row(one: Impersonation, mine: Mine, registered: Registered, *, running: bool) -> ImpersonationRow:
    me, subject = mine.session.sign_in.person, one.administrator.identity.subject
    # Who comes from elsewhere is called as they are there: a name of ours is nobody else's (SEC-24).
    who = mine.names.get(subject, subject) if one.vouched_by == me.issuer else subject
    return ImpersonationRow(
        id=one.id,
        who=who,
        identifier=None if who == subject else subject,
        known_by=one.vouched_by if one.vouched_by != me.issuer else None,
        client=one.client,
        reason=one.why.reason,
        ticket=one.why.ticket or None,
        targets=one.apis,
        scopes=tuple(_scopes(one, registered)),
        approved_by=_name(one.decided_by, mine) if one.decided_by else None,
        began_at=_instant(one.began_at),
        ends_at=_instant(one.until),
        running=running,
        ended=None if running else _ended(one, mine),
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


def _ended(one: Impersonation, mine: Mine) -> str:
    if one.state != "ended":
        return "when its time was over"
    if one.ended_by == name_of(mine.session.sign_in.person):
        return "by you"
    if one.ended_by.startswith("role "):
        return "by somebody who runs this server"
    if one.ended_by:
        return f"by {_name(one.ended_by, mine)}"
    if one.ended_why.startswith("revoked"):
        return "because what it came from was withdrawn"
    return "before anything was done with it"


def _name(by: str, mine: Mine) -> str:
    """Return whom an impersonation names, without the issuer; with the name that people read, of ours."""
    issuer, _, subject = by.partition(" ")
    name = mine.names.get(subject) if issuer == mine.session.sign_in.person.issuer else None
    return f"{name} ({subject})" if name is not None else subject or by


def _instant(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)
