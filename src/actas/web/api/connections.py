"""Connections to other domains: whether they can work, and which side would refuse somebody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from actas.admin.finding import Check
from actas.admin.imagining import Asked
from actas.admin.refusals import NotFound
from actas.core.abroad import Acceptance
from actas.core.claims import is_name, parse_scope
from actas.core.ports import JsonObject
from actas.core.suggest import did_you_mean
from actas.core.wire import ID_JAG_JWT
from actas.policy.connections import Connection
from actas.web.api.call import Call, Desk, Reply, fields_of, malformed

LONGEST_AGO: Final = 366 * 86_400
"""Seconds since a sign-in that may be imagined at most."""

MOST_CLAIMS: Final = 64
"""Claims that may be said of somebody, and that a grant may have."""


async def health(desk: Desk, call: Call) -> Reply:
    """Look a connection over: our key, what the other side says of itself, and both clocks."""
    call.only()
    connection = _found(desk, call)
    return Reply(body=_health(connection.name, await desk.health.of(connection)))


async def health_of_all(desk: Desk, call: Call) -> Reply:
    """Look every connection over, side by side."""
    call.only()
    found = await desk.health.every()
    return Reply(body={"connections": [_health(name, checks) for name, checks in found.items()]})


async def try_connection(desk: Desk, call: Call) -> Reply:
    """Say which side would refuse somebody by a connection, and why. Nothing is issued.

    Our side decides as it would decide a request; the other side is asked what it says of itself.
    """
    call.only()
    connection = _found(desk, call)
    asked = _asked(call)
    try:
        tried = await desk.trial.of(connection, asked)
    except ValueError as wrong:
        raise malformed(str(wrong)) from wrong
    return Reply(
        body={
            "connection": connection.name,
            "direction": "issue" if isinstance(connection, Connection) else "accept",
            "client": connection.client,
            "as": asked.who,
            "legs": [leg.document() for leg in tried.legs],
            "grant": tried.grant,
            "typ": tried.typ,
        }
    )


async def try_grant(desk: Desk, call: Call) -> Reply:
    """Decide a grant of another domain's server as if that had given it. Nothing is issued."""
    call.only()
    body = fields_of(call.document(), claims=dict, typ=str)
    claims, typ = body["claims"], body["typ"]
    if not isinstance(claims, dict):
        raise malformed("claims says what the grant would say")
    if len(claims) > MOST_CLAIMS:
        raise malformed(f"a grant has at most {MOST_CLAIMS} claims here")
    try:
        leg = await desk.trial.of_grant(claims, typ=typ if isinstance(typ, str) else ID_JAG_JWT)
    except ValueError as wrong:
        raise malformed(str(wrong)) from wrong
    return Reply(body={"leg": leg.document()})


def _found(desk: Desk, call: Call) -> Connection | Acceptance:
    """Return the connection that the path names, as it is in force."""
    name = call.path["name"]
    issues = (one for one in desk.connections.every if one.name == name)
    found = desk.connections.acceptance(name) or next(issues, None)
    if found is None:
        known = [one.name for one in desk.connections.every]
        known += [one.name for one in desk.connections.accepted]
        meant = did_you_mean(name, known)
        raise NotFound(detail=f"no connection called {name[:100]!r} is in force{meant}")
    return found


def _asked(call: Call) -> Asked:
    body = fields_of(call.document(), **{"as": str, "scope": str, "acr": str, "ago": int, "claims": dict})
    who, scope, acr, ago = (body[name] for name in ("as", "scope", "acr", "ago"))
    claims = body["claims"]
    if not isinstance(who, str) or not is_name(who):
        raise malformed("as names the person")
    scopes = parse_scope(scope) if isinstance(scope, str) else None
    if scope is not None and not scopes:
        raise malformed("scope is not a list of scopes separated by single spaces")
    way = acr if isinstance(acr, str) else None
    if way is not None and not is_name(way):
        raise malformed("acr is not a word about how somebody signed in")
    since = ago if isinstance(ago, int) else 0
    if not 0 <= since <= LONGEST_AGO:
        raise malformed(f"ago is the seconds since the sign-in, from 0 to {LONGEST_AGO}")
    said = claims if isinstance(claims, dict) else {}
    if len(said) > MOST_CLAIMS:
        raise malformed(f"at most {MOST_CLAIMS} claims are said of somebody")
    return Asked(who=who, scope=scopes, acr=way, ago=since, claims=said)


def _health(name: str, checks: Sequence[Check]) -> JsonObject:
    return {
        "connection": name,
        "sound": all(one.state in ("good", "warn") for one in checks),
        "checks": [one.document() for one in checks],
    }
