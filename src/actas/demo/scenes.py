"""The scenes: each is played over HTTP between real processes, and says what it must show.

A scene that shows something else is no error: it is played to its end, and every difference is told.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

import httpx2

from actas.demo.apps import HELPDESK, PORTAL
from actas.demo.company import INVENTORY, ORDERS
from actas.demo.crossing import reach, renew_there
from actas.demo.minutes import Keeper, entry_of, explain
from actas.demo.shown import SCENES_BY_NAME, Hop, Must, NoMinutes, Shown
from actas.demo.stage import Stage
from actas.demo.tickets_company import AUTH_TICKETS, TICKETS
from actas_sdk import ActasError, Caller, Refused

T = TypeVar("T")

_ALICE: Final = ("person", "alice@acme.example")
_ASSISTANT: Final = ("agent", "assistant")
_ORDERS: Final = ("service", "orders")
_ALICE_HERE: Final = ("person", "actas:alice")
_DANA_HERE: Final = ("person", "actas:dana")
_WHY: Final = {"reason": "her refund does not show", "ticket": "HELP-311"}


class SceneFailed(Exception):
    """A scene could not be played to its end. The message says what was in the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One scene.

    Attributes:
        must: what it must show.
        play: plays it on a stage.
        again: gets its token again, where that takes less than to play it; None plays it.
    """

    number: int
    title: str
    must: Must
    play: Callable[[Stage], Shown]
    again: Callable[[Stage], object] | None = None

    @property
    def elsewhere(self) -> bool:
        """Whether it needs the other company."""
        return self.must.answered is not None

    @property
    def name(self) -> str:
        """What it is called."""
        return SCENES_BY_NAME[self.number - 1]


def played(scene: Scene, stage: Stage) -> Shown:
    """Play a scene.

    Raises:
        SceneFailed: it could not be played to its end.
    """
    return _to_its_end(scene.play, stage)


def _to_its_end(play: Callable[[Stage], T], stage: Stage) -> T:
    try:
        return play(stage)
    except httpx2.HTTPError as problem:
        raise SceneFailed(f"{type(problem).__name__}: {problem}") from problem
    except (ActasError, NoMinutes, LookupError, OSError, ValueError) as problem:
        raise SceneFailed(str(problem)) from problem


def renew(stage: Stage) -> None:
    """Play the granted scenes again, unseen, so that their tokens stay alive while people try things.

    What a scene ended stays ended.

    Raises:
        SceneFailed: one could not be played. The others were.
    """
    failed: SceneFailed | None = None
    for scene in SCENES:
        if f"scene-{scene.number}" in stage.kept and not scene.must.ended:
            try:
                _to_its_end(scene.again or scene.play, stage)
            except SceneFailed as problem:
                failed = failed or problem
    if failed is not None:
        raise failed


def _agent_for_person(stage: Stage) -> Shown:
    person = stage.sign_in("alice")
    step = f"POST {stage.server}/token  with alice's ID token from corp-idp"
    began = time.perf_counter()
    try:
        token = stage.exchange(person)
    except Refused as no:
        return _refused(stage.company, no.entry, step)
    took = (time.perf_counter() - began) * 1000
    caller = stage.agent = stage.prove("scene-1", token, audience=ORDERS)
    order = stage.call("GET", "/orders/7").raise_for_status().json()
    return _granted(
        stage,
        caller,
        f"{step}: {took:.0f} ms",
        f"GET {stage.orders}/orders/7  with the new token: for {order['for']}",
    )


def _service_calls_service(stage: Stage) -> Shown:
    step = f"GET {stage.orders}/orders/7/stock  with that token"
    answer = stage.call("GET", "/orders/7/stock")
    if answer.status_code == 403:
        return _refused(stage.company, answer.headers.get("actas-entry"), step)
    seen = answer.raise_for_status().json()
    caller = stage.prove("scene-2", stage.company.received.read_text(encoding="utf-8"), audience=INVENTORY)
    entry = entry_of(stage.company, str(caller.claims["jti"]))
    return _seen(stage, seen, f"{step}: {seen['count']} in stock", entry=entry)


def _too_much(stage: Stage) -> Shown:
    step = f"POST {stage.orders}/orders/7/reserve  needs stock:write as well"
    answer = stage.call("POST", "/orders/7/reserve")
    if answer.status_code == 403:
        return _refused(stage.company, answer.headers.get("actas-entry"), step)
    return _seen(stage, answer.raise_for_status().json(), step, entry=None)


def _reaches_elsewhere(stage: Stage) -> Shown:
    try:
        return reach(stage)
    except Refused as no:
        there = no.server == stage.elsewhere.issuer
        step = f"POST {no.server}/token  with {'the grant' if there else 'the same ID token, for a grant'}"
        return _refused(stage.elsewhere if there else stage.company, no.entry, step, status=400)


def _person_signs_in(stage: Stage) -> Shown:
    began = time.perf_counter()
    given = stage.sign_in_to(PORTAL, "alice", scope="openid orders:read", resource=ORDERS)
    took = (time.perf_counter() - began) * 1000
    caller = stage.prove("scene-5", given.access_token, audience=ORDERS)
    order = stage.call("GET", "/orders/7", caller=caller).raise_for_status().json()
    allows = "she lets the portal read her orders" if given.asked else "she let the portal read them before"
    return _granted(
        stage,
        caller,
        f"GET {stage.server}/authorize  her password, and {allows}",
        f"POST {stage.server}/token  with the code and its verifier: {took:.0f} ms in all",
        f"GET {stage.orders}/orders/7  with the new token: for {order['for']}",
    )


def _colleague_looks_in(stage: Stage) -> Shown:
    stage.sign_in_to(PORTAL, "alice", scope="openid")  # she is at her own browser meanwhile
    dana = stage.sign_in_to(HELPDESK, "dana", scope="openid")
    asked = {"requested_subject": "actas:alice", "audience": "orders", **_WHY}
    given = stage.look_in(dana.id_token, asked)
    caller = stage.prove("scene-6", str(given["access_token"]), audience=ORDERS)
    order = stage.call("GET", "/orders/7", caller=caller).raise_for_status().json()
    alice = stage.browser("alice")
    told = alice.get("/account")
    alice.send(told, "/account/end-impersonation")
    if _WHY["ticket"] not in told.text:
        raise LookupError("alice is not told why dana acts as her")
    shown = _granted(
        stage,
        caller,
        f'POST {stage.server}/token  "{_WHY["reason"]}", {_WHY["ticket"]}, for ten minutes',
        f"GET {stage.orders}/orders/7  for {order['for']}, asked by {order['asked_by']}",
        f"{stage.server}/account  alice reads who, why and until when, and ends it at once",
    )
    return replace(shown, ended=not stage.active(caller.token.reveal()))


def _granted(stage: Stage, caller: Caller, *steps: str) -> Shown:
    """Return what was granted, as the API that was called sees it."""
    return Shown(
        outcome="granted",
        hops=tuple(Hop(kind=party.kind, id=party.id) for party in caller.chain),
        target=caller.token.audience,
        scopes=tuple(sorted(caller.scopes)),
        steps=steps,
        entry=entry_of(stage.company, str(caller.claims["jti"])),
    )


def _seen(stage: Stage, seen: dict[str, Any], step: str, *, entry: str | None) -> Shown:
    """Return what inventory saw of a call that was granted: its chain, its scopes."""
    held = None if stage.agent is None else len(stage.agent.scopes)
    *earlier, last = [Hop(kind=party["kind"], id=str(party["id"])) for party in seen["chain"]]
    return Shown(
        outcome="granted",
        hops=(*earlier, Hop(kind=last.kind, id=last.id, scopes=held)),
        target=INVENTORY,
        scopes=tuple(seen["scopes"]),
        steps=(step,),
        entry=entry,
    )


def _refused(company: Keeper, entry: str | None, step: str, *, status: int = 403) -> Shown:
    """Return what the audit log of a company says of a refusal, by the entry that came with it.

    Raises:
        SceneFailed: it is not there.
    """
    why = None if not entry else explain(company, entry)
    if why is None:
        raise SceneFailed(f"{step}: refused, and the audit log does not say why")
    return Shown(
        outcome="refused",
        hops=why.hops,
        target=why.target,
        scopes=why.scopes,
        steps=(f"{step}: {status}",),
        entry=entry,
        why=why,
    )


SCENES: Final = (
    Scene(
        number=1,
        title="An agent acts for a person",
        must=Must(
            outcome="granted",
            chain=(_ALICE, _ASSISTANT),
            target=ORDERS,
            scopes=("orders:read", "orders:write"),
        ),
        play=_agent_for_person,
    ),
    Scene(
        number=2,
        title="The service it called must call another",
        must=Must(
            outcome="granted",
            chain=(_ALICE, _ASSISTANT, _ORDERS),
            target=INVENTORY,
            scopes=("stock:read",),
        ),
        play=_service_calls_service,
    ),
    Scene(
        number=3,
        title="…and asks for too much",
        must=Must(
            outcome="refused",
            chain=(_ALICE, _ASSISTANT, _ORDERS),
            target=INVENTORY,
            scopes=("stock:write",),
            rule="no-agent-writes-stock",
            instead=("stock:read",),
        ),
        play=_too_much,
    ),
    Scene(
        number=4,
        title="The agent reaches another company's product, with no consent screen",
        must=Must(
            outcome="granted",
            chain=(_ALICE, _ASSISTANT, ("issuer", AUTH_TICKETS)),
            target=TICKETS,
            scopes=("tickets:read",),
            answered="acme:alice@acme.example through acme-assistant",
        ),
        play=_reaches_elsewhere,
        again=renew_there,
    ),
    Scene(
        number=5,
        title="alice signs in to an app",
        must=Must(outcome="granted", chain=(_ALICE_HERE,), target=ORDERS, scopes=("orders:read",)),
        play=_person_signs_in,
    ),
    Scene(
        number=6,
        title="dana looks in as alice, and alice ends it",
        must=Must(
            outcome="granted",
            chain=(_ALICE_HERE, _DANA_HERE),
            target=ORDERS,
            scopes=("orders:read",),
            ended=True,
        ),
        play=_colleague_looks_in,
    ),
)
