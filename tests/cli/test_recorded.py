"""The chain of an entry, and an entry in a line: every kind of exchange, and whatever else a line may hold."""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.program import Stream

from actas.cli.entries import document, line, lines
from actas.cli.line import horizontal
from actas.cli.output import Ink, Output
from actas.cli.recorded import chain_of_event
from actas.cli.run import Options, World
from actas.cli.sentence import sentence
from actas.core.ports import Json

ALICE: dict[str, Json] = {"iss": "i", "sub": "alice@acme.example", "kind": "person", "scope": "a b"}
ASSISTANT: dict[str, Json] = {"iss": "i", "sub": "assistant", "kind": "agent"}
ORDERS: dict[str, Json] = {"iss": "i", "sub": "orders", "kind": "service"}


def granted(kind: str, *actors: dict[str, Json], **members: Json) -> dict[str, Json]:
    """An entry of a granted exchange; ``actors`` newest first, as tokens have them."""
    return {
        "event": "exchange:granted",
        "outcome": "granted",
        "kind": kind,
        "client": {"name": "orders", "kind": "service", "method": "client_secret_basic"},
        "apis": ["inventory"],
        "subject": ALICE,
        "given": {"scope": "stock:read", "actors": [*actors]},
        **members,
    }


@pytest.mark.parametrize(
    ("event", "drawn", "said"),
    [
        (
            granted("delegation", ORDERS, ASSISTANT),
            "● alice ━━ ⬢ assistant ━━ ■ orders ── ▭ inventory     stock:read",
            "orders may use stock:read at inventory, acting for alice, who asked through assistant.",
        ),
        (
            granted("impersonation"),
            "● alice ┄┄ ■ orders ── ▭ inventory     stock:read",
            "orders may use stock:read at inventory as alice; the token names only alice.",
        ),
        (
            granted("translation", subject={**ALICE, "origin": {"iss": "https://idp.example", "sub": "7"}}),
            "◆ idp.example ══ ● alice ── ▭ inventory     stock:read",
            "alice may use stock:read at inventory, on the word of idp.example.",
        ),
        (
            granted("own", subject=ORDERS),
            "■ orders ── ▭ inventory     stock:read",
            "orders may use stock:read at inventory, acting for itself.",
        ),
        (
            granted("downscope", ORDERS),
            "● alice ━━ ■ orders ── ▭ inventory     stock:read",
            "orders may use stock:read at inventory, acting for alice.",
        ),
    ],
    ids=["delegation", "impersonation", "translation", "own", "downscope"],
)
def test_each_kind_of_exchange_is_drawn_as_what_came_of_it(
    event: dict[str, Json], drawn: str, said: str
) -> None:
    chain = chain_of_event(event)
    assert chain is not None
    assert horizontal(chain) == drawn
    assert sentence(chain) == said


def refused(**members: Json) -> dict[str, Json]:
    return {"outcome": "refused", "reason": "no_rule", "source": "192.0.2.7", **members}


CLIENT: dict[str, Json] = {"name": "orders", "kind": "service"}


@pytest.mark.parametrize(
    ("event", "drawn"),
    [
        (
            refused(chain=[ALICE, ASSISTANT, ORDERS], apis=["inventory"]),
            "● alice ━━ ⬢ assistant ━━ ■ orders ──✕ inventory",
        ),
        (refused(chain=[ALICE, ORDERS, ORDERS], apis=["inventory"]), "● alice ━━ ■ orders ──✕ inventory"),
        (
            refused(chain=[ALICE, ORDERS], apis=["inventory"], kind="impersonation"),
            "● alice ┄┄ ■ orders ──✕ inventory",
        ),
        (refused(client=CLIENT, asked={"audience": ["nowhere"]}), "■ orders ──✕ nowhere"),
        (refused(client=CLIENT, subject=ALICE, apis=["inventory"]), "● alice ━━ ■ orders ──✕ inventory"),
        (refused(client=CLIENT), "■ orders ──✕"),
    ],
)
def test_a_refusal_is_drawn_as_far_as_anybody_was_known(event: dict[str, Json], drawn: str) -> None:
    chain = chain_of_event(event)
    assert chain is not None
    assert horizontal(chain) == drawn


def shown(event: dict[str, Json]) -> str:
    return "".join(piece.text if isinstance(piece, Ink) else piece for piece in line(event, ascii=False))


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (refused(reason="bad_client_auth"), "bad_client_auth, from 192.0.2.7"),
        (
            {"event": "keys:created", "algorithm": "ES256", "kid": "k1", "purpose": "audit"},
            "keys:created  ES256 key k1 that seals the audit log",
        ),
        ({"event": "catalog:loaded", "policy": "c9"}, "catalog:loaded  policy c9"),
        (
            {"event": "revocation:granted", "revoked": ["token:t1"], "operator": "ops", "why": "leaked"},
            "revocation:granted  token:t1, by ops: leaked",
        ),
        (
            {**granted("delegation"), "event": "revocation:granted", "revoked": ["token:t1"]},
            "revocation:granted  token:t1, by orders",
        ),
        (
            {
                "event": "sinks:skipped",
                "sink": "siem",
                "of": "s2",
                "from": 17,
                "to": 18,
                "operator": "ops",
                "why": "ticket 4711",
            },
            "sinks:skipped  siem, entries 17 to 18 of s2, by ops: ticket 4711",
        ),
        ({"event": "sinks:stopped", "sink": "siem", "why": "status 400"}, "sinks:stopped  siem: status 400"),
        (
            {
                "event": "exchange:refused_many",
                "counted": 12,
                "source": "192.0.2.7",
                "reasons": {"expired": 12},
            },
            "exchange:refused_many  12 more from 192.0.2.7: expired 12",
        ),
        (
            {
                "event": "log:recovered",
                "facts": {"delivery_unknown": ["x_1", "x_2"], "broken": [{"sentence": "s1 is short"}]},
            },
            (
                "log:recovered  a stream was not closed cleanly; it was checked, and is written again, "
                "delivery unknown of x_1 and x_2 and s1 is short"
            ),
        ),
        ({"event": "log:closed", "stream": "s1"}, "log:closed  s1 was closed cleanly"),
        ({"event": "something:new", "facts": "?"}, "something:new"),
        ({}, "damaged"),
    ],
)
def test_whatever_else_happened_is_said_in_words(event: dict[str, Json], said: str) -> None:
    assert shown(event).endswith(f"  {said}")


WRONG: list[Json] = [None, True, 3, 1.5, "text", [], ["text", 3, None], {}, {"sub": 3}, {"token": []}]


@pytest.mark.parametrize(
    "name",
    [
        "id",
        "at",
        "event",
        "reason",
        "client",
        "asked",
        "subject",
        "actor",
        "given",
        "chain",
        "apis",
        "rules",
        "kind",
        "facts",
        "grant",
    ],
)
@pytest.mark.parametrize("outcome", ["granted", "refused", None])
def test_no_shape_of_a_member_stops_whoever_looks(name: str, outcome: str | None) -> None:
    out = Output(World(stdin=Stream(), stdout=Stream(), stderr=Stream(), environ={}), Options())
    for value in WRONG:
        event: dict[str, Any] = {**granted("delegation", ORDERS), "outcome": outcome, name: value}
        assert shown(event)
        assert list(lines(out, event))
        assert document(event)


def test_what_an_entry_says_does_not_steer_the_terminal() -> None:
    stdout = Stream(terminal=True)
    out = Output(World(stdin=Stream(), stdout=stdout, stderr=Stream(), environ={"NO_COLOR": "1"}), Options())
    event = granted("delegation", {**ORDERS, "sub": "or\x1b[2Jders\u202e"}, id="x_\x1b[1m")
    out.line(line(event, ascii=False))
    for one in lines(out, event):
        out.line(one)
    assert "\x1b" not in stdout.getvalue()
    assert "\u202e" not in stdout.getvalue()
