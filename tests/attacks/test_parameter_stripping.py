"""A parameter that quietly disappears.

A broker once removed a subject token that it could not use, and what was left of the request was a valid one
for bare impersonation (CVE-2026-9704). In general: whoever can make one parameter unusable must not be given
what the request without that parameter would have got. A parameter that has a value is understood or refused;
one without a value counts as omitted, and the minutes say so.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.fakes.house import House, allow, claims_of

from actas.core.errors import OAuthError
from actas.core.wire import CLIENT_CREDENTIALS, ID_TOKEN

EVERYTHING = (
    allow("own", "own", "orders", "inventory"),
    allow("imp", "impersonation", "orders", "inventory"),
    allow("del", "delegation", "orders", "inventory"),
)
GARBAGE = ("x", " ", "null", "undefined", "\u0001", "0", "[]", "%20", "../..", "x" * 70_000)
"""Values that mean nothing. None of them counts as "not sent"."""


def form(house: House) -> dict[str, Any]:
    """A request with every parameter, all of them good."""
    return {
        **house.form("orders", house.our_token(), audience="inventory", scope="stock:read"),
        "resource": "https://inventory.acme.example",
        "actor_token": house.our_token(sub="orders", sub_profile="service", client_id="orders", act=None),
        "actor_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
    }


RULE = allow("all", "delegation", "orders", "inventory", actor=None)


@pytest.mark.requirement("SEC-06", "SEC-46", "SEC-02")
@pytest.mark.parametrize("garbage", GARBAGE)
@pytest.mark.parametrize(
    "name",
    ["subject_token", "subject_token_type", "actor_token", "actor_token_type", "audience", "resource", "scope",
     "requested_token_type", "client_id", "client_secret", "grant_type"],
)  # fmt: skip
async def test_a_parameter_that_means_nothing_is_refused_and_never_dropped(name: str, garbage: str) -> None:
    house = House(rules=(*EVERYTHING, RULE))
    assert claims_of(await house.post(form(house)))["act"]["sub"] == "orders"
    error = await house.turned_away({**form(house), name: garbage})
    assert error.status in (400, 401)


@pytest.mark.requirement("SEC-06", "TX-12")
@pytest.mark.parametrize("gone", ["subject_token", "subject_token_type", "actor_token", "actor_token_type"])
@pytest.mark.parametrize("how", ["absent", "blank"])
async def test_half_a_pair_is_an_invalid_request(gone: str, how: str) -> None:
    house = House(rules=(*EVERYTHING, RULE))
    asked = form(house)
    if how == "absent":
        del asked[gone]
    else:
        asked[gone] = ""
    error = await house.turned_away(asked)
    assert (error.code, error.reason) == ("invalid_request", "malformed_request")


@pytest.mark.requirement("SEC-06")
async def test_a_blank_parameter_counts_as_omitted_and_the_minutes_say_so() -> None:
    house = House(rules=EVERYTHING)
    asked = {**form(house), "actor_token": "", "actor_token_type": "", "resource": ""}
    claims = claims_of(await house.post(asked))
    assert claims["act"]["sub"] == "orders"
    assert house.writer.events[-1]["blank"] == ["resource", "actor_token", "actor_token_type"]


@pytest.mark.requirement("SEC-06", "SEC-46")
@pytest.mark.parametrize(
    "name", ["subject_token", "subject_token_type", "actor_token", "actor_token_type", "requested_token_type"]
)
async def test_a_client_credentials_request_with_a_token_is_no_request_without_one(name: str) -> None:
    house = House(rules=EVERYTHING)
    asked = {**form(house), "grant_type": str(CLIENT_CREDENTIALS)}
    kept = {"grant_type", "client_id", "client_secret", "audience", "scope", name}
    error = await house.turned_away({key: value for key, value in asked.items() if key in kept})
    assert (error.code, error.reason) == ("invalid_request", "malformed_request")


@pytest.mark.requirement("SEC-46", "SEC-06")
@pytest.mark.parametrize("value", ["alice", "alice@acme.example", "id-alice", "eyJhbGciOiJub25lIn0.e30."])
async def test_the_name_of_a_person_is_no_subject_token(value: str) -> None:
    house = House(rules=EVERYTHING)
    asked = house.form("orders", value, audience="inventory")
    assert (await house.turned_away(asked)).reason == "bad_subject"
    named = {**house.form("orders", None, audience="inventory"), "requested_subject": value, "sub": value}
    assert (await house.turned_away(named)).reason == "malformed_request"


@pytest.mark.requirement("SEC-06")
async def test_a_token_whose_issuer_is_unknown_does_not_fall_back_to_the_client_itself() -> None:
    house = House(rules=EVERYTHING)
    token = house.id_token(iss="https://nobody.example", nonce="n")
    with pytest.raises(OAuthError) as refused:
        await house.ask("orders", token, subject_token_type=str(ID_TOKEN), audience="inventory")
    assert refused.value.reason == "bad_subject"
