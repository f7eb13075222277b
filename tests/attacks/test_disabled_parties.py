"""Going on after having been switched off.

An agent misbehaves and is disabled, a partner's issuer is dropped, an API is taken out of service; but the
tokens that are out there still verify. A service that trusts signature and expiry alone goes on exchanging
them, and a chain in which the disabled agent is an earlier actor goes on acting for it (CVE-2026-9097,
CVE-2026-8922; Keycloak ``failIfDisabledActor``, ``delegatePermissionRevokedMidChain``).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.house import APIS, CLIENTS, CORP, ISSUER, RULES, House, allow

from actas.core.wire import ACCESS_TOKEN, ID_TOKEN
from actas.policy.rule import PartySelector

READ: dict[str, Any] = {"audience": "inventory", "scope": "stock:read"}
PROFILES = {"service": "service", "ai_agent": "agent", "web_app": "app"}


def without(name: str, *, how: str) -> list[Any]:
    """The clients with one of them disabled, or gone."""
    if how == "disabled":
        return [replace(one, disabled=True) if one.name == name else one for one in CLIENTS]
    return [one for one in CLIENTS if one.name != name]


@pytest.mark.requirement("SEC-23", "SEC-01")
@pytest.mark.parametrize("how", ["disabled", "removed"])
async def test_a_client_that_is_off_gets_nothing(how: str) -> None:
    house = House(clients=without("orders", how=how))
    error = await house.refused("orders", house.our_token(), **READ)
    assert (error.code, error.reason) == ("invalid_client", "bad_client_auth")


@pytest.mark.requirement("SEC-23", "SEC-52")
@pytest.mark.parametrize("how", ["disabled", "removed"])
@pytest.mark.parametrize("depth", [0, 1, 2])
async def test_an_earlier_actor_that_is_off_ends_the_chain(how: str, depth: int) -> None:
    names = ["web", "helpdesk", "robot"]
    names[depth] = "inventory"
    act: dict[str, Any] = {}
    for name in reversed(names):
        act = {"iss": ISSUER, "sub": name, **({"act": act} if act else {})}
    rules = (replace(RULES[1], max_depth=5),)
    token = House().our_token(act=act)
    assert (await House(rules=rules).claims("orders", token, **READ))["act"]["sub"] == "orders"
    house = House(clients=without("inventory", how=how), rules=rules)
    error = await house.refused("orders", token, **READ)
    assert (error.code, error.reason) == ("invalid_request", "bad_subject")


@pytest.mark.requirement("SEC-23", "SEC-02")
@pytest.mark.parametrize("profile", [None, "service", "ai_agent", "something_new", 7])
async def test_what_an_actor_is_said_to_be_does_not_save_it(profile: Any) -> None:
    act = {"iss": ISSUER, "sub": "gone", **({} if profile is None else {"sub_profile": profile})}
    house = House()
    assert (await house.refused("orders", house.our_token(act=act), **READ)).reason == "bad_subject"


@pytest.mark.requirement("SEC-23")
async def test_an_actor_without_an_issuer_is_ours_and_is_looked_up() -> None:
    house = House()
    assert (
        await house.refused("orders", house.our_token(act={"sub": "gone"}), **READ)
    ).reason == "bad_subject"


@pytest.mark.requirement("SEC-23")
@pytest.mark.parametrize("how", ["disabled", "removed"])
async def test_the_client_a_token_was_issued_to_must_still_be_there(how: str) -> None:
    house = House(clients=without("assistant", how=how))
    assert (await house.refused("orders", house.our_token(act=None), **READ)).reason == "bad_subject"


@pytest.mark.requirement("SEC-23", "SEC-50")
async def test_the_same_holds_for_actor_tokens() -> None:
    rule = allow(
        "a",
        "delegation",
        "orders",
        "inventory",
        actor=PartySelector(issuers=frozenset({"actas"}), flatten=True),
    )
    house = House(rules=(rule,))
    mine = house.our_token(
        sub="orders", sub_profile="service", client_id="orders", act={"iss": ISSUER, "sub": "gone"}
    )
    sent = {"actor_token": mine, "actor_token_type": str(ACCESS_TOKEN)}
    assert (await house.refused("orders", house.our_token(act=None), **READ, **sent)).reason == "bad_actor"


@pytest.mark.requirement("SEC-01")
async def test_an_issuer_that_is_off_is_believed_nothing() -> None:
    how: dict[str, Any] = {"subject_token_type": str(ID_TOKEN), "audience": "orders"}
    house = House(issuers=(replace(CORP, disabled=True),))
    error = await house.refused("assistant", house.id_token(nonce="n"), **how)
    assert (error.reason, "disabled" in error.detail) == ("bad_subject", True)
    house = House(issuers=())
    assert (await house.refused("assistant", house.id_token(nonce="n"), **how)).reason == "bad_subject"


@pytest.mark.requirement("SEC-44")
@pytest.mark.parametrize("how", ["disabled", "removed"])
async def test_an_api_that_is_off_appears_in_no_token(how: str) -> None:
    if how == "disabled":
        apis = [replace(api, disabled=True) if api.name == "inventory" else api for api in APIS]
    else:
        apis = [api for api in APIS if api.name != "inventory"]
    house = House(apis=apis)
    for named in ({"audience": "inventory"}, {"resource": "https://inventory.acme.example"}):
        error = await house.refused("orders", house.our_token(), **named, scope="stock:read")
        assert (error.code, error.reason) == ("invalid_target", "unknown_target")
    assert (await house.refused("orders", house.our_token(), scope="stock:read")).code in (
        "invalid_target",
        "invalid_scope",
    )


@pytest.mark.requirement("SEC-52", "SEC-42")
async def test_a_right_that_was_taken_away_ends_the_chain_at_the_next_hop() -> None:
    house = House()
    first = await house.ask(
        "assistant", house.id_token(nonce="n"), subject_token_type=str(ID_TOKEN), audience="orders"
    )
    token = str(first.body["access_token"])
    assert (await house.claims("orders", token, **READ))["act"]["act"]["sub"] == "assistant"
    later = House(rules=RULES[:1], ring=house.ring)
    assert (await later.refused("orders", token, **READ)).reason == "no_rule"


@pytest.mark.requirement("SEC-52")
async def test_an_earlier_actors_right_is_not_the_next_ones() -> None:
    """The assistant may; the one it handed its token to may not, and the chain earns it nothing."""
    house = House(rules=(allow("a", "delegation", "assistant", "inventory"),))
    assert (await house.refused("orders", house.our_token(), **READ)).reason == "no_rule"
