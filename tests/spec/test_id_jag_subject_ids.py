"""draft-ietf-oauth-identity-assertion-authz-grant-04, section 3.2, and RFC 9493: the claim ``sub_id``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs
from tests.fakes.clock import FixedClock
from tests.fakes.company import CORP, GRANTING, NOW, PEOPLE, REDEEMERS, acceptance, connection
from tests.fakes.crossing import SHOWN, crossing, refresh_token, refused, told
from tests.fakes.house import House, claims_of

from actas.core.errors import InvalidGrant, OAuthError
from actas.core.naming import Called, SubjectId
from actas.policy.connections import Connected

ENTITY = "https://idp.acme.example/saml"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
ALICE = structs.replace(PEOPLE[0], known_as={"saml": "_a1", "sp": "SP-1", "hr": "E-1"})
CAROL = structs.replace(PEOPLE[2], known_as={"saml": "_c1", "hr": "E-3"})
BOB = structs.replace(PEOPLE[1], known_as={"saml": "_b1", "hr": "E-2"})
KNOWN = (ALICE, BOB, CAROL, PEOPLE[3])

SAML = SubjectId(
    format="saml-nameid",
    who=Called(known_as="saml"),
    fixed={"issuer": ENTITY, "nameid_format": PERSISTENT, "sp_name_qualifier": "https://tickets.example"},
    own={"sp_provided_id": Called(known_as="sp")},
)
OPAQUE = SubjectId(format="opaque", who=Called(known_as="hr"))
ISS_SUB = SubjectId(format="iss_sub", who=Called(known_as="hr"), fixed={"iss": "https://hr.acme.example"})

OF_ALICE = {
    "format": "saml-nameid",
    "issuer": ENTITY,
    "nameid": "_a1",
    "nameid_format": PERSISTENT,
    "sp_name_qualifier": "https://tickets.example",
    "sp_provided_id": "SP-1",
}
OF_CAROL = {name: said for name, said in {**OF_ALICE, "nameid": "_c1"}.items() if name != "sp_provided_id"}


# Grants of ours.


@pytest.mark.requirement("JAG-8", "JAG-5")
async def test_a_saml_nameid_says_exactly_what_the_name_id_has() -> None:
    it = crossing(
        people=KNOWN, connections=[connection(sub_id=SAML, people=Connected(issuers=frozenset({"actas"})))]
    )
    for claims in (await told(it), await told(it, await refresh_token(it), **SHOWN)):
        assert (claims["sub"], claims["sub_id"]) == ("actas:alice", OF_ALICE)
    claims = await told(it, it.our_id_token(sub="actas:carol"))
    assert (claims["sub"], claims["sub_id"]) == ("actas:carol", OF_CAROL)  # she has no SPProvidedID
    error = await refused(it, it.our_id_token(sub="actas:olga"))
    assert (error.code, error.reason) == ("invalid_grant", "person_not_nameable")


@pytest.mark.requirement("JAG-5", "JAG-41")
@pytest.mark.parametrize(
    ("form", "wanted"),
    [
        (OPAQUE, {"format": "opaque", "id": "E-1"}),
        (ISS_SUB, {"format": "iss_sub", "iss": "https://hr.acme.example", "sub": "E-1"}),
        (SubjectId(format="email"), {"format": "email", "email": "alice@acme.example"}),
        (None, None),
    ],
    ids=repr,
)
async def test_the_other_formats_say_what_they_have(form: SubjectId | None, wanted: Any) -> None:
    it = crossing(people=KNOWN, connections=[connection(sub_id=form)])
    assert (await told(it)).get("sub_id") == wanted


@pytest.mark.requirement("JAG-41", "JAG-5")
async def test_an_address_is_told_only_of_who_has_one_and_a_claim_only_of_who_shows_it() -> None:
    it = crossing(connections=[connection(sub_id=SubjectId(format="email"))])
    it.catalog.people["actas:alice"] = structs.replace(PEOPLE[0], email=None)
    assert (await refused(it)).reason == "person_not_nameable"
    known = replace(CORP, audiences={"acme-web": frozenset({"web"})})
    there = connection(
        people=Connected(issuers=frozenset({"corp-idp"})),
        sub_id=SubjectId(format="opaque", who=Called(claim="employee")),
    )
    theirs = crossing(issuers=(known,), connections=[there])
    claims = await told(theirs, theirs.id_token(employee="E-9", sub_id={"format": "opaque", "id": "boss"}))
    assert claims["sub_id"] == {"format": "opaque", "id": "E-9"}
    assert (await refused(theirs, theirs.id_token(employee=["E-9"]))).reason == "person_not_nameable"
    assert (await refused(theirs, theirs.id_token(sub_id={"id": "E-9"}))).reason == "person_not_nameable"


# Grants of theirs.


def house(form: SubjectId = SAML, **changes: Any) -> House:
    terms: dict[str, Any] = {
        "issuers": (GRANTING,),
        "clients": REDEEMERS,
        "people": KNOWN,
        "accepted": (acceptance(match="sub_id", sub_id=form),),
        "clock": FixedClock(NOW),
    }
    return House(**{**terms, **changes})


async def who(here: House, sub_id: Any, **claims: Any) -> str:
    return str(claims_of(await here.post(here.redeeming(here.grant(sub_id=sub_id, **claims))))["sub"])


@pytest.mark.requirement("JAG-66", "JAG-67", "SEC-62")
async def test_people_are_who_says_to_be_called_so() -> None:
    here = house()
    assert await who(here, OF_ALICE) == "actas:alice"
    assert await who(here, OF_CAROL, jti="2", sub="id-carol") == "actas:carol"
    assert await who(house(OPAQUE), {"format": "opaque", "id": "E-3"}) == "actas:carol"
    said = {"format": "iss_sub", "iss": "https://hr.acme.example", "sub": "E-1"}
    assert await who(house(ISS_SUB), said) == "actas:alice"
    event = here.writer.events[-1]
    assert "created" not in event


@pytest.mark.requirement("JAG-67", "JAG-68")
@pytest.mark.parametrize("missing", sorted(OF_ALICE))
async def test_one_member_less_is_nobody(missing: str) -> None:
    here = house()
    with pytest.raises(InvalidGrant):
        await who(here, {name: said for name, said in OF_ALICE.items() if name != missing})


@pytest.mark.requirement("JAG-67", "JAG-68")
@pytest.mark.parametrize("changed", sorted(OF_ALICE))
@pytest.mark.parametrize("value", ["x", "", None, 7, True, ["_a1"], {"x": "_a1"}], ids=repr)
async def test_another_member_is_nobody(changed: str, value: Any) -> None:
    here = house()
    with pytest.raises(InvalidGrant):
        await who(here, {**OF_ALICE, changed: value})


@pytest.mark.requirement("JAG-67", "JAG-68")
@pytest.mark.parametrize(
    "sub_id",
    [
        {**OF_ALICE, "name_qualifier": "q"},
        {**OF_ALICE, "email": "alice@acme.example"},
        {**OF_CAROL, "sp_provided_id": "SP-1"},
        {"format": "opaque", "id": "E-1"},
        {"format": "aliases", "identifiers": [OF_ALICE]},
        [OF_ALICE],
        "_a1",
        {},
        None,
    ],
    ids=repr,
)
async def test_what_is_not_the_identifier_that_is_wanted_is_an_invalid_grant(sub_id: Any) -> None:
    here = house()
    with pytest.raises(InvalidGrant):
        await who(here, sub_id, aud_sub="actas:alice")
    assert await who(here, OF_ALICE, jti="2") == "actas:alice"


@pytest.mark.requirement("JAG-67")
async def test_the_nameid_alone_is_enough_only_where_that_is_said() -> None:
    alone = {"format": "saml-nameid", "issuer": ENTITY, "nameid": "_a1"}
    with pytest.raises(InvalidGrant):
        await who(house(), alone)
    here = house(replace(SAML, alone=True))
    assert await who(here, alone) == "actas:alice"
    assert await who(here, {**OF_ALICE, "name_qualifier": "q"}, jti="2") == "actas:alice"
    for bad in ({**alone, "issuer": "https://evil.example"}, {"format": "saml-nameid", "nameid": "_a1"}):
        with pytest.raises(InvalidGrant):
            await who(here, bad, jti="3")


@pytest.mark.requirement("JAG-5")
async def test_a_sub_that_meant_somebody_does_not_mean_another() -> None:
    here = house()
    assert await who(here, OF_ALICE) == "actas:alice"
    assert await who(here, OF_ALICE, jti="2") == "actas:alice"
    with pytest.raises(InvalidGrant) as caught:
        await who(here, OF_CAROL, jti="3")
    assert (caught.value.reason, "was actas:alice before" in caught.value.detail) == ("unknown_person", True)
    assert await who(here, OF_CAROL, jti="4", sub="id-carol") == "actas:carol"
    # Two names there of one person here are none of that.
    assert await who(here, OF_ALICE, jti="5", sub="id-alice-2") == "actas:alice"
    here.clock.advance(91 * 86_400)
    grant = here.grant(jti="6", sub_id=OF_CAROL, iat=here.clock.now(), exp=here.clock.now() + 60)
    assert claims_of(await here.post(here.redeeming(grant)))["sub"] == "actas:carol"


@pytest.mark.requirement("JAG-5")
async def test_what_was_refused_is_not_remembered() -> None:
    here = house()
    with pytest.raises(OAuthError):
        await here.post(here.redeeming(here.grant(sub_id=OF_ALICE, scope="nothing:here")))
    assert await who(here, OF_CAROL, jti="2") == "actas:carol"
