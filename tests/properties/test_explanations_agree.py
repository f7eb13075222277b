"""An explanation never differs from the decision, and a past decision can be made again from its record (SEC-45)."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any, Final
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fakes.clock import FixedClock
from tests.fakes.house import (
    CLIENTS,
    FROM_CORP,
    FROM_OURS,
    GRANTS,
    IDP,
    ISSUER,
    NO_AGENT_WRITES_STOCK,
    NOW,
    RULES,
    House,
    InlineKeys,
    allow,
    sells,
)

from actas.admin.explanation import Explanation
from actas.core.errors import BadToken, OAuthError
from actas.core.params import Params
from actas.core.permit import ExchangeRequest
from actas.core.wire import (
    ACCESS_TOKEN,
    AUTHORIZATION_CODE,
    CLIENT_CREDENTIALS,
    DEVICE_CODE,
    ID_TOKEN,
    JWT,
    JWT_BEARER,
    REFRESH,
    TOKEN_EXCHANGE,
)
from actas.policy.rule import ChainSelector, PartySelector, PolicyDefaults, RuleSpec

WHO: Final = ("assistant", "orders", "web", "helpdesk", "inventory")
ANYBODY: Final = PartySelector(issuers=frozenset({"corp-idp", "actas"}), flatten=True)
MAPPED: Final = sells(
    **{"orders:read": "stock:read orders:read", "orders:write": "stock:write", "any": "stock:read"}
)
POOL: Final[tuple[RuleSpec, ...]] = (
    *RULES,
    *(
        allow(f"{kind}-{who}-{api}", kind, who, api, subject=subject, actor=actor, scopes=MAPPED)
        for who in WHO
        for api in ("orders", "inventory")
        for kind, subject, actor in (
            ("delegation", FROM_OURS, None),
            ("delegation", FROM_CORP, ANYBODY),
            ("impersonation", FROM_OURS, None),
            ("translation", FROM_CORP, None),
            ("downscope", FROM_OURS, None),
            ("own", None, None),
        )
    ),
    replace(NO_AGENT_WRITES_STOCK, name="d1", denied_scopes=frozenset(), when=("subject.claims.level == 'low'",)),
    replace(NO_AGENT_WRITES_STOCK, name="d2", chain=ChainSelector(names=frozenset({"web"}))),
    allow("w1", "delegation", "orders", "inventory", when=("subject.claims.level == 'high'",), lifetime=30),
    allow("w2", "delegation", "orders", "inventory", claims={"desk": "subject.claims.desk"}),
    allow("w3", "delegation", "orders", "inventory", when=("now < timestamp('2030-01-01T00:00:00Z')",)),
)  # fmt: skip


def tokens(house: House, chance: Random, asker: str) -> list[tuple[str, str]]:
    """Tokens that are mostly genuine, with their declared types."""
    levels: dict[str, Any] = {"level": chance.choice(["high", "low", 3]), "desk": "west"}
    act = chance.choice(
        [
            None,
            {"iss": ISSUER, "sub": "assistant", "sub_profile": "ai_agent"},
            {"iss": ISSUER, "sub": "web", "act": {"iss": IDP, "sub": "bot"}},
            {"iss": ISSUER, "sub": "orders"},
        ]
    )
    who = chance.choice((asker, asker, asker, *WHO))
    end = NOW + chance.choice([1, 40, 300, 300, 300, -100])
    scope = chance.choice(["orders:read", "orders:read orders:write", None])
    may = chance.choice([None, None, None, {"sub": who}, {"sub": "orders", "client_id": "orders"}])
    return [
        (house.our_token(act=act, client_id=who, exp=end, scope=scope, may_act=may, **levels), str(ACCESS_TOKEN)),
        (house.our_token(sub=who, sub_profile="service", client_id=who, act=None), str(ACCESS_TOKEN)),
        (house.id_token(nonce="n", **levels), str(ID_TOKEN)),
        (house.id_token("dana", nonce="n", exp=end, iat=NOW - 200, act={"sub": "bot"}), str(ID_TOKEN)),
        (house.id_token(typ="at+jwt", scope="orders:read", client_id="x", may_act=may), str(JWT)),
        ("nonsense", str(ACCESS_TOKEN)),
    ]  # fmt: skip


def question(house: House, chance: Random) -> dict[str, Any]:
    """A form that a client could send."""
    who = chance.choice(WHO)
    form: dict[str, Any] = {
        "audience": chance.choice(
            [*(["orders"], ["inventory"]) * 5, ["orders", "inventory"], [], ["handbook"], ["x"]]
        ),
        "scope": chance.choice(
            [None, None, None, None, None, "orders:read", "stock:read", "stock:read stock:write", "x"]
        ),
    }
    if chance.random() < 0.15:
        return house.own_form(who, **form)
    subject, declared = chance.choice(tokens(house, chance, who))
    if chance.random() < 0.2:
        actor, kind = chance.choice(tokens(house, chance, who))
        form |= {"actor_token": actor, "actor_token_type": kind}
    return house.form(who, subject, subject_token_type=declared, **form)


def parsed(house: House, form: dict[str, Any]) -> ExchangeRequest:
    found = Params.parse(urlencode(form, doseq=True).encode())
    return house.exchange._grants[found.require("grant_type")].parse(found)


def company(number: int, **how: Any) -> tuple[House, Random]:
    chance = Random(number)
    rules: Sequence[RuleSpec] = chance.sample(POOL, 50)
    trim = PolicyDefaults(on_excess_scope=chance.choice(["reject", "trim"]))
    return House(rules=rules, defaults=trim, clock=FixedClock(NOW + chance.choice([0, 0.25])), **how), chance


async def both(house: House, form: dict[str, Any]) -> tuple[Explanation, dict[str, Any]]:
    """What the rehearsal says of a request, then what the pipeline did, from the minutes."""
    told = await house.rehearsal().of_request(form["client_id"], parsed(house, form))
    with contextlib.suppress(OAuthError):
        await house.post(form)
    return told, house.writer.events[-1]


def assert_same(told: Explanation, done: dict[str, Any]) -> None:
    assert told.granted == (done["outcome"] == "granted"), (told.detail, done)
    assert told.reason == done.get("reason")
    assert told.error == done.get("error")
    assert told.detail == done.get("detail", "")
    if "policy" in done:
        assert told.policy == done["policy"]
        assert told.kind == done.get("kind")
    if told.granted:
        given_ = done["given"]
        assert told.permit is not None
        assert " ".join(told.scopes) == given_["scope"]
        assert told.permit.expires_at == given_["exp"]
        assert list(told.permit.audience) == given_["audience"]
        assert [actor.identity.subject for actor in told.permit.actors] == [
            a["sub"] for a in given_["actors"]
        ]
        assert list(told.permit.rules) == done["rules"]


@pytest.mark.requirement("SEC-45")
@settings(max_examples=150, deadline=None, database=None)
@given(st.integers(0, 2**48))
async def test_a_rehearsal_says_what_the_pipeline_does(number: int) -> None:
    house, chance = company(number)
    for _ in range(3):
        assert_same(*await both(house, question(house, chance)))


@pytest.mark.requirement("SEC-45", "SEC-86")
@settings(max_examples=150, deadline=None, database=None)
@given(st.integers(0, 2**48))
async def test_a_recorded_event_gives_the_same_decision_again(number: int) -> None:
    house, chance = company(number)
    for _ in range(3):
        _, done = await both(house, question(house, chance))
        house.clock.advance(100_000)  # long afterwards, when every token has expired
        assert_same(house.rehearsal().of_event(done), done)
        house.clock.advance(-100_000)


async def test_the_questions_are_worth_asking() -> None:
    """Enough is granted and refused for enough reasons that the two properties say something."""
    reasons: dict[str, int] = {}
    for number in range(200):
        house, chance = company(number)
        _, done = await both(house, question(house, chance))
        said = str(done.get("reason", done.get("kind")))
        reasons[said] = reasons.get(said, 0) + 1
    kinds = {"delegation", "impersonation", "translation", "downscope", "own"}
    assert sum(reasons.get(kind, 0) for kind in kinds) > 22, reasons
    assert len(reasons) >= 12, reasons


# What the random questions found.


@pytest.mark.requirement("SEC-45", "TX-109")
async def test_a_public_client_is_refused_in_a_rehearsal_too() -> None:
    clients = [replace(one, grants=GRANTS) if one.name == "phone" else one for one in CLIENTS]
    house = House(clients=clients, rules=(allow("a", "delegation", "phone", "inventory"),))
    form = house.form("phone", house.our_token(client_id="phone"), audience="inventory", client_secret=None)
    told, done = await both(house, form)
    assert done["reason"] == "client_may_not_exchange"
    assert_same(told, done)


@pytest.mark.requirement("SEC-45", "SEC-86")
async def test_a_decision_that_looked_at_may_act_is_made_again() -> None:
    house = House(rules=(allow("a", "delegation", "orders", "inventory", actor=ANYBODY),))
    token = house.our_token(act=None, may_act={"iss": IDP, "sub": "id-dana", "email": "dana@acme.example"})
    sent = {"actor_token": house.id_token("dana", nonce="n"), "actor_token_type": str(ID_TOKEN)}
    await house.ask("orders", token, audience="inventory", **sent)
    done = house.writer.events[-1]
    assert_same(house.rehearsal().of_event(done), done)


@pytest.mark.requirement("SEC-45")
async def test_a_decision_at_the_end_of_a_second_is_made_again() -> None:
    house = House(clock=FixedClock(NOW + 0.9997))
    await house.ask("orders", house.our_token(exp=NOW + 1), audience="inventory", scope="stock:read")
    done = house.writer.events[-1]
    assert_same(house.rehearsal().of_event(done), done)


@pytest.mark.requirement("SEC-45")
async def test_an_issuer_that_cannot_be_reached_is_the_same_error_in_a_rehearsal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house = House()

    async def unreachable(*_: Any, **__: Any) -> None:
        raise BadToken("nobody answers", why="upstream_down")

    monkeypatch.setattr(InlineKeys, "key", unreachable)
    how = {"subject_token_type": str(ID_TOKEN), "audience": "orders"}
    told, done = await both(house, house.form("assistant", house.id_token(nonce="n"), **how))
    assert done["error"] == "temporarily_unavailable"
    assert_same(told, done)


@pytest.mark.requirement("SEC-45")
async def test_a_rehearsal_changes_nothing() -> None:
    house = House()
    form = house.form("orders", house.our_token(), audience="inventory", scope="stock:read")
    await house.rehearsal().of_request("orders", parsed(house, form))
    assert house.writer.events == []
    assert house.exchange.grant_types == (
        *(TOKEN_EXCHANGE, CLIENT_CREDENTIALS, REFRESH, AUTHORIZATION_CODE, DEVICE_CODE, JWT_BEARER),
    )
