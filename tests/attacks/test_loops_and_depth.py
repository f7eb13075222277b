"""Chains that go round or go on for ever.

Two services that call each other on behalf of Alice, each exchanging the other's token, build a chain that
grows with every round until parsers give up, headers overflow and nobody can read who acted; or the loop is
the point, because the second pass through a trusted service launders what the first could not do. A forged
deep chain from outside does the same in one request (Keycloak ``maxChainDepthEnforced``,
``actorRepetitionRejected``; Auth0 stops at five actors).
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.house import (
    APIS,
    CLIENTS,
    FROM_CORP,
    FROM_OURS,
    ISSUER,
    House,
    allow,
    client,
    sells,
)

from actas.core.errors import OAuthError
from actas.core.target import Api
from actas.core.wire import ACCESS_TOKEN, ID_TOKEN
from actas.policy.narrow import DEPTH_CAP
from actas.policy.rule import PolicyDefaults
from actas.subjects.chain import MAX_ACTORS

PAIR = (
    allow("there", "delegation", "orders", "inventory"),
    allow("back", "delegation", "inventory", "orders"),
)


def chain(*actors: str, issuer: str = ISSUER) -> dict[str, Any]:
    first, *rest = actors
    return {"iss": issuer, "sub": first, **({"act": chain(*rest, issuer=issuer)} if rest else {})}


@pytest.mark.requirement("SEC-53")
async def test_two_services_cannot_pass_a_token_back_and_forth() -> None:
    house = House(rules=PAIR)
    token = house.our_token(act=None)
    there = (await house.ask("orders", token, audience="inventory")).body["access_token"]
    back = (await house.ask("inventory", str(there), audience="orders")).body["access_token"]
    error = await house.refused("orders", str(back), audience="inventory")
    assert (error.code, error.reason) == ("invalid_request", "actor_not_allowed")
    assert "in the chain already" in error.detail


@pytest.mark.requirement("SEC-53")
@pytest.mark.parametrize("place", [0, 1, 2])
async def test_an_actor_is_never_named_twice_wherever_it_stands(place: int) -> None:
    names = ["web", "helpdesk", "assistant"]
    names[place] = "orders"
    house = House(rules=PAIR)
    error = await house.refused("orders", house.our_token(act=chain(*names)), audience="inventory")
    assert error.reason == "actor_not_allowed"


@pytest.mark.requirement("SEC-53")
async def test_nobody_acts_for_itself() -> None:
    rule = allow("self", "delegation", "orders", "inventory")
    house = House(rules=(rule,))
    token = house.our_token(sub="orders", sub_profile="service", client_id="orders", act=None)
    assert (await house.refused("orders", token, audience="inventory")).reason == "actor_not_allowed"
    person = replace(FROM_CORP, required=True)
    house = House(rules=(replace(rule, actor=person),))
    sent = {"actor_token": house.id_token("alice", nonce="n"), "actor_token_type": str(ID_TOKEN)}
    error = await house.refused("orders", house.our_token(act=None), audience="inventory", **sent)
    assert error.reason == "actor_not_allowed"


@pytest.mark.requirement("SEC-53", "TX-59")
async def test_a_flattened_actor_token_brings_no_repetition_in() -> None:
    rule = allow("flat", "delegation", "orders", "inventory", actor=replace(FROM_OURS, flatten=True))
    house = House(rules=(rule,))
    mine = house.our_token(sub="orders", sub_profile="service", client_id="orders", act=chain("web"))
    sent = {"actor_token": mine, "actor_token_type": str(ACCESS_TOKEN)}
    for before in (chain("web"), chain("assistant", "web"), chain("orders")):
        error = await house.refused("orders", house.our_token(act=before), audience="inventory", **sent)
        assert error.reason == "actor_not_allowed"
    loop = house.our_token(
        sub="orders", sub_profile="service", client_id="orders", act=chain("alice@acme.example")
    )
    sent = {"actor_token": loop, "actor_token_type": str(ACCESS_TOKEN)}
    error = await house.refused("orders", house.our_token(act=None), audience="inventory", **sent)
    assert error.reason == "actor_not_allowed"


@pytest.mark.requirement("SEC-53", "TX-58")
async def test_a_line_of_services_ends_at_the_fifth_actor() -> None:
    """Eight services, each calling the next one: the sixth hop is refused by default."""
    names = [f"hop{number}" for number in range(8)]
    apis = [Api(name=name, audience=f"https://{name}.acme.example", scopes={"go": ""}) for name in names]
    clients = [client(name, api=name, apis=frozenset(names)) for name in names]
    rules = [
        allow(f"to-{there}", "delegation", here, "orders", apis=frozenset({there}), scopes=sells(any="go"))
        for here, there in itertools.pairwise(names)
    ]
    house = House(clients=clients, apis=(*APIS, *apis), rules=rules)
    token = house.our_token(aud=apis[0].audience, client_id="hop7", act=None)
    for number in range(5):
        answer = await house.ask(names[number], token, audience=names[number + 1])
        token = str(answer.body["access_token"])
    error = await house.refused(names[5], token, audience=names[6])
    assert (error.code, error.reason) == ("invalid_request", "chain_too_deep")


@pytest.mark.requirement("SEC-53", "TX-58")
async def test_no_setting_lifts_the_cap_of_ten() -> None:
    clients = [*CLIENTS, *(client(f"c{number}") for number in range(12))]
    rule = allow("deep", "delegation", "orders", "inventory", max_depth=50)
    apis = [replace(api, max_depth=50) for api in APIS]
    house = House(clients=clients, apis=apis, rules=(rule,), defaults=PolicyDefaults(max_depth=50))
    nine = house.our_token(act=chain(*(f"c{number}" for number in range(DEPTH_CAP - 1))))
    assert (await house.claims("orders", nine, audience="inventory"))["act"]["sub"] == "orders"
    ten = house.our_token(act=chain(*(f"c{number}" for number in range(DEPTH_CAP))))
    error = await house.refused("orders", ten, audience="inventory")
    assert error.reason == "chain_too_deep"


@pytest.mark.requirement("SEC-53", "SEC-26")
@pytest.mark.parametrize("actors", [MAX_ACTORS + 1, 13, 14, 100])
async def test_a_deep_chain_from_outside_is_refused(actors: int) -> None:
    house = House(rules=(allow("a", "delegation", "orders", "inventory", subject=FROM_CORP),))
    deep: dict[str, Any] = {"sub": "bot"}
    for number in range(actors - 1):
        deep = {"sub": f"b{number}", "act": deep}
    token = house.id_token(act=deep, nonce="n")
    error = await house.refused("orders", token, audience="inventory", subject_token_type=str(ID_TOKEN))
    assert error.reason == "bad_subject"


@pytest.mark.requirement("SEC-53", "SEC-52")
async def test_every_hop_needs_its_own_rule() -> None:
    house = House(rules=PAIR)
    token = str(
        (await house.ask("orders", house.our_token(act=None), audience="inventory")).body["access_token"]
    )
    later = House(rules=PAIR[:1], ring=house.ring)
    with pytest.raises(OAuthError) as refused:
        await later.ask("inventory", token, audience="orders")
    assert refused.value.reason == "no_rule"
