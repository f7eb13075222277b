"""draft-ietf-oauth-identity-assertion-authz-grant-04, sections 3.1 and 6: tenants, and what the other server calls people."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs
from tests.fakes.clock import FixedClock
from tests.fakes.company import (
    CORP,
    GRANTING,
    NOW,
    PEOPLE,
    REDEEMERS,
    TICKETS_API,
    acceptance,
    connection,
)
from tests.fakes.crossing import SHOWN, crossing, refresh_token, refused, told
from tests.fakes.house import House, claims_of

from actas.core.errors import InvalidGrant, OAuthError
from actas.core.naming import Called
from actas.policy.connections import Connected

BY_LABEL = Called(known_as="tickets")
ALICE = structs.replace(PEOPLE[0], known_as={"tickets": "T-1001", "wiki": "alice.w"})
KNOWN = (ALICE, *PEOPLE[1:])


# Grants of ours.


@pytest.mark.requirement("JAG-92", "JAG-93", "JAG-94")
async def test_a_grant_names_the_tenants_that_its_connection_has_and_the_client_as_that_one_knows_it() -> (
    None
):
    one = connection("eu", tenant="acme", aud_tenant="t-eu", client_id="web@eu", resources=(TICKETS_API,))
    other = connection("us", aud_tenant="t-us", client_id="web@us", resources=("https://us.tickets.example",))
    it = crossing(connections=[one, other])
    eu = await told(it, resource=TICKETS_API)
    us = await told(it, resource="https://us.tickets.example")
    assert (eu["tenant"], eu["aud_tenant"], eu["client_id"]) == ("acme", "t-eu", "web@eu")
    assert (us.get("tenant"), us["aud_tenant"], us["client_id"]) == (None, "t-us", "web@us")
    plain = await told(crossing())
    assert not {"tenant", "aud_tenant", "aud_sub", "sub_id"} & plain.keys()


@pytest.mark.requirement("JAG-94", "JAG-6")
async def test_no_claim_of_the_sign_in_chooses_a_tenant() -> None:
    known = replace(CORP, audiences={"acme-web": frozenset({"web"})})
    of_corp = Connected(issuers=frozenset({"corp-idp"}))
    it = crossing(issuers=(known,), connections=[connection(people=of_corp, tenant="acme")])
    claims = await told(it, it.id_token(tenant="evil", aud_tenant="evil", aud_sub="boss", sub_id={"a": "b"}))
    assert claims["tenant"] == "acme"
    assert not {"aud_tenant", "aud_sub", "sub_id"} & claims.keys()


@pytest.mark.requirement("JAG-4", "JAG-93")
async def test_a_person_of_ours_is_named_as_the_other_server_names_them() -> None:
    it = crossing(people=KNOWN, connections=[connection(aud_sub=BY_LABEL, aud_tenant="t-eu")])
    for claims in (await told(it), await told(it, await refresh_token(it), **SHOWN)):
        assert (claims["sub"], claims["aud_sub"], claims["aud_tenant"]) == ("actas:alice", "T-1001", "t-eu")
    it.catalog.people["actas:alice"] = structs.replace(ALICE, known_as={"wiki": "alice.w"})
    error = await refused(it)
    assert (error.code, error.reason) == ("invalid_grant", "person_not_nameable")


@pytest.mark.requirement("JAG-4", "JAG-93")
@pytest.mark.parametrize("said", [None, "", 7, True, ["T-1"], {"id": "T-1"}, "T\n1", "x" * 256], ids=repr)
async def test_a_person_of_an_issuer_is_named_by_the_claim_that_the_connection_says_and_by_nothing_else(
    said: Any,
) -> None:
    known = replace(CORP, audiences={"acme-web": frozenset({"web"})})
    there = connection(people=Connected(issuers=frozenset({"corp-idp"})), aud_sub=Called(claim="employee"))
    it = crossing(issuers=(known,), connections=[there])
    assert (await told(it, it.id_token(employee="E-7")))["aud_sub"] == "E-7"
    assert (await refused(it, it.id_token(employee=said, aud_sub="E-7"))).reason == "person_not_nameable"
    labels = replace(there, to=replace(there.to, aud_sub=BY_LABEL))
    people = (structs.replace(ALICE, name="x"), *PEOPLE)
    theirs = crossing(issuers=(known,), connections=[labels], people=people)
    assert (await refused(theirs, theirs.id_token(tickets="E-7"))).reason == "person_not_nameable"


# Grants of theirs.


def redeeming(*accepted: Any, **changes: Any) -> House:
    terms: dict[str, Any] = {
        "issuers": (GRANTING,),
        "clients": REDEEMERS,
        "people": PEOPLE,
        "accepted": accepted,
        "clock": FixedClock(NOW),
    }
    return House(**{**terms, **changes})


def knowing(**tenants: Any) -> Any:
    return acceptance(match="subject", unknown="create", **tenants)


@pytest.mark.requirement("JAG-94", "JAG-66", "SEC-62")
@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({}, {"tenant": "a"}),
        ({}, {"aud_tenant": "ours"}),
        ({"tenant": "a"}, {}),
        ({"tenant": "a"}, {"tenant": "b"}),
        ({"tenant": "a"}, {"tenant": "A"}),
        ({"tenant": "a"}, {"aud_tenant": "a"}),
        ({"aud_tenant": "ours"}, {}),
        ({"aud_tenant": "ours"}, {"aud_tenant": "theirs"}),
        ({"tenant": "a", "aud_tenant": "ours"}, {"tenant": "a"}),
        ({"tenant": "a", "aud_tenant": "ours"}, {"tenant": "ours", "aud_tenant": "a"}),
    ],
    ids=repr,
)
async def test_a_grant_is_of_the_tenants_that_its_connection_names(
    wanted: dict[str, Any], said: dict[str, Any]
) -> None:
    here = redeeming(knowing(**wanted))
    with pytest.raises(InvalidGrant) as caught:
        await here.post(here.redeeming(here.grant(**said)))
    assert caught.value.reason == "wrong_tenant"
    assert (await here.post(here.redeeming(here.grant(**wanted)))).body["access_token"]


@pytest.mark.requirement("JAG-94")
@pytest.mark.parametrize("said", [7, True, ["a"], {"id": "a"}, "", "a\nb", None], ids=repr)
@pytest.mark.parametrize("name", ["tenant", "aud_tenant"])
async def test_what_names_no_tenant_is_none(name: str, said: Any) -> None:
    here = redeeming(knowing(**{name: "a"}))
    with pytest.raises(OAuthError) as caught:
        await here.post(here.redeeming(here.grant(**{name: said})))
    assert caught.value.code == "invalid_grant"


@pytest.mark.requirement("JAG-94", "JAG-134", "JAG-4")
async def test_a_grant_with_our_tenant_and_our_name_of_the_person_is_redeemed_where_that_is_written() -> None:
    here = redeeming(acceptance(match="aud_sub", aud_tenant="ours"))
    claims = claims_of(
        await here.post(here.redeeming(here.grant(aud_tenant="ours", aud_sub="actas:carol", sub_id={})))
    )
    assert claims["sub"] == "actas:carol"
    assert not {"tenant", "aud_tenant", "aud_sub"} & claims.keys()
