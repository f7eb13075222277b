"""Somebody acts as a person, in each of the three forms: what the token says, and what the minutes say."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.company import HELPDESK_IMPERSONATION
from tests.fakes.house import FROM_OURS, ISSUER, NOW, ORDERS_TO_INVENTORY, claims_of
from tests.fakes.impersonating import (
    BY_IDENTIFIER,
    CAROL,
    DANA,
    actor_token,
    administrator,
    by_identifier,
    house_of,
    of_helpdesk,
    own_token,
)


@pytest.mark.parametrize("form", [own_token, actor_token])
async def test_the_token_has_the_persons_sub_and_names_the_administrator(form: Any) -> None:
    one = house_of()
    answer = await one.post(form(one))
    claims = claims_of(answer)
    assert (claims["sub"], claims["sub_profile"], claims["scope"]) == (CAROL, "user", "orders:read")
    assert claims["act"] == {"iss": ISSUER, "sub": DANA, "sub_profile": "user"}
    assert answer.body["impersonation"] == claims["txn"]
    assert claims["exp"] - claims["iat"] <= 600
    granted = one.writer.events[-1]
    assert granted["kind"] == "administrative_impersonation"
    assert granted["administrator"]["sub"] == DANA
    assert granted["why"]["reason"] == "the order does not load"
    assert [event["event"] for event in one.writer.events] == ["impersonation:started", "exchange:granted"]
    assert {event["impersonation"] for event in one.writer.events} == {claims["txn"]}


async def test_an_issuer_qualified_identifier_names_the_same_person() -> None:
    one = house_of()
    text = json.dumps({"format": "iss_sub", "iss": ISSUER, "sub": CAROL})
    assert claims_of(await one.post(actor_token(one, text)))["sub"] == CAROL
    other = json.dumps({"format": "iss_sub", "iss": "https://idp.acme.example", "sub": CAROL})
    assert (await one.turned_away(actor_token(one, other))).reason == "protected_subject"


async def test_a_client_acts_by_identifier_where_a_rule_names_it_and_the_people() -> None:
    one = house_of(BY_IDENTIFIER)
    claims = claims_of(await one.post(by_identifier(one)))
    assert claims["sub"] == CAROL
    assert claims["act"] == {"iss": ISSUER, "sub": "helpdesk", "sub_profile": "web_app"}
    assert (await one.turned_away(by_identifier(one, "actas:olga"))).reason == "no_rule"


async def test_a_rule_may_hide_the_administrator_from_the_resource() -> None:
    one = house_of(of_helpdesk(names_actor=False))
    claims = claims_of(await one.post(own_token(one)))
    assert "act" not in claims
    assert DANA not in json.dumps(claims)
    assert one.writer.events[-1]["administrator"]["sub"] == DANA


async def test_one_more_token_belongs_to_the_same_impersonation_and_never_outlives_it() -> None:
    one = house_of(of_helpdesk(lasts=700))
    first = claims_of(await one.post(own_token(one)))
    one.clock.advance(400)
    second = claims_of(await one.post(own_token(one)))
    assert second["txn"] == first["txn"]
    assert second["exp"] == NOW + 700
    assert [event["event"] for event in one.writer.events].count("impersonation:started") == 1
    one.clock.advance(301)
    assert claims_of(await one.post(own_token(one)))["txn"] != first["txn"]


async def test_an_impersonated_token_is_exchanged_onward_only_where_a_rule_says_so() -> None:
    told = replace(ORDERS_TO_INVENTORY, subject=replace(FROM_OURS, impersonated=True))
    for rule, granted in ((ORDERS_TO_INVENTORY, False), (told, True)):
        one = house_of(HELPDESK_IMPERSONATION, rule)
        token = str((await one.post(own_token(one))).body["access_token"])
        form = one.form("orders", token, audience="inventory")
        if not granted:
            assert (await one.turned_away(form)).reason == "no_rule"
            continue
        answer = await one.post(form)
        claims = claims_of(answer)
        assert claims["act"]["act"]["sub"] == DANA
        event = one.writer.events[-1]
        assert event["impersonation"] == claims["txn"]
        assert event["administrator"]["sub"] == DANA


async def test_what_is_asked_of_the_administrator_is_asked() -> None:
    one = house_of(of_helpdesk(ticket="^(HELP|INC)-[0-9]+$", max_age=60, acr=frozenset({"phr"})))
    fresh: dict[str, Any] = {"subject_token": administrator(one, acr="phr")}
    assert claims_of(await one.post(own_token(one, **fresh)))["sub"] == CAROL
    changes: tuple[tuple[dict[str, Any], str], ...] = (
        ({"reason": None}, "reason_missing"),
        ({"ticket": None}, "ticket_bad"),
        ({"ticket": "HELP-1 or so"}, "ticket_bad"),
        ({"subject_token": administrator(one, acr="pwd")}, "sign_in_again"),
        ({"subject_token": administrator(one, acr="phr", auth_time=NOW - 61)}, "sign_in_again"),
        ({"subject_token": administrator(one, acr="phr", auth_time=None)}, "sign_in_again"),
        ({"subject_token": administrator(one, acr="phr", auth_time=NOW + 61)}, "sign_in_again"),
        ({"subject_token": administrator(one, acr="phr", auth_time=NOW + 10**9)}, "sign_in_again"),
        ({"subject_token": administrator(one, acr=["phr"])}, "sign_in_again"),
        ({"subject_token": administrator(one, acr={"phr": 1})}, "sign_in_again"),
    )
    for change, reason in changes:
        error = await one.turned_away(own_token(one, **{**fresh, **change}))
        assert error.reason == reason, error.detail
    assert error.code == "insufficient_user_authentication"
