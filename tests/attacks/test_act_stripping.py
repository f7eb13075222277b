"""Losing the witness on the way.

A token says that an assistant acts for Alice. Whoever holds it asks for another token in every way the
endpoint offers, hoping that one of them forgets the assistant: without an actor token, with one, with a
narrower scope, at another target, as impersonation, with the parameters in other words. One way that yields a
token without the whole chain turns delegation into impersonation, and a rule that keeps agents away from
something is passed by (Keycloak ``chainingDisabledByDefault``; SEC-53).
"""

from __future__ import annotations

import itertools
from typing import Any, Final

import pytest
from tests.fakes.house import (
    APIS,
    FROM_CORP,
    FROM_OURS,
    IDP,
    ISSUER,
    NO_AGENT_WRITES_STOCK,
    House,
    allow,
    claims_of,
)

from actas.core.errors import OAuthError
from actas.core.wire import ACCESS_TOKEN, ID_TOKEN
from actas.policy.rule import PartySelector, PolicyDefaults

ASKERS: Final = ("orders", "assistant", "web")
ANYBODY: Final = PartySelector(issuers=frozenset({"corp-idp", "actas"}), flatten=True)
EVERYTHING: Final = tuple(
    allow(f"{kind}-{who}-{api}-{n}", kind, who, api, subject=subject, actor=actor)
    for who in ASKERS
    for api in ("orders", "inventory")
    for n, (kind, subject, actor) in enumerate(
        (
            ("delegation", FROM_OURS, None),
            ("delegation", FROM_OURS, ANYBODY),
            ("delegation", FROM_CORP, None),
            ("delegation", FROM_CORP, ANYBODY),
            ("impersonation", FROM_OURS, None),
            ("impersonation", FROM_OURS, ANYBODY),
            ("downscope", FROM_OURS, None),
            ("translation", FROM_CORP, None),
        )
    )
)
"""Rules that allow everybody everything."""


def names(claims: Any) -> list[tuple[str, str]]:
    """The actors of a token, newest first."""
    found = []
    while isinstance(claims.get("act"), dict):
        claims = claims["act"]
        found.append((claims["iss"], claims["sub"]))
    return found


def chain(*actors: str, issuer: str = ISSUER) -> dict[str, Any]:
    first, *rest = actors
    return {"iss": issuer, "sub": first, **({"act": chain(*rest, issuer=issuer)} if rest else {})}


def combinations(house: House) -> list[dict[str, Any]]:
    actor_tokens: list[dict[str, Any]] = [
        {},
        {"actor_token": house.id_token("dana", nonce="n"), "actor_token_type": str(ID_TOKEN)},
        {
            "actor_token": house.our_token(sub="orders", sub_profile="service", client_id="orders", act=None),
            "actor_token_type": str(ACCESS_TOKEN),
        },
        {"actor_token": "", "actor_token_type": ""},
    ]
    targets: list[dict[str, Any]] = [
        {"audience": "orders"},
        {"audience": "inventory"},
        {"resource": APIS[1].audience},
        {"audience": ["orders", "inventory"]},
        {},
    ]
    scopes: list[dict[str, Any]] = [{}, {"scope": "orders:read"}, {"scope": "stock:read"}, {"scope": ""}]
    extras: list[dict[str, Any]] = [
        {},
        {"requested_token_type": str(ACCESS_TOKEN)},
        {"act": "", "may_act": "x"},
    ]
    return [a | b | c | d for a, b, c, d in itertools.product(actor_tokens, targets, scopes, extras)]


@pytest.mark.requirement("SEC-53", "TX-56", "TX-52")
@pytest.mark.parametrize("who", ASKERS)
@pytest.mark.parametrize("actors", [("assistant",), ("web", "assistant"), ("helpdesk", "web", "assistant")])
async def test_no_combination_of_parameters_loses_or_shortens_the_chain(
    who: str, actors: tuple[str, ...]
) -> None:
    house = House(rules=EVERYTHING, defaults=PolicyDefaults(max_depth=10))
    token = house.our_token(act=chain(*actors), client_id=actors[0])
    before = [(ISSUER, actor) for actor in actors]
    granted = 0
    for combination in combinations(house):
        try:
            answer = await house.ask(who, token, **combination)
        except OAuthError:
            continue
        granted += 1
        after = names(claims_of(answer))
        # The whole chain is the end of the new one, and at most the acting party stands in front of it.
        assert after[len(after) - len(before) :] == before, combination
        assert len(after) - len(before) <= 1, combination
    assert granted or who != "orders"


@pytest.mark.requirement("SEC-53", "SEC-49")
@pytest.mark.parametrize("declared", ["id_token", "jwt"])
async def test_a_foreign_issuers_chain_is_not_lost_either(declared: str) -> None:
    house = House(rules=EVERYTHING)
    shape: dict[str, Any] = {"nonce": "n"} if declared == "id_token" else {"client_id": "x"}
    token = house.id_token(act={"sub": "their-bot"}, **shape)
    how = {"subject_token_type": f"urn:ietf:params:oauth:token-type:{declared}"}
    for combination in combinations(house):
        try:
            answer = await house.ask("web", token, **{**combination, **how})
        except OAuthError:
            continue
        assert names(claims_of(answer))[-1] == (IDP, "their-bot"), combination


@pytest.mark.requirement("SEC-53")
@pytest.mark.parametrize("kind", ["impersonation", "translation"])
async def test_a_kind_that_names_no_actor_refuses_a_token_that_has_one(kind: str) -> None:
    subject = FROM_OURS if kind == "impersonation" else FROM_CORP
    house = House(rules=(allow("quiet", kind, "orders", "inventory", subject=subject),))
    token = house.our_token() if kind == "impersonation" else house.id_token(act={"sub": "bot"}, nonce="n")
    declared = ACCESS_TOKEN if kind == "impersonation" else ID_TOKEN
    error = await house.refused("orders", token, subject_token_type=str(declared), audience="inventory")
    assert error.reason == "actor_not_allowed"


@pytest.mark.requirement("SEC-52", "SEC-53")
async def test_a_deny_of_agents_holds_however_far_back_the_agent_is() -> None:
    rules = (
        allow("far", "delegation", "orders", "inventory"),
        allow("narrow", "downscope", "orders", "orders"),
        NO_AGENT_WRITES_STOCK,
    )
    house = House(rules=rules)
    profile = {"iss": ISSUER, "sub": "assistant", "sub_profile": "ai_agent"}
    for act in (profile, {"iss": ISSUER, "sub": "web", "sub_profile": "web_app", "act": profile}):
        error = await house.refused(
            "orders", house.our_token(act=act), audience="inventory", scope="stock:write"
        )
        assert (error.code, error.reason) == ("invalid_scope", "denied_by_rule")
