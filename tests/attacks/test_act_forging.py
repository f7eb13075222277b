"""Writing somebody else's name into the chain.

The newest actor of a token is whom a resource holds responsible, so an attacker who can choose it acts under
another name, and one who can write a trusted service into the history passes rules that ask for it. Every
input that could carry a name is tried here: parameters of the form, claims of a foreign token, claims of an
actor token, the mapping of an issuer, the claims that a rule adds.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.house import (
    CORP,
    FROM_CORP,
    IDP,
    ISSUER,
    RULES,
    House,
    allow,
)

from actas.core.wire import ID_TOKEN, JWT
from actas.policy.decide import Policy
from actas.policy.rule import ChainSelector, PartySelector, RuleError

READ: dict[str, Any] = {"audience": "inventory", "scope": "stock:read"}
FROM_ISSUER: dict[str, Any] = {"subject_token_type": str(ID_TOKEN), "audience": "inventory"}


@pytest.mark.requirement("SEC-49", "SEC-06", "TX-2")
@pytest.mark.parametrize(
    "name",
    ["act", "may_act", "azp", "actor", "sub", "iss", "aud", "exp", "act.sub", "client_id[]", "on_behalf_of",
     "requested_actor", "subject_issuer", "claims"],
)  # fmt: skip
async def test_a_parameter_cannot_name_an_actor(name: str) -> None:
    house = House()
    claims = await house.claims("orders", house.our_token(), **READ, **{name: '{"sub":"inventory"}'})
    assert claims["act"] == {
        "iss": ISSUER,
        "sub": "orders",
        "sub_profile": "service",
        "act": {"iss": ISSUER, "sub": "assistant", "sub_profile": "ai_agent"},
    }
    assert (claims["client_id"], claims["sub"]) == ("orders", "alice@acme.example")
    assert house.writer.events[-1]["given"]["actors"][0]["sub"] == "orders"


@pytest.mark.requirement("SEC-49")
@pytest.mark.parametrize(
    "act",
    [
        {"iss": ISSUER, "sub": "assistant"},
        {"sub": "their-bot", "act": {"iss": ISSUER, "sub": "assistant"}},
        {"iss": ISSUER, "sub": "alice@acme.example", "sub_profile": "user"},
    ],
)
async def test_a_foreign_token_that_names_our_party_as_its_actor_is_refused(act: dict[str, Any]) -> None:
    house = House(rules=(allow("a", "delegation", "orders", "inventory", subject=FROM_CORP),))
    error = await house.refused("orders", house.id_token(act=act, nonce="n"), **FROM_ISSUER)
    assert (error.reason, "names a party of ours" in error.detail) == ("bad_subject", True)


@pytest.mark.requirement("SEC-49")
async def test_a_foreign_chain_is_kept_with_its_issuer_named() -> None:
    house = House(rules=(allow("a", "delegation", "orders", "inventory", subject=FROM_CORP),))
    token = house.id_token(act={"sub": "assistant", "sub_profile": "ai_agent"}, nonce="n")
    claims = await house.claims("orders", token, **FROM_ISSUER)
    assert claims["act"]["sub"] == "orders"
    assert claims["act"]["act"] == {"iss": IDP, "sub": "assistant", "sub_profile": "ai_agent"}


@pytest.mark.requirement("SEC-49", "TX-57")
@pytest.mark.parametrize(
    "demand",
    [
        {"chain": ChainSelector(names=frozenset({"assistant"}))},
        {"chain": ChainSelector(kinds=frozenset({"agent"}))},
        {"when": ('"assistant" in chain.names',)},
    ],
)
async def test_a_rule_that_demands_our_own_chain_is_not_met_by_a_foreign_one(demand: dict[str, Any]) -> None:
    """The foreign issuer vouches for whoever it calls ``assistant``; that is not our assistant."""
    rule = replace(allow("a", "delegation", "orders", "inventory", subject=FROM_CORP), **demand)
    house = House(rules=(rule,))
    token = house.id_token(act={"sub": "assistant", "sub_profile": "ai_agent"}, nonce="n")
    error = await house.refused("orders", token, **FROM_ISSUER)
    assert error.reason == "no_rule"


@pytest.mark.requirement("SEC-49", "SEC-02")
async def test_a_deny_is_met_by_a_foreign_chain() -> None:
    """The other way about: what looks like somebody who is denied is denied."""
    deny = replace(RULES[2], denied_scopes=frozenset(), chain=ChainSelector(names=frozenset({"bot"})))
    house = House(rules=(allow("a", "delegation", "orders", "inventory", subject=FROM_CORP), deny))
    token = house.id_token(act={"sub": "bot"}, nonce="n")
    assert (await house.refused("orders", token, **FROM_ISSUER)).reason == "denied_by_rule"


@pytest.mark.requirement("SEC-49")
@pytest.mark.parametrize("claim", ["azp", "client_id", "actor", "sub_profile", "act_as", "email"])
async def test_claims_of_an_actor_token_do_not_choose_its_name(claim: str) -> None:
    actor = replace(FROM_CORP, required=True)
    house = House(rules=(allow("a", "delegation", "orders", "inventory", actor=actor),))
    value = "dana@acme.example" if claim == "email" else "inventory" if claim != "azp" else "acme-web"
    declared = JWT if claim == "client_id" else ID_TOKEN
    given: dict[str, Any] = {claim: value} if claim == "client_id" else {claim: value, "nonce": "n"}
    token = house.id_token("dana", **given)
    claims = await house.claims(
        "orders", house.our_token(act=None), **READ, actor_token=token, actor_token_type=str(declared)
    )
    assert claims["act"] == {"iss": ISSUER, "sub": "dana@acme.example", "sub_profile": "user"}
    assert claims["client_id"] == "orders"


@pytest.mark.requirement("SEC-49", "SEC-24")
@pytest.mark.parametrize("subject", ["'orders'", "claims.nickname", "'assistant'", "'actas:orders'"])
async def test_an_issuers_mapping_cannot_yield_the_name_of_a_client(subject: str) -> None:
    """A name without "@" and ":" is a client's; a mapped name always has one of them."""
    issuer = replace(CORP, subject=subject, email_domains=frozenset())
    rule = allow(
        "a", "translation", "orders", "inventory", subject=PartySelector(issuers=frozenset({"corp-idp"}))
    )
    house = House(issuers=(issuer,), rules=(rule,))
    claims = await house.claims("orders", house.id_token(nickname="orders", nonce="n"), **FROM_ISSUER)
    assert claims["sub"].startswith("corp-idp:")
    issuer = replace(CORP, subject=subject)
    house = House(issuers=(issuer,), rules=(rule,))
    error = await house.refused("orders", house.id_token(nickname="orders", nonce="n"), **FROM_ISSUER)
    assert error.reason == "bad_subject"


@pytest.mark.requirement("SEC-49")
@pytest.mark.parametrize(
    "claim",
    ["act", "may_act", "azp", "client_id", "sub", "iss", "aud", "exp", "iat", "nbf", "jti", "cnf", "scope", "typ",
     "acr", "amr", "auth_time", "sid", "roles", "groups", "tenant", "txn", "sub_id", "sub_profile", "ACT", "Sub", ""],
)  # fmt: skip
def test_a_rule_cannot_add_a_claim_that_says_who_or_how(claim: str) -> None:
    rule = allow("a", "delegation", "orders", "inventory", claims={claim: "'x'"})
    with pytest.raises(RuleError, match="reserved"):
        Policy([rule], apis=())
