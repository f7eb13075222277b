"""RFC 8693 sections 1.1 and 4: impersonation, delegation, ``act`` and ``may_act``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.configuration import acme, named, sentences
from tests.fakes.house import (
    CORP,
    FROM_CORP,
    FROM_OURS,
    IDP,
    ISSUER,
    NOW,
    ORDERS_TO_INVENTORY,
    RULES,
    House,
    allow,
)

from actas.core.wire import ACCESS_TOKEN, ID_TOKEN
from actas.policy.rule import PartySelector, PolicyDefaults

READ = {"audience": "inventory", "scope": "stock:read"}
IMPERSONATE = allow("impersonate", "impersonation", "orders", "inventory")
WITH_ACTOR = allow(
    "with-actor",
    "delegation",
    "orders",
    "inventory",
    actor=PartySelector(issuers=frozenset({"corp-idp", "actas"}), required=True),
)
ASSISTANT = {"iss": ISSUER, "sub": "assistant", "sub_profile": "ai_agent"}


def dana(house: House, **claims: Any) -> dict[str, str]:
    """Dana's ID token as the actor token."""
    token = house.id_token("dana", nonce="n", **claims)
    return {"actor_token": token, "actor_token_type": str(ID_TOKEN)}


def act(*names: str, issuer: str = ISSUER) -> dict[str, Any]:
    """An ``act`` claim, the newest actor first."""
    first, *rest = names
    nested = {"act": act(*rest, issuer=issuer)} if rest else {}
    return {"iss": issuer, "sub": first, **nested}


@pytest.mark.requirement("TX-50")
async def test_an_impersonated_token_names_the_subject_and_no_actor() -> None:
    house = House(rules=(IMPERSONATE,))
    claims = await house.claims("orders", house.our_token(act=None), **READ)
    assert claims["sub"] == "alice@acme.example"
    assert "act" not in claims
    assert house.writer.events[-1]["client"]["name"] == "orders"
    assert house.writer.events[-1]["kind"] == "impersonation"


@pytest.mark.requirement("TX-51", "TX-54")
async def test_a_delegated_token_keeps_the_subject_and_names_the_actor() -> None:
    house = House(rules=(WITH_ACTOR,))
    claims = await house.claims("orders", house.our_token(act=None), **READ, **dana(house))
    assert claims["sub"] == "alice@acme.example"
    assert claims["act"] == {"iss": ISSUER, "sub": "dana@acme.example", "sub_profile": "user"}
    assert claims["client_id"] == "orders"


@pytest.mark.requirement("TX-52")
@pytest.mark.parametrize("kind", ["impersonation", "downscope"])
async def test_an_actor_token_never_leads_to_silence_about_who_acts(kind: str) -> None:
    rule = allow("quiet", kind, "orders", "inventory", actor=WITH_ACTOR.actor)
    house = House(rules=(rule,))
    error = await house.refused("orders", house.our_token(act=None), **READ, **dana(house))
    assert (error.code, error.reason) == ("invalid_target", "no_rule")


@pytest.mark.requirement("TX-52")
async def test_a_rule_that_does_not_speak_of_an_actor_token_does_not_drop_one() -> None:
    house = House(rules=(ORDERS_TO_INVENTORY,))
    error = await house.refused("orders", house.our_token(), **READ, **dana(house))
    assert error.reason == "no_rule"


@pytest.mark.requirement("TX-52")
def test_a_rule_that_names_no_actor_and_requires_an_actor_token_is_a_mistake(tmp_path: Path) -> None:
    """Such a rule does nothing, and whoever wrote it believes that it does something."""
    tree = acme()
    rule = named(tree, "rules", "partner-translation")
    rule["actor"] = {"from": "corp-okta", "required": True}
    assert sentences(tmp_path, tree)


@pytest.mark.requirement("TX-53")
async def test_which_of_the_two_happens_without_an_actor_token_is_what_the_rules_say() -> None:
    token = House().our_token(act=None)
    named = await House(rules=(ORDERS_TO_INVENTORY,)).claims("orders", token, **READ)
    assert named["act"]["sub"] == "orders"
    unnamed = await House(rules=(IMPERSONATE,)).claims("orders", token, **READ)
    assert "act" not in unnamed
    both = await House(rules=(IMPERSONATE, ORDERS_TO_INVENTORY)).claims("orders", token, **READ)
    assert both["act"]["sub"] == "orders"


@pytest.mark.requirement("TX-54", "TX-55")
async def test_only_members_that_identify_the_actor_come_out() -> None:
    house = House()
    given = {**ASSISTANT, "exp": 1, "nbf": NOW + 9999, "aud": "x", "iat": 1, "role": "admin"}
    claims = await house.claims("orders", house.our_token(act=given), **READ)
    assert claims["act"] == {"iss": ISSUER, "sub": "orders", "sub_profile": "service", "act": ASSISTANT}


@pytest.mark.requirement("TX-54", "SEC-02")
@pytest.mark.parametrize(
    "bad",
    [
        None,
        "assistant",
        [],
        {},
        {"iss": ISSUER},
        {"sub": 7},
        {"sub": "x", "act": None},
        {"sub": "x", "iss": ""},
    ],
)
async def test_an_act_that_names_nobody_is_refused(bad: Any) -> None:
    house = House()
    token = house.our_token(act=bad) if bad is not None else _with_null(house, "act")
    assert (await house.refused("orders", token, **READ)).reason == "bad_subject"


@pytest.mark.requirement("TX-55", "TX-61")
async def test_times_inside_may_act_mean_nothing() -> None:
    house = House()
    may_act = {"sub": "orders", "exp": 1, "nbf": NOW + 9999, "aud": "x", "iat": 1}
    claims = await house.claims("orders", house.our_token(act=None, may_act=may_act), **READ)
    assert claims["act"]["sub"] == "orders"


@pytest.mark.requirement("TX-56")
async def test_the_newest_actor_is_outermost_and_the_oldest_deepest() -> None:
    house = House(defaults=PolicyDefaults(max_depth=5), rules=(replace(ORDERS_TO_INVENTORY, max_depth=5),))
    claims = await house.claims("orders", house.our_token(act=act("web", "helpdesk", "assistant")), **READ)
    names, here = [], claims
    while "act" in here:
        here = here["act"]
        names.append(here["sub"])
    assert names == ["orders", "web", "helpdesk", "assistant"]


@pytest.mark.requirement("TX-57", "SEC-52")
async def test_a_nested_actor_earns_no_access() -> None:
    rule = allow(
        "for-dana", "delegation", "orders", "inventory", actor=replace(FROM_CORP, names=frozenset({"dana@acme.example"}))
    )  # fmt: skip
    house = House(rules=(rule,))
    error = await house.refused("orders", house.our_token(act=act("dana@acme.example")), **READ)
    assert error.reason == "no_rule"


@pytest.mark.requirement("TX-58", "SEC-53")
@pytest.mark.parametrize(("limit", "before"), [(1, 1), (3, 3), (5, 5)])
async def test_the_depth_of_the_chain_is_bounded(limit: int, before: int) -> None:
    names = ("web", "helpdesk", "assistant", "robot", "inventory")
    house = House(rules=(replace(ORDERS_TO_INVENTORY, max_depth=limit),))
    fits = await house.claims(
        "orders", house.our_token(act=act(*names[: before - 1]) if before > 1 else None), **READ
    )
    assert fits["act"]["sub"] == "orders"
    error = await house.refused("orders", house.our_token(act=act(*names[:before])), **READ)
    assert (error.code, error.reason) == ("invalid_request", "chain_too_deep")


@pytest.mark.requirement("TX-58")
async def test_the_default_depth_is_five() -> None:
    assert PolicyDefaults().max_depth == 5


@pytest.mark.requirement("TX-59")
async def test_an_actor_token_with_a_chain_is_refused_unless_a_rule_flattens_it() -> None:
    mine = House().our_token(sub="orders", sub_profile="service", client_id="orders", act=act("robot"))
    sent = {"actor_token": mine, "actor_token_type": str(ACCESS_TOKEN)}
    subject = House().our_token(act=None)
    error = await House(rules=(WITH_ACTOR,)).refused("orders", subject, **READ, **sent)
    assert error.reason == "no_rule"
    flatten = replace(WITH_ACTOR, actor=replace(FROM_OURS, required=True, flatten=True))
    claims = await House(rules=(flatten,)).claims("orders", subject, **READ, **sent)
    assert (claims["act"]["sub"], claims["act"]["act"]["sub"]) == ("orders", "robot")


@pytest.mark.requirement("TX-60", "SEC-02")
@pytest.mark.parametrize(
    "bad", [None, "orders", [], ["orders"], {}, {"exp": 1}, {"sub": 1}, {"sub": None}, {"sub": ["orders"]}]
)
async def test_a_may_act_that_names_nobody_is_refused(bad: Any) -> None:
    house = House()
    token = house.our_token(act=None, may_act=bad) if bad is not None else _with_null(house, "may_act")
    assert (await house.refused("orders", token, **READ)).reason == "bad_subject"


@pytest.mark.requirement("TX-61", "SEC-51")
@pytest.mark.parametrize(
    ("may_act", "granted"),
    [
        ({"sub": "orders"}, True),
        ({"iss": ISSUER, "sub": "orders"}, True),
        ({"sub": "orders", "client_id": "orders"}, True),
        ({"sub": "orders", "client_id": "web"}, False),
        ({"sub": "orders", "email": "orders@acme.example"}, False),
        ({"iss": IDP, "sub": "orders"}, False),
        ({"sub": "Orders"}, False),
        ({"sub": "web"}, False),
        ({"client_id": "orders"}, False),
    ],
)
async def test_every_member_of_may_act_equals_the_actors_claim(
    may_act: dict[str, str], granted: bool
) -> None:
    house = House()
    token = house.our_token(act=None, may_act=may_act)
    if granted:
        assert (await house.claims("orders", token, **READ))["act"]["sub"] == "orders"
    else:
        error = await house.refused("orders", token, **READ)
        assert (error.code, error.reason) == ("invalid_request", "actor_not_allowed")


@pytest.mark.requirement("TX-61")
async def test_may_act_is_compared_with_the_actor_token_when_one_is_sent() -> None:
    house = House(rules=(WITH_ACTOR,))
    fits = house.our_token(act=None, may_act={"iss": IDP, "sub": "id-dana"})
    assert (await house.claims("orders", fits, **READ, **dana(house)))["act"]["sub"] == "dana@acme.example"
    for other in ({"sub": "orders"}, {"iss": ISSUER, "sub": "dana@acme.example"}, {"sub": "id-dana"}):
        error = await house.refused("orders", house.our_token(act=None, may_act=other), **READ, **dana(house))
        assert error.reason == "actor_not_allowed"


@pytest.mark.requirement("TX-61")
async def test_may_act_holds_for_impersonation_too() -> None:
    house = House(rules=(IMPERSONATE,))
    error = await house.refused("orders", house.our_token(act=None, may_act={"sub": "web"}), **READ)
    assert error.reason == "actor_not_allowed"


@pytest.mark.requirement("TX-62")
async def test_may_act_is_not_handed_on() -> None:
    house = House()
    claims = await house.claims("orders", house.our_token(act=None, may_act={"sub": "orders"}), **READ)
    assert "may_act" not in claims


@pytest.mark.requirement("TX-63")
async def test_client_id_is_the_requester_and_scope_is_one_string() -> None:
    house = House()
    claims = await house.claims("orders", house.our_token(), **READ)
    assert (claims["client_id"], claims["scope"]) == ("orders", "stock:read")


@pytest.mark.requirement("TX-64")
async def test_sub_profile_says_what_subject_and_actors_are() -> None:
    rule = allow("web", "delegation", "web", "inventory")
    house = House(rules=(rule,))
    claims = await house.claims("web", house.our_token(client_id="web"), **READ)
    assert claims["sub_profile"] == "user"
    assert claims["act"]["sub_profile"] == "web_app"
    assert claims["act"]["act"]["sub_profile"] == "ai_agent"


@pytest.mark.requirement("TX-64")
async def test_what_nobody_stated_is_not_made_up() -> None:
    house = House(issuers=(replace(CORP, party_kind="service"),), rules=RULES)
    claims = await house.claims("orders", house.our_token(act=act("assistant")), **READ)
    assert "sub_profile" not in claims["act"]["act"]


def _with_null(house: House, member: str) -> str:
    """A token that has the member, and null in it."""
    from actas.crypto import jose

    claims = dict(jose.parse(house.our_token(act=None)).unverified_claims)
    return jose.sign({**claims, member: None}, key=house.ring.private(), typ="at+jwt")
