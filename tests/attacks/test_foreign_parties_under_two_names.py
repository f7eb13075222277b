"""A foreign party has two names: the one its issuer uses, and ours for it. An attacker mixes them.

With ``ana`` as subject and as her own inner actor, or a bot both in the subject's chain and as actor token, a
comparison of one name alone lets a chain repeat somebody, or lets people act for themselves. The same gap
lets what was known of a person (groups, issuer, who may act) fall off at the first hop.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.fakes.house import (
    APIS,
    CORP,
    FROM_CORP,
    ISSUER,
    RULES,
    House,
    allow,
)

from actas.core.wire import ID_TOKEN, JWT
from actas.policy.rule import PartySelector, RuleSpec, ScopeMap

DENY = RuleSpec(name="no", effect="deny", kind="any", apis=frozenset({"inventory"}), reason="No.")


async def second_hop(house: House) -> str:
    """A token of ours about alice, as the first hop gives it."""
    form = {"subject_token_type": str(ID_TOKEN), "audience": "orders"}
    answer = await house.ask("assistant", house.id_token(), **form)
    return str(answer.body["access_token"])


@pytest.mark.requirement("SEC-53")
async def test_nobody_acts_for_himself_under_his_other_name() -> None:
    house = House()
    subject = house.id_token(typ="at+jwt", act={"sub": "id-alice"})
    error = await house.refused("assistant", subject, subject_token_type=str(JWT), audience="orders")
    assert error.reason == "actor_not_allowed"


@pytest.mark.requirement("SEC-49")
async def test_an_issuer_names_no_actors_of_another_issuer() -> None:
    house = House()
    subject = house.id_token(typ="at+jwt", act={"iss": "https://other.example", "sub": "bot"})
    error = await house.refused("assistant", subject, subject_token_type=str(JWT), audience="orders")
    assert error.reason == "bad_subject"


@pytest.mark.requirement("SEC-02", "SEC-42")
@pytest.mark.parametrize(
    "subject",
    [PartySelector(groups=frozenset({"support"})), PartySelector(issuers=frozenset({"corp-idp"}))],
    ids=["by group", "by issuer"],
)
async def test_a_deny_follows_a_person_through_our_own_tokens(subject: PartySelector) -> None:
    house = House(rules=(*RULES, replace(DENY, subject=subject)))
    error = await house.refused("orders", await second_hop(house), audience="inventory")
    assert (error.reason, error.code) == ("denied_by_rule", "invalid_target")


@pytest.mark.requirement("SEC-23", "SEC-52")
async def test_people_of_an_issuer_that_was_disabled_go_no_further() -> None:
    token = await second_hop(House())
    house = House(issuers=(replace(CORP, disabled=True),))
    error = await house.refused("orders", token, audience="inventory")
    assert (error.reason, "no longer trusted" in error.detail) == ("bad_subject", True)


@pytest.mark.requirement("SEC-44")
async def test_no_token_is_meant_for_a_disabled_api() -> None:
    apis = [replace(api, disabled=api.name == "orders") for api in APIS]
    house = House(apis=apis)
    error = await house.refused("orders", house.our_token(), audience="inventory", scope="stock:read")
    assert error.reason == "wrong_audience"


@pytest.mark.requirement("SEC-43")
async def test_downscoping_never_grants_what_was_not_held() -> None:
    rule = replace(
        allow("narrow", "downscope", "assistant", "orders"),
        scopes=ScopeMap(anyway=frozenset({"orders:read", "orders:write"})),
    )
    house = House(rules=(rule,))
    held = house.our_token(scope="orders:read", act=None)
    claims = await house.claims("assistant", held, audience="orders")
    assert claims["scope"] == "orders:read"
    error = await house.refused("assistant", held, audience="orders", scope="orders:write")
    assert error.code == "invalid_scope"


@pytest.mark.requirement("SEC-51")
async def test_translation_does_not_lose_who_may_act() -> None:
    rule = allow("translate", "translation", "helpdesk", "orders", subject=FROM_CORP)
    house = House(rules=(rule,))
    subject = house.id_token(may_act={"iss": ISSUER, "sub": "helpdesk"})
    error = await house.refused("helpdesk", subject, subject_token_type=str(ID_TOKEN), audience="orders")
    assert (error.reason, "would be lost" in error.detail) == ("actor_not_allowed", True)


@pytest.mark.requirement("SEC-42")
async def test_a_token_that_says_it_is_an_agents_is_not_a_persons() -> None:
    house = House()
    subject = house.id_token(sub_profile="ai_agent")
    error = await house.refused("assistant", subject, subject_token_type=str(ID_TOKEN), audience="orders")
    assert error.reason == "bad_subject"


@pytest.mark.requirement("SEC-42")
async def test_an_object_of_thousands_does_not_hold_up_the_server() -> None:
    issuer = replace(CORP, when=("claims.big.exists(a, claims.big.exists(b, a == b + 'x')) == false",))
    house = House(issuers=(issuer,))
    subject = house.id_token(big={str(number): 1 for number in range(1000)})
    error = await house.refused("assistant", subject, subject_token_type=str(ID_TOKEN), audience="orders")
    assert (error.reason, "longer than 256" in error.detail) == ("bad_subject", True)
