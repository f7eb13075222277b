"""An offer made to one party and taken by another.

``may_act`` in a token says who alone may become its actor. Where only its ``sub`` is compared, an issuer that
happens to use the same name for somebody else redeems the offer; where only the members that the checker
knows are compared, the one that would have told them apart is passed over; where its absence of a ``sub`` means
anybody, an empty offer opens the token to all (delegation-chain splicing, OAuth working group, February 2026).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.house import CORP, FROM_CORP, IDP, ISSUER, House, allow

from actas.core.wire import ACCESS_TOKEN, ID_TOKEN
from actas.policy.rule import PartySelector
from actas.trust.registry import TrustedIssuer

OTHER = "https://idp.partner.example"
PARTNER: TrustedIssuer = replace(
    CORP, name="partner", issuer=OTHER, subject="claims.sub", email_domains=frozenset(), groups=None
)
ANY_ACTOR = PartySelector(issuers=frozenset({"corp-idp", "partner", "actas"}))
RULES = (
    allow("with", "delegation", "orders", "inventory", actor=ANY_ACTOR),
    allow("foreign", "delegation", "orders", "inventory", subject=FROM_CORP, actor=ANY_ACTOR),
    allow("imp", "impersonation", "orders", "inventory"),
    allow("down", "downscope", "orders", "orders"),
)
READ: dict[str, Any] = {"audience": "inventory"}


def company() -> House:
    return House(issuers=(CORP, PARTNER), rules=RULES)


def actor(house: House, issuer: str, **claims: Any) -> dict[str, str]:
    """A person's ID token of an issuer, as actor token."""
    return {
        "actor_token": house.id_token("dana", iss=issuer, nonce="n", **claims),
        "actor_token_type": str(ID_TOKEN),
    }


@pytest.mark.requirement("SEC-51", "TX-61")
async def test_two_issuers_equal_names_are_two_actors() -> None:
    house = company()
    for named, taker, fits in (
        (IDP, IDP, True),
        (IDP, OTHER, False),
        (OTHER, IDP, False),
        (OTHER, OTHER, True),
    ):
        token = house.our_token(act=None, may_act={"iss": named, "sub": "id-dana"})
        how = {**READ, **actor(house, taker)}
        if fits:
            assert (await house.claims("orders", token, **how))["act"]["sub"]
        else:
            assert (await house.refused("orders", token, **how)).reason == "actor_not_allowed"


@pytest.mark.requirement("SEC-51", "TX-61")
async def test_without_an_issuer_the_tokens_own_issuer_is_meant() -> None:
    house = company()
    ours = house.our_token(act=None, may_act={"sub": "id-dana"})
    for issuer in (IDP, OTHER):
        error = await house.refused("orders", ours, **READ, **actor(house, issuer))
        assert error.reason == "actor_not_allowed"
    theirs = house.id_token(may_act={"sub": "id-dana"}, nonce="n")
    how = {**READ, "subject_token_type": str(ID_TOKEN)}
    assert (await house.claims("orders", theirs, **how, **actor(house, IDP)))["act"][
        "sub"
    ] == "dana@acme.example"
    error = await house.refused("orders", theirs, **how, **actor(house, OTHER))
    assert error.reason == "actor_not_allowed"


@pytest.mark.requirement("SEC-51", "TX-61")
async def test_a_foreign_offer_to_a_name_of_ours_is_not_one_to_our_client() -> None:
    """The company's provider offers to its own ``orders``, whoever that is."""
    house = company()
    token = house.id_token(may_act={"sub": "orders"}, nonce="n")
    error = await house.refused("orders", token, **READ, subject_token_type=str(ID_TOKEN))
    assert error.reason == "actor_not_allowed"
    named = house.id_token(may_act={"iss": ISSUER, "sub": "orders"}, nonce="n")
    claims = await house.claims("orders", named, **READ, subject_token_type=str(ID_TOKEN))
    assert claims["act"]["sub"] == "orders"


@pytest.mark.requirement("TX-61", "SEC-02")
@pytest.mark.parametrize(
    "more",
    [
        {"client_id": "web"},
        {"email": "eve@acme.example"},
        {"tenant": "other"},
        {"unknown": "x"},
        {"email": "DANA@acme.example"},
    ],
)
async def test_every_member_counts_also_one_that_nobody_knows(more: dict[str, str]) -> None:
    house = company()
    token = house.our_token(act=None, may_act={"iss": IDP, "sub": "id-dana", **more})
    error = await house.refused("orders", token, **READ, **actor(house, IDP))
    assert error.reason == "actor_not_allowed"


@pytest.mark.requirement("TX-61", "SEC-02")
@pytest.mark.parametrize("value", [True, 1, ["x"], {"a": "b"}])
async def test_a_claim_that_is_not_text_equals_nothing(value: Any) -> None:
    house = company()
    for may_act in (
        {"iss": IDP, "sub": "id-dana", "level": "x"},
        {"iss": IDP, "sub": "id-dana", "level": value},
    ):
        token = house.our_token(act=None, may_act=may_act)
        error = await house.refused("orders", token, **READ, **actor(house, IDP, level=value))
        assert error.reason in ("actor_not_allowed", "bad_subject")


@pytest.mark.requirement("TX-60", "SEC-02")
async def test_an_offer_to_nobody_in_particular_is_an_offer_to_nobody() -> None:
    house = company()
    for may_act in ({"iss": ISSUER}, {"client_id": "orders"}, {"iss": ISSUER, "client_id": "orders"}):
        error = await house.refused("orders", house.our_token(act=None, may_act=may_act), **READ)
        assert error.reason == "actor_not_allowed"


@pytest.mark.requirement("TX-61", "SEC-51")
@pytest.mark.parametrize(("target", "held"), [("inventory", {}), ("orders", {"client_id": "orders"})])
async def test_a_kind_that_names_no_actor_does_not_pass_the_offer_by(
    target: str, held: dict[str, str]
) -> None:
    rules = [rule for rule in RULES if rule.kind != "delegation"]
    house = House(rules=rules)
    token = house.our_token(act=None, may_act={"sub": "inventory"}, **held)
    error = await house.refused("orders", token, audience=target)
    assert error.reason == "actor_not_allowed"


@pytest.mark.requirement("TX-61")
async def test_an_actor_token_of_ours_is_compared_by_its_own_claims() -> None:
    house = company()
    mine = house.our_token(sub="orders", sub_profile="service", client_id="orders", act=None, jti="mine")
    sent = {"actor_token": mine, "actor_token_type": str(ACCESS_TOKEN)}
    fits = house.our_token(act=None, may_act={"sub": "orders", "jti": "mine"})
    assert (await house.claims("orders", fits, **READ, **sent))["act"]["sub"] == "orders"
    other = house.our_token(act=None, may_act={"sub": "orders", "jti": "other"})
    assert (await house.refused("orders", other, **READ, **sent)).reason == "actor_not_allowed"


@pytest.mark.requirement("SEC-53")
async def test_a_token_with_a_chain_and_an_offer_is_refused() -> None:
    house = company()
    error = await house.refused("orders", house.our_token(may_act={"sub": "orders"}), **READ)
    assert (error.reason, "both act and may_act" in error.detail) == ("actor_not_allowed", True)
