"""RFC 9396 in draft-ietf-oauth-identity-assertion-authz-grant-04, sections 4.3 and 4.4: authorization details."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.clock import FixedClock
from tests.fakes.company import (
    FROM_OURS,
    GRANTING,
    NOW,
    PEOPLE,
    REDEEMERS,
    TICKETS_API,
    acceptance,
    connection,
    named,
)
from tests.fakes.crossing import SHOWN, crossing, granted, read, refresh_token, refused
from tests.fakes.house import APIS, INVENTORY, ORDERS, House, claims_of, secret_of

from actas.core.errors import InvalidGrant, InvalidScope, OAuthError
from actas.core.party import Caller
from actas.policy.rule import RuleSpec, ScopeMap

TICKET: dict[str, Any] = {"type": "ticket", "actions": ["read", "comment"], "project": "support"}
FILE: dict[str, Any] = {"type": "file", "locations": [TICKETS_API], "max": 5, "public": False}
READ: dict[str, Any] = {"type": "ticket", "actions": ["read"], "project": "support"}


def asking(*details: Any) -> dict[str, str]:
    return {"authorization_details": json.dumps(details)}


def house(*templates: Any, **changes: Any) -> House:
    return crossing(connections=[connection(details=templates or (TICKET, FILE), **changes)])


def there(*accepted: Any, **changes: Any) -> House:
    """A house that redeems grants for orders, and says which details may come of them."""
    terms: dict[str, Any] = {
        "issuers": (GRANTING,),
        "clients": REDEEMERS,
        "people": PEOPLE,
        "accepted": accepted or (acceptance(details=(TICKET, FILE)),),
        "clock": FixedClock(NOW),
    }
    return House(**{**terms, **changes})


# Grants of ours.


@pytest.mark.requirement("JAG-23", "JAG-37", "JAG-38", "JAG-51")
async def test_what_is_asked_for_within_a_template_is_in_the_grant_the_answer_and_the_log() -> None:
    it = house()
    body = (await granted(it, scope="tickets:read", **asking(READ))).body
    claims = read(it, str(body["access_token"]))
    assert (claims["scope"], claims["authorization_details"]) == ("tickets:read", [READ])
    assert (body["scope"], body["authorization_details"]) == ("tickets:read", [READ])
    event = it.writer.events[-1]
    assert event["asked"]["authorization_details"] == event["given"]["authorization_details"] == [READ]
    again = (await granted(it, await refresh_token(it), **SHOWN, scope="tickets:read", **asking(READ))).body
    assert again["authorization_details"] == [READ]


@pytest.mark.requirement("JAG-38")
async def test_who_names_details_and_no_scope_gets_no_scope() -> None:
    it = house()
    body = (await granted(it, scope=None, **asking(READ))).body
    claims = read(it, str(body["access_token"]))
    assert claims["authorization_details"] == [READ]
    assert "scope" not in claims
    assert "scope" not in body
    plain = (await granted(it, scope=None)).body
    assert (plain["scope"], "authorization_details" in plain) == ("tickets:comment tickets:read", False)


@pytest.mark.requirement("JAG-38", "JAG-51")
async def test_what_a_detail_leaves_out_is_said_and_never_left_open() -> None:
    it = house()
    body = (await granted(it, **asking({"type": "ticket"}, {"type": "file", "max": 5}))).body
    assert body["authorization_details"] == [TICKET, FILE]
    assert read(it, str(body["access_token"]))["authorization_details"] == [TICKET, FILE]


@pytest.mark.requirement("JAG-23", "JAG-38", "SEC-55")
@pytest.mark.parametrize(
    "detail",
    [
        {"type": "Ticket"},
        {"type": "mail"},
        {**READ, "actions": ["read", "delete"]},
        {**READ, "actions": []},
        {**READ, "actions": "read"},
        {**READ, "project": "sales"},
        {**READ, "project": ["support"]},
        {**READ, "admin": True},
        {"type": "file", "max": 6},
        {"type": "file", "max": "5"},
        {"type": "file", "max": 5.0},
        {"type": "file", "public": 0},
        {"type": "file", "public": "false"},
        {"type": "file", "locations": ["https://evil.example"]},
        {"type": "file", "locations": {"0": TICKETS_API}},
    ],
    ids=repr,
)
async def test_what_is_not_within_a_template_is_refused_and_nothing_is_dropped(detail: Any) -> None:
    it = house()
    for parameters in (asking(detail), asking(READ, detail)):
        error = await refused(it, scope="tickets:read", **parameters)
        assert (error.code, error.reason) == ("invalid_authorization_details", "bad_details")


@pytest.mark.requirement("JAG-38")
async def test_locations_go_with_the_resource_that_is_asked_for() -> None:
    other = "https://files.tickets.example/v1"
    template = {"type": "file", "locations": [TICKETS_API, other]}
    it = house(template, resources=(TICKETS_API, other))
    for asked, resource, said in (
        ({"type": "file"}, other, [other]),
        ({"type": "file"}, None, [TICKETS_API, other]),
        ({"type": "file", "locations": [other]}, other, [other]),
    ):
        body = (await granted(it, resource=resource, **asking(asked))).body
        assert body["authorization_details"] == [{"type": "file", "locations": said}]
    beyond = {"type": "file", "locations": [TICKETS_API, other]}
    assert (await refused(it, resource=other, **asking(beyond))).reason == "bad_details"
    assert (await refused(it, resource=other, **asking({"type": "file", "locations": [TICKETS_API]}))).reason


@pytest.mark.requirement("JAG-38", "SEC-55")
async def test_scopes_beyond_the_connection_are_refused_beside_details_too() -> None:
    assert isinstance(await refused(house(), scope="tickets:burn", **asking(READ)), InvalidScope)
    none = crossing()
    assert (await refused(none, scope="tickets:read", **asking(READ))).reason == "bad_details"


@pytest.mark.requirement("JAG-23", "SEC-06")
async def test_no_other_request_may_say_details() -> None:
    it = House()
    with pytest.raises(OAuthError) as caught:
        await it.ask("web", it.id_token(), audience="orders", **asking(READ))
    assert caught.value.code == "invalid_request"
    for form in ({"grant_type": "client_credentials"}, {"grant_type": "refresh_token", "refresh_token": "x"}):
        whole = {**form, "client_id": "web", "client_secret": secret_of("web"), **asking(READ)}
        with pytest.raises(OAuthError) as caught:
            await it.post(whole)
        assert caught.value.reason == "malformed_request"
    theirs = there()
    with pytest.raises(OAuthError) as caught:
        await theirs.post(theirs.redeeming(theirs.grant(), **asking(READ)))
    assert caught.value.reason == "malformed_request"


# Grants of theirs.


@pytest.mark.requirement("JAG-69", "JAG-70")
@pytest.mark.parametrize("look", ["jwt", "reference"])
async def test_those_of_a_grant_that_fit_are_in_the_token_the_answer_and_introspection(look: Any) -> None:
    here = there()
    here.catalog.apis = {one.name: replace(one, format=look) for one in APIS}
    said = [READ, {"type": "mail"}, {"type": "file", "max": 9}]
    answer = await here.post(here.redeeming(here.grant(authorization_details=said)))
    assert answer.body["authorization_details"] == [READ]
    form = f"token={answer.body['access_token']}&client_id=web&client_secret={secret_of('web')}"
    told = (await here.introspection()(form.encode(), Caller(address="127.0.0.1"))).body
    assert (told["active"], told["authorization_details"]) == (True, [READ])
    if look == "jwt":
        assert claims_of(answer)["authorization_details"] == [READ]
    event = here.writer.events[0]
    assert event["subject"]["authorization_details"] == said
    assert event["given"]["authorization_details"] == [READ]


@pytest.mark.requirement("JAG-69", "JAG-38")
async def test_a_grant_of_details_alone_becomes_no_token_of_scopes() -> None:
    here = there()
    answer = await here.post(here.redeeming(here.grant(scope=None, authorization_details=[READ])))
    assert (answer.body["authorization_details"], "scope" in answer.body) == ([READ], False)
    claims = claims_of(answer)
    assert (claims["authorization_details"], "scope" in claims) == ([READ], False)
    grant = here.grant(jti="2", scope=None, authorization_details=[READ])
    with pytest.raises(InvalidScope):
        await here.post(here.redeeming(grant, scope="orders:read"))
    closed = there(acceptance())
    for scope in (None, "orders:read"):
        with pytest.raises(InvalidGrant) as caught:
            await closed.post(closed.redeeming(closed.grant(scope=scope, authorization_details=[READ])))
        assert caught.value.reason == "bad_details"


@pytest.mark.requirement("JAG-69")
async def test_where_none_fits_the_grant_is_refused_and_not_redeemed_for_its_scopes() -> None:
    here = there()
    grant = here.grant(authorization_details=[{"type": "mail"}])
    with pytest.raises(InvalidGrant) as caught:
        await here.post(here.redeeming(grant))
    assert caught.value.reason == "bad_details"
    assert "type mail" in caught.value.detail


@pytest.mark.requirement("JAG-69")
async def test_a_token_for_two_apis_says_what_both_let_be() -> None:
    stock = acceptance(
        "stock", api="inventory", scopes=frozenset({"stock:read"}), details=({"type": "file"}, READ)
    )
    here = there(acceptance(details=(TICKET, FILE)), stock)
    grant = here.grant(resource=[ORDERS, INVENTORY], authorization_details=[READ, FILE], scope=None)
    answer = await here.post(here.redeeming(grant))
    assert answer.body["authorization_details"] == [READ]
    assert set(claims_of(answer)["aud"]) == {ORDERS, INVENTORY}


def onward(kind: Any, api: str, scopes: ScopeMap) -> RuleSpec:
    """What web may have made of its own tokens."""
    return RuleSpec(
        name=kind,
        effect="allow",
        kind=kind,
        client=named("web"),
        subject=FROM_OURS,
        apis=frozenset({api}),
        scopes=scopes,
    )


@pytest.mark.requirement("JAG-69", "JAG-73")
async def test_no_token_that_comes_of_the_token_carries_them_on_and_none_for_the_same_api_does_without() -> (
    None
):
    """The scopes alone could be more than the grant said, in the hands of the very client that redeemed it."""
    same = ScopeMap(same=True)
    rules = [
        onward("downscope", "orders", same),
        onward("delegation", "orders", same),
        onward("delegation", "inventory", ScopeMap(bought={"orders:read": frozenset({"stock:read"})})),
    ]
    rules[1] = replace(rules[1], name="again")
    here = there(rules=rules)
    plain = await here.post(here.redeeming(here.grant(jti="plain")))
    less = await here.ask("web", str(plain.body["access_token"]), audience="orders", scope="orders:read")
    assert less.body["scope"] == "orders:read"
    answer = await here.post(here.redeeming(here.grant(authorization_details=[READ])))
    token = str(answer.body["access_token"])
    for targets in ("orders", ["orders", "inventory"]):
        with pytest.raises(OAuthError) as caught:
            await here.ask("web", token, audience=targets, scope="orders:read")
        assert (caught.value.code, caught.value.reason) == ("invalid_authorization_details", "bad_details")
        found = here.rehearsal().of_event(here.writer.events[-1])
        assert (found.reason, found.detail) == ("bad_details", caught.value.detail)
    other = await here.ask("web", token, audience="inventory")
    assert "authorization_details" not in other.body
    assert "authorization_details" not in claims_of(other)
