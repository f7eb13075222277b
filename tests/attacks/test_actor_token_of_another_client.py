"""Acting under a borrowed badge.

The actor token says who acts. A client that presents somebody else's - a token that another service obtained
for itself, a person's token that was issued to another application, a token about a service that it is not -
would have its deeds written down under that name (Keycloak ``actorTokenOfAnotherClientRejected``,
``actorTokenOfForeignServiceAccountRejected``). The actor token must be issued to the authenticated client, and
speak of that client or of a person whom it may present.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.house import CORP, INVENTORY, ISSUER, ORDERS, House, allow

from actas.core.wire import ACCESS_TOKEN, ID_TOKEN
from actas.policy.rule import PartySelector

ANYBODY = PartySelector(issuers=frozenset({"corp-idp", "actas"}), flatten=True)
RULES = tuple(
    allow(f"{who}-{target}", "delegation", who, target, actor=ANYBODY)
    for who in ("orders", "web", "helpdesk")
    for target in ("orders", "inventory")
)
READ: dict[str, Any] = {"audience": "inventory"}


def service(house: House, name: str, *, issued_to: str, **claims: Any) -> dict[str, str]:
    """A token about a service, as actor token."""
    token = house.our_token(sub=name, sub_profile="service", client_id=issued_to, act=None, **claims)
    return {"actor_token": token, "actor_token_type": str(ACCESS_TOKEN)}


@pytest.mark.requirement("SEC-50")
async def test_a_clients_own_token_makes_it_the_actor() -> None:
    house = House(rules=RULES)
    sent = service(house, "orders", issued_to="orders")
    assert (await house.claims("orders", house.our_token(act=None), **READ, **sent))["act"]["sub"] == "orders"


@pytest.mark.requirement("SEC-50")
@pytest.mark.parametrize("about", ["inventory", "orders"])
async def test_a_token_that_was_issued_to_another_client_is_refused(about: str) -> None:
    house = House(rules=RULES)
    sent = service(house, about, issued_to="inventory")
    error = await house.refused("orders", house.our_token(act=None), **READ, **sent)
    assert (error.code, error.reason) == ("invalid_request", "bad_actor")


@pytest.mark.requirement("SEC-50")
@pytest.mark.parametrize("audience", [ORDERS, INVENTORY, [ORDERS, INVENTORY]])
async def test_being_in_its_audience_is_not_enough_for_an_actor_token(audience: Any) -> None:
    house = House(rules=RULES)
    sent = service(house, "inventory", issued_to="inventory", aud=audience)
    error = await house.refused("orders", house.our_token(act=None), **READ, **sent)
    assert error.reason == "bad_actor"


@pytest.mark.requirement("SEC-50")
async def test_a_token_issued_to_the_client_about_another_service_is_refused() -> None:
    house = House(rules=RULES)
    sent = service(house, "inventory", issued_to="orders")
    error = await house.refused("orders", house.our_token(act=None), **READ, **sent)
    assert (error.reason, "speaks of inventory" in error.detail) == ("bad_actor", True)


@pytest.mark.requirement("SEC-50", "SEC-02")
async def test_a_token_that_does_not_say_what_its_subject_is_is_no_persons() -> None:
    house = House(rules=RULES)
    token = house.our_token(sub="bob@acme.example", sub_profile=None, client_id="orders", act=None)
    sent = {"actor_token": token, "actor_token_type": str(ACCESS_TOKEN)}
    error = await house.refused("orders", house.our_token(act=None), **READ, **sent)
    assert error.reason == "bad_actor"


@pytest.mark.requirement("SEC-50")
async def test_a_signed_in_person_may_be_presented_by_the_client_that_holds_the_token() -> None:
    house = House(rules=RULES)
    token = house.our_token(sub="bob@acme.example", client_id="orders", act=None)
    sent = {"actor_token": token, "actor_token_type": str(ACCESS_TOKEN)}
    claims = await house.claims("orders", house.our_token(act=None), **READ, **sent)
    assert claims["act"] == {"iss": ISSUER, "sub": "bob@acme.example", "sub_profile": "user"}
    other = house.our_token(sub="bob@acme.example", client_id="web", act=None)
    sent = {"actor_token": other, "actor_token_type": str(ACCESS_TOKEN)}
    assert (await house.refused("orders", house.our_token(act=None), **READ, **sent)).reason == "bad_actor"


@pytest.mark.requirement("SEC-50", "SEC-21")
async def test_a_foreign_persons_token_is_presented_by_the_clients_on_its_list() -> None:
    issuer = replace(CORP, audiences={"acme-web": frozenset({"web"})})
    house = House(issuers=(issuer,), rules=RULES)
    sent = {"actor_token": house.id_token("dana", nonce="n"), "actor_token_type": str(ID_TOKEN)}
    held = house.our_token(client_id="web", act=None)
    assert (await house.claims("web", held, **READ, **sent))["act"]["sub"] == "dana@acme.example"
    error = await house.refused("orders", house.our_token(act=None), **READ, **sent)
    assert (error.code, error.reason) == ("invalid_request", "wrong_audience")


@pytest.mark.requirement("SEC-50")
async def test_an_actor_token_is_no_replacement_for_client_authentication() -> None:
    house = House(rules=RULES)
    form = house.form(
        "orders", house.our_token(act=None), **READ, **service(house, "orders", issued_to="orders")
    )
    assert (await house.turned_away({**form, "client_secret": "wrong"})).reason == "bad_client_auth"
