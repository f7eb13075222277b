"""An event says who, for whom, what was asked, what was decided, by which rules, and what came of it (SEC-86)."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from tests.fakes.house import (
    CORP,
    FROM_CORP,
    IDP,
    INVENTORY,
    ISSUER,
    NOW,
    ORDERS_TO_INVENTORY,
    House,
    allow,
)

from actas.audit.event import MAX_TEXT
from actas.audit.stream import LARGEST_BODY, instant
from actas.core.wire import ACCESS_TOKEN, ID_TOKEN, TOKEN_EXCHANGE

READ: dict[str, Any] = {"audience": "inventory", "scope": "stock:read"}
ASSISTANT = {"iss": ISSUER, "sub": "assistant", "kind": "agent"}
ALICE = {"iss": ISSUER, "sub": "alice@acme.example", "kind": "person"}


@pytest.mark.requirement("SEC-86", "SEC-45")
async def test_a_granted_exchange_is_told_from_beginning_to_end() -> None:
    house = House()
    token = house.our_token()
    answer = await house.ask("orders", token, **READ)
    event = house.writer.events[-1]
    given = event.pop("given")
    assert given.pop("digest") == house.ring.digest(str(answer.body["access_token"]))
    assert given.pop("jti")
    assert given == {
        "key": house.ring.private().kid,
        "type": str(ACCESS_TOKEN),
        "audience": [INVENTORY],
        "scope": "stock:read",
        "iat": NOW,
        "exp": NOW + 120,
        "actors": [{"iss": ISSUER, "sub": "orders", "kind": "service"}, ASSISTANT],
    }
    assert event.pop("id") == answer.entry
    assert event.pop("subject")["token"]["digest"] == house.ring.digest(token)
    assert event == {
        "at": instant(NOW),
        "event": "exchange:granted",
        "outcome": "granted",
        "source": "127.0.0.1",
        "client": {"name": "orders", "kind": "service", "method": "client_secret_post"},
        "grant": str(TOKEN_EXCHANGE),
        "asked": {
            "type": str(ACCESS_TOKEN),
            "audience": ["inventory"],
            "scope": "stock:read",
            "subject_token_type": str(ACCESS_TOKEN),
        },
        "apis": ["inventory"],
        "parents": [{"role": "subject", "jti": "parent-1", "digest": house.ring.digest(token)}],
        "policy": house.catalog.policy.version,
        "chain": [ALICE, ASSISTANT, {"iss": ISSUER, "sub": "orders", "kind": "service"}],
        "kind": "delegation",
        "rules": ["orders-to-inventory"],
        "txn": "root-1",
    }


@pytest.mark.requirement("SEC-86")
async def test_what_is_said_of_a_foreign_subject_is_enough_to_decide_again() -> None:
    rule = allow(
        "a", "delegation", "orders", "inventory", subject=FROM_CORP, when=("subject.claims.dept == 'x'",)
    )
    house = House(
        rules=(rule,), issuers=(replace(CORP, audiences={"acme-web": frozenset({"orders", "web"})}),)
    )
    token = house.id_token(nonce="n", dept="x", act={"sub": "bot"}, may_act=None)
    await house.ask("orders", token, subject_token_type=str(ID_TOKEN), audience="inventory")
    subject = house.writer.events[-1]["subject"]
    del subject["token"]["digest"]
    assert subject == {
        "iss": ISSUER,
        "sub": "alice@acme.example",
        "origin": {"iss": IDP, "sub": "id-alice", "name": "corp-idp"},
        "kind": "person",
        "issuer": "corp-idp",
        "type": str(ID_TOKEN),
        "audience": ["acme-web"],
        "presenters": ["orders", "web"],
        "groups": ["support"],
        "actors": [{"iss": IDP, "sub": "bot", "kind": "unknown"}],
        "claims": {"dept": "x"},
        "token": {"jti": None, "exp": NOW + 600, "iat": NOW},
    }


@pytest.mark.requirement("SEC-86")
async def test_both_parents_of_a_token_are_named() -> None:
    house = House(rules=(replace(ORDERS_TO_INVENTORY, actor=FROM_CORP),))
    actor = house.id_token("dana", nonce="n", jti="a-1")
    subject = house.our_token(act=None)
    await house.ask("orders", subject, **READ, actor_token=actor, actor_token_type=str(ID_TOKEN))
    event = house.writer.events[-1]
    assert event["parents"] == [
        {"role": "subject", "jti": "parent-1", "digest": house.ring.digest(subject)},
        {"role": "actor", "jti": "a-1", "digest": house.ring.digest(actor)},
    ]
    assert event["actor"]["sub"] == "dana@acme.example"
    assert event["asked"]["actor_token_type"] == str(ID_TOKEN)


@pytest.mark.requirement("SEC-86")
@pytest.mark.parametrize(
    ("change", "known"),
    [
        ({"grant_type": "x"}, {"source"}),
        ({"subject_token": ""}, {"source", "blank"}),
        ({"client_secret": "x"}, {"source", "grant", "asked"}),
        ({"audience": "x"}, {"source", "grant", "asked", "client"}),
        ({"subject_token": "x"}, {"source", "grant", "asked", "client", "apis"}),
        ({"actor_token": "x", "actor_token_type": str(ID_TOKEN)},
         {"source", "grant", "asked", "client", "apis", "subject", "parents"}),
        ({"scope": "x"},
         {"source", "grant", "asked", "client", "apis", "subject", "parents", "policy", "chain", "kind"}),
    ],
)  # fmt: skip
async def test_a_refusal_says_as_much_as_was_known_when_it_came(
    change: dict[str, Any], known: set[str]
) -> None:
    house = House()
    error = await house.turned_away({**house.form("orders", house.our_token(), **READ), **change})
    event = house.writer.events[-1]
    always = {"id", "at", "event", "outcome", "reason", "error", "detail"}
    assert event.keys() == known | always
    assert (event["reason"], event["error"], event["detail"]) == (error.reason, error.code, error.detail)


@pytest.mark.requirement("SEC-86")
async def test_a_client_that_speaks_for_itself_is_its_own_subject() -> None:
    house = House(rules=(allow("own", "own", "orders", "inventory"),))
    await house.own("orders", audience="inventory")
    event = house.writer.events[-1]
    assert (event["kind"], event["subject"]["sub"], event["chain"]) == (
        "own",
        "orders",
        [{"iss": ISSUER, "sub": "orders", "kind": "service"}],
    )
    assert "parents" not in event
    assert event["txn"] == event["given"]["jti"]


@pytest.mark.requirement("SEC-87", "SEC-26")
async def test_free_text_is_capped() -> None:
    house = House()
    await house.turned_away({**house.form("orders", house.our_token()), "audience": "x" * 400_000})
    assert len(house.writer.lines[-1]) < 2_000
    await house.turned_away({**house.form("orders", house.our_token()), "client_id": "\u00e9" * 40_000})
    assert len(house.writer.events[-1]["detail"]) <= MAX_TEXT
    blank = "&".join(f"{'n' * 200}{number}" for number in range(40))
    await house.turned_away("grant_type=x&" + blank)
    assert len(house.writer.events[-1]["blank"]) == 3  # of a stranger; tests/attacks/test_log_flood.py
    assert all(len(name) == 64 for name in house.writer.events[-1]["blank"])


@pytest.mark.requirement("SEC-87", "REL-01")
async def test_the_largest_tokens_make_an_event_that_the_log_takes() -> None:
    """Two tokens of the largest size, all of whose claims some rule looks at."""
    rule = allow("a", "delegation", "orders", "inventory", subject=FROM_CORP, actor=FROM_CORP,
                 when=("size(subject.claims) > 0 && size(actor.claims) > 0",))  # fmt: skip
    house = House(rules=(rule,))
    filler = "\u0001" * 1_900
    subject = house.id_token(nonce="n", filler=filler)
    actor = house.id_token("dana", nonce="n", filler=filler)
    assert len(subject) > 15_000
    how: dict[str, Any] = {"subject_token_type": str(ID_TOKEN), "audience": "inventory"}
    await house.ask("orders", subject, **how, actor_token=actor, actor_token_type=str(ID_TOKEN))
    assert house.writer.events[-1]["outcome"] == "granted"
    assert len(house.writer.lines[-1]) < LARGEST_BODY


async def test_of_nearly_every_exchange_no_reason_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few exchanges have one, and the entry of every one is on the way of its answer."""

    def looked(_: object) -> dict[str, str]:
        raise AssertionError("it was taken apart")

    monkeypatch.setattr("actas.audit.event.msgspec", SimpleNamespace(structs=SimpleNamespace(asdict=looked)))
    house = House()
    await house.ask("orders", house.our_token(), **READ)
    assert house.writer.events[-1]["outcome"] == "granted"
