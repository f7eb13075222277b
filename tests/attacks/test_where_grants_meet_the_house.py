"""A grant that is genuine, at the places where what is decided of grants meets what is decided of everything else.

Each part is sound by itself. What is tried here is the seam: a person of ours who comes by another company's grant,
and with it past a deny that was written for people of ours; a claim that is there and says nothing, so that it reads
as if it were not there; one that is written so that we pass it over and the next reader does not.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.chaining import chained, grant, redeeming
from tests.fakes.clock import FixedClock
from tests.fakes.company import GRANTING, NOW, PEOPLE, REDEEMERS, acceptance
from tests.fakes.house import IDP_KEY, INVENTORY, ORDERS, House, claims_of

from actas.core.errors import OAuthError
from actas.crypto import jose
from actas.policy.rule import PartySelector, RuleSpec
from actas.trust.registry import SignInThere


def house(*accepted: Any, **changes: Any) -> House:
    terms: dict[str, Any] = {
        "issuers": (GRANTING,),
        "clients": REDEEMERS,
        "people": PEOPLE,
        "accepted": accepted or (acceptance(),),
        "clock": FixedClock(NOW),
    }
    return House(**{**terms, **changes})


async def refused(here: House, assertion: str, **parameters: Any) -> OAuthError:
    with pytest.raises(OAuthError) as caught:
        await here.post(here.redeeming(assertion, **parameters))
    return caught.value


def saying(text: str, **claims: Any) -> str:
    """A grant that says something else, signed by whose it is: null as well."""
    jws = jose.parse(text)
    typ = str(jws.unverified_header["typ"])
    return jose.sign({**jws.unverified_claims, **claims}, key=IDP_KEY, typ=typ)


def no(**selector: Any) -> RuleSpec:
    subject = PartySelector(**selector)
    return RuleSpec(name="no", effect="deny", kind="any", subject=subject, reason="Not these.")


# A deny for people of ours.


@pytest.mark.requirement("SEC-62", "SEC-02")
@pytest.mark.parametrize(
    "selector",
    [
        {"issuers": frozenset({"actas"})},
        {"issuers": frozenset({"actas"}), "groups": frozenset({"support"})},
        {"issuers": frozenset({"corp-idp"})},
        {"names": frozenset({"actas:alice"})},
    ],
    ids=repr,
)
async def test_a_deny_for_people_of_ours_holds_for_one_who_comes_by_a_grant(selector: dict[str, Any]) -> None:
    assert claims_of(await (it := house()).post(it.redeeming(it.grant())))["sub"] == "actas:alice"
    here = house(rules=(no(**selector),))
    assert (await refused(here, here.grant())).reason == "denied_by_rule"


async def test_a_deny_for_people_of_ours_is_none_for_people_of_theirs() -> None:
    here = house(acceptance(match="subject", unknown="create"), rules=(no(issuers=frozenset({"actas"})),))
    answer = await here.post(here.redeeming(here.grant()))
    assert claims_of(answer)["sub"] == "corp-idp:id-alice"


# A claim that is there and says nothing.


@pytest.mark.requirement("JAG-69", "JAG-74")
@pytest.mark.parametrize("resource", [None, [], [[]], {}, "", [""], [None, ORDERS], 0, False], ids=repr)
async def test_a_resource_that_names_no_api_is_not_as_if_there_were_none(resource: Any) -> None:
    here = house(acceptance(), acceptance("second", api="inventory", scopes=frozenset({"stock:read"})))
    for asked in ({}, {"resource": ORDERS}, {"resource": INVENTORY}, {"audience": "orders"}):
        error = await refused(here, saying(here.grant(), resource=resource), **asked)
        assert (error.code, error.reason) == ("invalid_grant", "bad_subject")
    plain = redeeming(chained())
    assert (await refused(plain, saying(grant(plain), resource=resource))).reason == "bad_subject"


# A claim in other letters.


@pytest.mark.requirement("SEC-07", "SEC-62")
@pytest.mark.parametrize(
    "claims",
    [
        {"Tenant": "b"},
        {"TENANT": "b", "email": "alice@acme.example"},
        {"aud_Tenant": "b"},
        {"Resource": INVENTORY},
        {"Aud_Sub": "actas:bob"},
        {"Sub_Id": {"format": "opaque", "id": "x"}},
        {"Authorization_Details": [{"type": "x"}]},
        {"Requested_cnf": {"jkt": "x"}},
        {"REQUESTED_CNF": None},
    ],
    ids=repr,
)
async def test_a_claim_in_other_letters_is_not_passed_over(claims: dict[str, Any]) -> None:
    here = house()
    assert (await refused(here, saying(here.grant(), **claims))).reason == "bad_subject"
    plain = redeeming(chained())
    assert (await refused(plain, saying(grant(plain), **claims))).reason == "bad_subject"


# Who is known from then on.


@pytest.mark.requirement("SEC-62", "SEC-24")
@pytest.mark.parametrize("text", ["\x1b[2J", "a\nb", "x" * 300, " ", 7, ["a"]], ids=repr)
async def test_what_is_no_name_is_not_kept_of_who_becomes_known(text: Any) -> None:
    here = house(acceptance(match="subject", unknown="create"))
    through = SignInThere(client_id="us", client_secret=None, display="Corp", scopes=("openid",))
    issuer = replace(GRANTING, email_domains=frozenset(), subject="claims.sub", sign_in=through)
    here = replace(here, issuers=(issuer,))
    await here.post(here.redeeming(saying(here.grant(), email_verified=True, name=text, email=text)))
    seen = await here.known.find("corp-idp:id-alice")
    assert seen is not None
    assert (seen.display, seen.email) == ("corp-idp:id-alice", None)
