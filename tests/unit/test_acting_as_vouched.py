"""Somebody acts as a person who signs in through another issuer: how they are named, and what is said of them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.company import ISSUER, NOW
from tests.fakes.house import House, claims_of
from tests.fakes.impersonating import DANA, actor_token, own_token
from tests.fakes.vouched import BLAKE, OKTA, house_with, seen

from actas.core.errors import StoreUnavailable
from actas.core.party import Identity
from actas.notices.telling import Circle
from actas.subjects.revoked import mark_of_party


def iss_sub(issuer: str, subject: str) -> str:
    return json.dumps({"format": "iss_sub", "iss": issuer, "sub": subject})


@pytest.mark.requirement("SEC-46")
@pytest.mark.parametrize("form", [own_token, actor_token])
@pytest.mark.parametrize("name", [BLAKE, iss_sub(ISSUER, BLAKE), iss_sub(OKTA.issuer, "00u1")])
async def test_somebody_who_signed_in_through_an_issuer_is_named_by_it(form: Any, name: str) -> None:
    house = await house_with()
    claims = claims_of(await house.post(form(house, name)))
    assert (claims["iss"], claims["sub"], claims["scope"]) == (ISSUER, BLAKE, "orders:read")
    assert claims["sub_id"] == {"format": "iss_sub", "iss": OKTA.issuer, "sub": "00u1"}
    assert claims["act"] == {"iss": ISSUER, "sub": DANA, "sub_profile": "user"}
    granted = house.writer.events[-1]
    assert granted["subject"]["origin"] == {"iss": OKTA.issuer, "sub": "00u1", "name": "okta"}
    assert granted["administrator"]["sub"] == DANA


async def test_they_see_it_at_my_access() -> None:
    house = await house_with()
    token = await house.post(own_token(house, BLAKE))
    (one,) = await house.impersonations.running_as(Identity(ISSUER, BLAKE), at=NOW)
    assert one.id == token.body["impersonation"]


async def test_they_are_told_at_the_address_that_their_issuer_said_is_theirs() -> None:
    house = await house_with()
    circle = Circle(people=house.catalog, known=house.known)
    person = await circle.person(BLAKE)
    assert person is not None
    assert (person.display, person.email) == ("Blake", "blake@okta.example")
    assert await circle.person("okta:nobody") is None
    ours = await circle.person("actas:carol")
    assert ours is not None
    assert ours.subject == "actas:carol"


async def test_what_their_last_sign_in_said_is_what_counts() -> None:
    house = await house_with()
    await house.known.remember(seen(groups=("partners",), seen_at=NOW))
    assert (await house.turned_away(own_token(house, BLAKE))).reason == "no_rule"


async def test_an_attempt_is_explained_as_it_was_decided() -> None:
    house = await house_with()
    await house.post(own_token(house, BLAKE))
    assert house.rehearsal().of_event(house.writer.events[-1]).granted
    await house.turned_away(own_token(house, "okta:nobody"))
    told = house.rehearsal().of_event(house.writer.events[-1])
    assert (told.granted, told.reason) == (False, "no_rule")


async def test_when_nobody_knows_whether_there_is_such_a_person_nothing_is_given() -> None:
    house = await house_with()
    house.known_store.broken = True
    assert (await house.turned_away(own_token(house, BLAKE))).code == "temporarily_unavailable"
    assert not house.impersonations.kept


@pytest.mark.requirement("SEC-92")
async def test_what_is_kept_of_them_is_sealed_to_its_row() -> None:
    house: House = await house_with(who=[seen(), seen("okta:00u2", display="Riley")])
    kept = house.known_store.kept
    assert b"blake" not in kept[BLAKE].sealed.lower()
    kept[BLAKE], kept["okta:00u2"] = kept["okta:00u2"], kept[BLAKE]
    for name in (BLAKE, "okta:00u2"):
        with pytest.raises(StoreUnavailable):
            await house.known.find(name)


async def test_who_was_here_when_this_server_was_called_otherwise_is_unknown_until_they_come_again() -> None:
    house: House = await house_with()
    elsewhere = mark_of_party(house.ring, Identity("https://sts.before.example", BLAKE))
    house.known_store.kept[BLAKE] = replace(house.known_store.kept[BLAKE], mark=elsewhere)
    assert await house.known.find(BLAKE) is None
    assert not await house.known.was_here(BLAKE, OKTA.issuer)
    await house.known.remember(seen())
    assert await house.known.find(BLAKE) is not None


async def test_whoever_is_kept_under_the_mark_of_another_is_nobody() -> None:
    house: House = await house_with()
    other = mark_of_party(house.ring, Identity(OKTA.issuer, "00u2"))
    house.known_store.kept[BLAKE] = replace(house.known_store.kept[BLAKE], origin_mark=other)
    with pytest.raises(StoreUnavailable):
        await house.known.find(BLAKE)
