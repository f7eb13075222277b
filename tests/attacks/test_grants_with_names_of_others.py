"""A grant that calls somebody by another's name.

``sub_id`` comes from a namespace that the server which signs the grant does not own: a SAML identity provider, a
personnel system. Whoever controls one issuer of grants writes there the name of a person whom another issuer speaks
for; or a name that two people share in two formats; or one of a user who is locked out. And whoever controls an issuer
that is believed may still not move one of its own people to somebody else's account from one day to the next.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs
from tests.fakes.clock import FixedClock
from tests.fakes.company import GRANTING, NOW, PEOPLE, REDEEMERS, acceptance
from tests.fakes.house import IDP_KEY, ISSUER, House, claims_of

from actas.core.errors import InvalidGrant, OAuthError
from actas.core.lineage import Revoked
from actas.core.naming import Called, SubjectId
from actas.core.party import Identity
from actas.crypto import jose
from actas.subjects.revoked import mark_of_party
from actas.web.errors import ErrorWriter

ENTITY = "https://idp.acme.example/saml"
SAML = SubjectId(format="saml-nameid", who=Called(known_as="corp"), fixed={"issuer": ENTITY})
THEIRS = SubjectId(
    format="saml-nameid", who=Called(known_as="partner"), fixed={"issuer": "https://idp.partner.example/saml"}
)
PARTNER_KEY = jose.PrivateKey.generate("ES256")
PARTNER = replace(
    GRANTING,
    name="partner",
    issuer="https://partner.example",
    keys=(PARTNER_KEY.public.jwk(),),
    email_domains=frozenset(),
    subject="claims.sub",
    when=(),
)
ALICE, BOB, CAROL, OLGA = (
    structs.replace(one, known_as=names)
    for one, names in zip(
        PEOPLE,
        (
            {"corp": "alice", "partner": "p-alice"},
            {"corp": "bob"},
            {"corp": "carol", "partner": "alice"},
            {"corp": "twin"},
        ),
        strict=True,
    )
)
TWIN = structs.replace(OLGA, name="olga2")


def house(*people: Any) -> House:
    return House(
        issuers=(GRANTING, PARTNER),
        clients=REDEEMERS,
        people=people or (ALICE, BOB, CAROL, OLGA, TWIN),
        accepted=(
            acceptance(match="sub_id", sub_id=SAML),
            acceptance("p", issuer="partner", client="helpdesk", match="sub_id", sub_id=THEIRS),
        ),
        clock=FixedClock(NOW),
    )


def nameid(name: str, issuer: str = ENTITY, **more: Any) -> dict[str, Any]:
    return {"format": "saml-nameid", "issuer": issuer, "nameid": name, **more}


async def redeemed(here: House, sub_id: Any, *, who: str = "web", **claims: Any) -> str:
    grant = here.grant(sub_id=sub_id, client_id=who, **claims)
    return str(claims_of(await here.post(here.redeeming(grant, who=who)))["sub"])


async def refused(here: House, sub_id: Any, **claims: Any) -> OAuthError:
    with pytest.raises(InvalidGrant) as caught:
        await redeemed(here, sub_id, **claims)
    return caught.value


PARTNERS: dict[str, Any] = {"iss": "https://partner.example", "key": PARTNER_KEY, "who": "helpdesk"}


@pytest.mark.requirement("JAG-67", "SEC-62")
async def test_one_issuer_names_nobody_by_what_another_calls_them() -> None:
    here = house()
    assert await redeemed(here, nameid("alice")) == "actas:alice"
    # The same NameID at the partner's provider is carol, and the partner may not speak for the company's.
    theirs = "https://idp.partner.example/saml"
    assert await redeemed(here, nameid("alice", theirs), jti="2", **PARTNERS) == "actas:carol"
    for sub_id in (nameid("alice"), nameid("p-alice"), nameid("carol", theirs)):
        await refused(here, sub_id, jti="3", **PARTNERS)
    for sub_id in (nameid("alice", theirs), nameid("p-alice")):
        await refused(here, sub_id, jti="4")


@pytest.mark.requirement("SEC-62", "JAG-68")
async def test_who_is_locked_out_or_gone_is_nobody() -> None:
    here = house()
    error = await refused(here, nameid("bob"))
    assert (error.reason, "disabled" in error.detail) == ("unknown_person", True)
    gone = house(ALICE, CAROL)
    assert (await refused(gone, nameid("bob"))).reason == "unknown_person"


@pytest.mark.requirement("SEC-62", "JAG-67")
@pytest.mark.parametrize("name", ["twin", "Alice", "alice ", "actas:alice", "\uff41lice", "*", ""])
async def test_a_name_of_two_or_nearly_somebodys_is_nobodys(name: str) -> None:
    assert (await refused(house(), nameid(name))).reason == ("unknown_person" if name else "bad_subject")


@pytest.mark.requirement("JAG-5")
async def test_no_issuer_moves_its_people_to_another_account_until_that_is_ended() -> None:
    here = house()
    assert await redeemed(here, nameid("alice")) == "actas:alice"
    assert "before" in (await refused(here, nameid("carol"), jti="2")).detail
    # Whoever ends what alice has had so far lets it be said anew.
    here.clock.advance(10)
    mark = mark_of_party(here.ring, Identity(ISSUER, "actas:alice"))
    await here.revoked.add([Revoked(mark=mark, up_to=NOW + 5, until=NOW + 9999, entry="x_1")])
    assert await redeemed(here, nameid("carol"), jti="3", iat=NOW + 10) == "actas:carol"
    assert "before" in (await refused(here, nameid("alice"), jti="4", iat=NOW + 10)).detail


@pytest.mark.requirement("JAG-61", "JAG-68")
async def test_a_forged_grant_names_nobody() -> None:
    assert (await refused(house(), nameid("alice"), key=PARTNER_KEY)).reason == "bad_subject"
    stranger = {"iss": "https://partner.example", "key": IDP_KEY}
    assert (await refused(house(), nameid("alice"), **stranger)).reason == "bad_subject"


@pytest.mark.requirement("JAG-5", "SEC-62")
async def test_of_grants_that_come_at_once_and_contradict_each_other_one_is_believed() -> None:
    here = house()
    find = here.known_store.find

    async def slowly(subject: str) -> Any:
        found = await find(subject)
        await asyncio.sleep(0)  # what was read is out of date by now, where others go on
        return found

    here.known_store.find = slowly  # type: ignore[method-assign]
    names = ["alice", "carol"] * 6
    answers = await asyncio.gather(
        *[redeemed(here, nameid(name), jti=f"{at}") for at, name in enumerate(names)], return_exceptions=True
    )
    told = {one for one in answers if isinstance(one, str)}
    assert told in ({"actas:alice"}, {"actas:carol"})
    (first,) = told
    assert [one for one in answers if isinstance(one, str)] == [first] * 6
    others = [one for one in answers if isinstance(one, OAuthError)]
    assert [(one.code, one.reason) for one in others] == [("invalid_grant", "unknown_person")] * 6
    assert all("before" in one.detail for one in others)
    # None of those is used up, as it would not be if it had come later.
    assert {one["reason"] for one in here.writer.events if one["outcome"] == "refused"} == {"unknown_person"}


NAMED_HERE = acceptance(match="aud_sub")


@pytest.mark.requirement("SEC-62")
@pytest.mark.parametrize(
    ("accepted", "locked_out", "nobody"),
    [
        (NAMED_HERE, {"aud_sub": "actas:bob"}, {"aud_sub": "actas:nobody"}),
        (acceptance(match="sub_id", sub_id=SAML), {"sub_id": nameid("bob")}, {"sub_id": nameid("nobody")}),
        (
            acceptance(match="email"),
            {"email": "bob@acme.example"},
            {"email": "nobody@acme.example"},
        ),
    ],
    ids=["aud_sub", "sub_id", "email"],
)
async def test_no_issuer_finds_out_who_is_locked_out_here(
    accepted: Any, locked_out: dict[str, Any], nobody: dict[str, Any]
) -> None:
    here = House(
        issuers=(GRANTING,),
        clients=REDEEMERS,
        people=(ALICE, structs.replace(BOB, email="bob@acme.example")),
        accepted=(accepted,),
        clock=FixedClock(NOW),
    )
    outside = ErrorWriter(docs="https://docs.example/errors", issuer=ISSUER, dev=False)
    told, kept = [], []
    for at in range(24):  # and it is not told by when guessing is stopped
        grant = here.grant(jti=f"{at}", **(locked_out if at % 2 else nobody))
        error = await here.turned_away(here.redeeming(grant))
        headers = [(name, value) for name, value in outside.headers(error) if name != b"actas-entry"]
        told.append((error.status, outside.encoded(error), headers))
        kept.append(here.writer.events[-1]["detail"])
    assert told == told[:1] * 24
    # Whoever reads the log sees which of the two it was.
    assert all(("disabled" in detail) == bool(at % 2) for at, detail in enumerate(kept))
