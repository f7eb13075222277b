"""The scenes: each is played over HTTP between real processes, and says what it must show.

A scene that shows something else is no error: it is played to its end, and every difference is told.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import httpx2

from actas.demo.company import INVENTORY, ORDERS
from actas.demo.minutes import entry_of, explain
from actas.demo.shown import Hop, Must, NoMinutes, Shown
from actas.demo.stage import Stage
from actas_sdk import ActasError, Refused

_ALICE: Final = ("person", "alice@acme.example")
_ASSISTANT: Final = ("agent", "assistant")
_ORDERS: Final = ("service", "orders")


class SceneFailed(Exception):
    """A scene could not be played to its end. The message says what was in the way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One scene.

    Attributes:
        must: what it must show.
        play: plays it on a stage.
    """

    number: int
    title: str
    must: Must
    play: Callable[[Stage], Shown]


def played(scene: Scene, stage: Stage) -> Shown:
    """Play a scene.

    Raises:
        SceneFailed: it could not be played to its end.
    """
    try:
        return scene.play(stage)
    except httpx2.HTTPError as problem:
        raise SceneFailed(f"{type(problem).__name__}: {problem}") from problem
    except (ActasError, NoMinutes, LookupError, OSError, ValueError) as problem:
        raise SceneFailed(str(problem)) from problem


def renew(stage: Stage) -> None:
    """Play the granted scenes again, unseen, so that their tokens stay alive while people try things.

    Raises:
        SceneFailed: one could not be played.
    """
    for scene in SCENES:
        if f"scene-{scene.number}" in stage.kept:
            played(scene, stage)


def _agent_for_person(stage: Stage) -> Shown:
    person = stage.sign_in("alice")
    step = f"POST {stage.server}/token  with alice's ID token from corp-idp"
    began = time.perf_counter()
    try:
        token = stage.exchange(person)
    except Refused as no:
        return _refused(stage, no.entry, step)
    took = (time.perf_counter() - began) * 1000
    caller = stage.agent = stage.prove("scene-1", token, audience=ORDERS)
    order = stage.call("GET", "/orders/7").raise_for_status().json()
    return Shown(
        outcome="granted",
        hops=tuple(Hop(kind=party.kind, id=party.id) for party in caller.chain),
        target=caller.token.audience,
        scopes=tuple(sorted(caller.scopes)),
        steps=(
            f"{step}: {took:.0f} ms",
            f"GET {stage.orders}/orders/7  with the new token: for {order['for']}",
        ),
        entry=entry_of(stage.company, str(caller.claims["jti"])),
    )


def _service_calls_service(stage: Stage) -> Shown:
    step = f"GET {stage.orders}/orders/7/stock  with that token"
    answer = stage.call("GET", "/orders/7/stock")
    if answer.status_code == 403:
        return _refused(stage, answer.headers.get("actas-entry"), step)
    seen = answer.raise_for_status().json()
    caller = stage.prove("scene-2", stage.company.received.read_text(encoding="utf-8"), audience=INVENTORY)
    entry = entry_of(stage.company, str(caller.claims["jti"]))
    return _seen(stage, seen, f"{step}: {seen['count']} in stock", entry=entry)


def _too_much(stage: Stage) -> Shown:
    step = f"POST {stage.orders}/orders/7/reserve  needs stock:write as well"
    answer = stage.call("POST", "/orders/7/reserve")
    if answer.status_code == 403:
        return _refused(stage, answer.headers.get("actas-entry"), step)
    return _seen(stage, answer.raise_for_status().json(), step, entry=None)


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


def _refused(stage: Stage, entry: str | None, step: str) -> Shown:
    """Return what the audit log says of a refusal, by the entry that came with it.

    Raises:
        SceneFailed: it is not there.
    """
    why = None if not entry else explain(stage.company, entry)
    if why is None:
        raise SceneFailed(f"{step}: refused, and the audit log does not say why")
    return Shown(
        outcome="refused",
        hops=why.hops,
        target=why.target,
        scopes=why.scopes,
        steps=(f"{step}: 403",),
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
)
