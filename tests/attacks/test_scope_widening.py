"""Asking for more than one has.

An exchange that takes the requested scope, the client's scope or the target's scope for the granted one lets
the holder of a read-only token trade it for a writable one, at the same API or at the next, in one step or in
several (CVE-2026-56668, CVE-2020-12690; Keycloak's own test of this is disabled, #53280). What is granted lies
inside all of them at every hop, and ends no later than everything it came from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from tests.fakes.house import (
    CLIENTS,
    INVENTORY,
    NOW,
    ORDERS_TO_INVENTORY,
    RULES,
    House,
    allow,
    client,
    sells,
)

from actas.kinds import limits
from actas.policy.narrow import ScopeTable, scope_table
from actas.policy.rule import PolicyDefaults, RuleSpec, ScopeMap

MAPPED = sells(**{"orders:read": "stock:read", "orders:write": "stock:write"})
TRIM = PolicyDefaults(on_excess_scope="trim")


def rule(kind: str, target: str = "inventory", scopes: ScopeMap = MAPPED) -> RuleSpec:
    return allow(kind, kind, "orders", target, scopes=scopes)


@pytest.mark.requirement("SEC-43", "TX-70")
@pytest.mark.parametrize("kind", ["delegation", "impersonation"])
@pytest.mark.parametrize("trim", [False, True])
async def test_a_read_only_token_does_not_become_a_writable_one(kind: str, *, trim: bool) -> None:
    house = House(rules=(rule(kind),), defaults=TRIM if trim else PolicyDefaults())
    token = house.our_token(scope="orders:read", act=None)
    assert (await house.claims("orders", token, audience="inventory"))["scope"] == "stock:read"
    error = await house.refused("orders", token, audience="inventory", scope="stock:write")
    assert (error.code, error.reason) == ("invalid_scope", "excess")
    asked = {"audience": "inventory", "scope": "stock:read stock:write"}
    if trim:
        assert (await house.claims("orders", token, **asked))["scope"] == "stock:read"
    else:
        assert (await house.refused("orders", token, **asked)).reason == "excess"


@pytest.mark.requirement("SEC-43")
async def test_narrowing_never_gives_back_what_was_narrowed_away() -> None:
    house = House(rules=(allow("n", "downscope", "web", "orders", scopes=ScopeMap(same=True)),))
    token = house.our_token(client_id="web")
    narrow = await house.ask("web", token, audience="orders", scope="orders:read")
    error = await house.refused(
        "web", str(narrow.body["access_token"]), audience="orders", scope="orders:write"
    )
    assert (error.code, error.reason) == ("invalid_scope", "excess")
    again = await house.claims("web", str(narrow.body["access_token"]), audience="orders")
    assert again["scope"] == "orders:read"


@pytest.mark.requirement("SEC-43")
async def test_two_hops_buy_no_more_than_one() -> None:
    back = allow("back", "delegation", "inventory", "orders", scopes=sells(**{"stock:read": "orders:read"}))
    house = House(rules=(ORDERS_TO_INVENTORY, back))
    token = house.our_token(scope="orders:read", act=None)
    there = await house.ask("orders", token, audience="inventory")
    claims = await house.claims("inventory", str(there.body["access_token"]), audience="orders")
    assert claims["scope"] == "orders:read"
    error = await house.refused(
        "inventory", str(there.body["access_token"]), audience="orders", scope="orders:write"
    )
    assert error.reason == "excess"


@pytest.mark.requirement("SEC-43")
async def test_a_scope_of_the_same_name_at_another_api_is_another_scope() -> None:
    """``same`` is for one API; a map buys what it says and nothing of the same name."""
    house = House(rules=(rule("delegation", scopes=sells(**{"orders:read": "stock:read"})),))
    token = house.our_token(scope="orders:read stock:write")
    error = await house.refused("orders", token, audience="inventory", scope="stock:write")
    assert error.reason == "excess"


@pytest.mark.requirement("SEC-43")
async def test_a_scope_of_a_foreign_token_buys_only_what_a_rule_sells_for_it() -> None:
    scopes = sells(**{"stock:read": "stock:read"})
    foreign = replace(RULES[0], client=replace(RULES[0].client, names=frozenset({"orders"})))
    house = House(rules=(replace(foreign, apis=frozenset({"inventory"}), scopes=scopes, name="f"),))
    how: dict[str, Any] = {
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "audience": "inventory",
    }
    token = house.id_token(typ="at+jwt", scope="stock:read stock:write")
    assert (await house.claims("orders", token, **how))["scope"] == "stock:read"
    error = await house.refused("orders", token, **how, scope="stock:write")
    assert error.reason == "excess"


@pytest.mark.requirement("SEC-43")
@pytest.mark.parametrize(
    "scope", ["stock:READ", "stock:rea", "stock:read*", "*", "stock:*", "stock", "openid"]
)
async def test_scopes_are_compared_whole_and_with_their_case(scope: str) -> None:
    house = House(rules=(rule("delegation"),))
    error = await house.refused("orders", house.our_token(), audience="inventory", scope=scope)
    assert error.reason == "excess"


@pytest.mark.requirement("SEC-43", "TX-49")
async def test_life_never_grows_along_a_chain() -> None:
    long = replace(ORDERS_TO_INVENTORY, lifetime=3600)
    back = allow("back", "delegation", "inventory", "orders", lifetime=3600, max_depth=5)
    house = House(rules=(long, back))
    first = await house.ask("orders", house.our_token(exp=NOW + 50, act=None), audience="inventory")
    house.clock.advance(20)
    second = await house.claims("inventory", str(first.body["access_token"]), audience="orders")
    assert second["exp"] == NOW + 50


@pytest.mark.requirement("SEC-43")
async def test_the_actor_tokens_end_counts_too() -> None:
    actor = replace(ORDERS_TO_INVENTORY, actor=replace(RULES[0].subject, groups=frozenset()))  # type: ignore[type-var]
    house = House(rules=(actor,))
    sent = {
        "actor_token": house.id_token("dana", exp=NOW + 40, nonce="n"),
        "actor_token_type": "urn:ietf:params:oauth:token-type:id_token",
    }
    claims = await house.claims("orders", house.our_token(act=None), audience="inventory", **sent)
    assert claims["exp"] == NOW + 40


@pytest.mark.requirement("SEC-43")
@pytest.mark.parametrize("claim", ["acr", "amr", "auth_time"])
async def test_the_strength_of_a_sign_in_is_not_raised(claim: str) -> None:
    house = House(rules=RULES)
    asked = {claim: "phr", "acr_values": "phr"}
    claims = await house.claims(
        "orders", house.our_token(), audience="inventory", scope="stock:read", **asked
    )
    assert claim not in claims


# Each term of the intersection is needed: with one of them gone, something is granted that was not to be.

Leave = Callable[[ScopeTable], frozenset[str]]
LAB = client(
    "lab",
    apis=frozenset({"inventory"}),
    api="orders",
    scopes={"inventory": frozenset({"stock:read", "buys"})},
)
TERMS: dict[str, Leave] = {
    "what the API offers": lambda t: (t.buys & t.may_ask) - t.denied,
    "what the held scopes buy": lambda t: (t.defines & t.may_ask) - t.denied,
    "what the client may ask for": lambda t: (t.defines & t.buys) - t.denied,
    "what is denied": lambda t: t.defines & t.buys & t.may_ask,
}
SCENARIOS: dict[str, tuple[str, dict[str, Any]]] = {
    "what the API offers": ("buys", {}),
    "what the held scopes buy": ("stock:read", {"scope": "orders:write"}),
    "what the client may ask for": ("stock:write", {}),
    "what is denied": ("stock:read", {}),
}


@pytest.mark.requirement("SEC-43")
@pytest.mark.parametrize("term", TERMS)
async def test_every_term_of_the_intersection_is_needed(term: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scope, held = SCENARIOS[term]
    sold = ScopeMap(bought={"orders:read": frozenset({"stock:read", "stock:write", "buys"})})
    rules: list[RuleSpec] = [allow("lab", "delegation", "lab", "inventory", scopes=sold)]
    if term == "what is denied":
        rules.append(replace(RULES[2], denied_scopes=frozenset({"stock:read"})))
    house = House(clients=(LAB, *CLIENTS), rules=rules)
    asked = {"audience": "inventory", "scope": scope}
    assert (await house.refused("lab", house.our_token(**held), **asked)).code == "invalid_scope"

    def lax(*args: Any, **kwargs: Any) -> ScopeTable:
        table = scope_table(*args, **kwargs)
        return msgspec.structs.replace(table, leaves=TERMS[term](table), may_ask=table.may_ask)

    monkeypatch.setattr(limits, "scope_table", lax)
    if term == "what the API offers":
        # The client's list is cut to what the API offers as well, so that one is lifted with it.
        monkeypatch.setattr("actas.policy.narrow.scopes_of", lambda api, client: client.scopes[api.name])
    claims = await house.claims("lab", house.our_token(**held), **asked)
    assert (claims["scope"], claims["aud"]) == (scope, INVENTORY)
