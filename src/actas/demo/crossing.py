"""The way into the other company: a grant of ours, redeemed there; paused; and found again in both logs.

The two servers keep a log each, and share no number but that of the grant: ``given.jti`` of the entry here is
``subject.token.jti`` of the entry there. That is how their auditors join them, and how it is done here.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Final

from actas.core.ports import Json, JsonObject
from actas.demo.minutes import Entry, explain, issue_of
from actas.demo.shown import Crossed, Halt, Hop, Outcome, Shown, Written
from actas.demo.stage import Stage
from actas.demo.tickets_company import AUTH_TICKETS, CONNECTION, TICKETS
from actas_sdk import Caller, Refused

_NAME: Final = "scene-4"
_WHO: Final = "dana"
_TICKET: Final = "/tickets/311"


def renew_there(stage: Stage) -> None:
    """Get a token of the other company again, and keep it. The connection is left as it is.

    Raises:
        Refused: one of the two servers says no.
    """
    stage.prove(_NAME, stage.cross(), audience=TICKETS, issuer=stage.elsewhere.issuer)


def reach(stage: Stage) -> Shown:
    """Reach the other company's API, as the assistant, for whoever signed in.

    Raises:
        Refused: one of the two servers says no.
        LookupError: nobody signed in, or something is missing in an answer.
        NoMinutes: a log cannot be read.
    """
    _resume(stage)  # whoever tried it in a folder that is kept may have left it paused
    began = time.perf_counter()
    token = stage.cross()
    took = _since(began)
    caller = stage.prove(_NAME, token, audience=TICKETS, issuer=stage.elsewhere.issuer)
    url = stage.elsewhere.api + _TICKET
    seen = stage.http.get(url, headers=caller.token.headers("GET", url)).raise_for_status().json()
    halt = _while_paused(stage)
    resumed = _once_more(stage)
    here, there = _entries(stage, caller)
    crossed = Crossed(
        took=took,
        answered=f"{seen['for']} through {seen['asked_by']}",
        halt=halt,
        resumed=resumed,
        here=None if here is None else _given(here),
        there=None if there is None else _redeemed(there),
        apart=apart(here, there, home=stage.server, elsewhere=stage.elsewhere.issuer),
    )
    return Shown(
        outcome="granted",
        hops=(*_parties(here), Hop(kind="issuer", id=AUTH_TICKETS)),
        target=caller.token.audience,
        scopes=tuple(sorted(caller.scopes)),
        steps=(f"GET {url}  for {crossed.answered}",),
        entry=None if here is None else here.id,
        crossed=crossed,
    )


def apart(here: Entry | None, there: Entry | None, *, home: str, elsewhere: str) -> tuple[str, ...]:
    """Return how two entries do not tell of one grant, a sentence each; nothing when they do.

    Args:
        here: that a grant was given.
        there: that one was redeemed.
        home: the issuer identifier of the server that gave it.
        elsewhere: that of the other one.
    """
    missing = [
        f"there is no entry {where}" for where, one in (("here", here), ("there", there)) if one is None
    ]
    if here is None or there is None:
        return tuple(missing)
    origin = _member(_member(there.event, "subject"), "origin")
    abroad = _member(here.event, "abroad")
    pairs: tuple[tuple[str, Json, Json], ...] = (
        ("the grant", _jti_given(here), _jti_redeemed(there)),
        ("who gave it", home, origin.get("iss")),
        ("who redeemed it", abroad.get("issuer"), elsewhere),
        ("the client", abroad.get("client_id"), _member(there.event, "client").get("name")),
        ("the person", _member(here.event, "subject").get("sub"), origin.get("sub")),
    )
    return tuple(
        f"{what}: {one} here, {other} there" for what, one, other in pairs if not one or one != other
    )


def _while_paused(stage: Stage) -> Halt:
    """Have the connection paused, ask for another grant at once, and have it resumed, whatever came of it."""
    with _paused(stage):
        began = time.perf_counter()
        try:
            stage.cross()
        except Refused as no:
            took = _since(began)
            why = None if no.entry is None else explain(stage.company, no.entry)
            return Halt(
                connection=CONNECTION,
                by=_WHO,
                reason=f"{no.code}, and the log does not say why" if why is None else why.reason,
                entry=no.entry,
                took=took,
            )
        return Halt(connection=CONNECTION, by=_WHO, reason=None, entry=None, took=_since(began))


@contextmanager
def _paused(stage: Stage) -> Generator[None]:
    stage.manage(_WHO, f"connections/{CONNECTION}/disable")
    try:
        yield
    finally:
        _resume(stage)


def _resume(stage: Stage) -> None:
    stage.manage(_WHO, f"connections/{CONNECTION}/enable")


def _once_more(stage: Stage) -> Outcome:
    try:
        stage.cross()
    except Refused:
        return "refused"
    return "granted"


def _entries(stage: Stage, caller: Caller) -> tuple[Entry | None, Entry | None]:
    """Return what both logs say of the grant that a token came of, beginning with that token there."""
    there = issue_of(stage.elsewhere, str(caller.claims["jti"]))
    grant = None if there is None else _jti_redeemed(there)
    return (issue_of(stage.company, grant) if grant else None), there


def _given(entry: Entry) -> Written:
    return _written(entry, log="acme", jti=_jti_given(entry), at="given.jti")


def _redeemed(entry: Entry) -> Written:
    return _written(entry, log=AUTH_TICKETS, jti=_jti_redeemed(entry), at="subject.token.jti")


def _written(entry: Entry, *, log: str, jti: str, at: str) -> Written:
    return Written(
        log=log,
        entry=entry.id,
        kind=str(entry.event.get("kind")),
        client=str(_member(entry.event, "client").get("name")),
        person=str(_member(entry.event, "subject").get("sub")),
        jti=jti,
        at=at,
    )


def _jti_given(entry: Entry) -> str:
    return str(_member(entry.event, "given").get("jti") or "")


def _jti_redeemed(entry: Entry) -> str:
    return str(_member(_member(entry.event, "subject"), "token").get("jti") or "")


def _parties(here: Entry | None) -> tuple[Hop, ...]:
    """Return whom the log here names: the person, and the agent that asked for a grant."""
    chain = None if here is None else here.event.get("chain")
    named = [one for one in chain if isinstance(one, dict)] if isinstance(chain, list) else []
    return tuple(Hop(kind=str(one.get("kind")), id=str(one.get("sub"))) for one in named)


def _member(event: Mapping[str, Json], name: str) -> JsonObject:
    found = event.get(name)
    return found if isinstance(found, dict) else {}


def _since(began: float) -> float:
    return (time.perf_counter() - began) * 1000
