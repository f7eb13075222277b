"""RFC 8693 section 2.1: what the token endpoint takes."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from tests.fakes.door import FORM, Door
from tests.fakes.house import (
    APIS,
    CLIENTS,
    ORDERS,
    House,
    allow,
    claims_of,
    client,
    sells,
)

from actas.core.target import Api
from actas.core.wire import ACCESS_TOKEN, JWT

SAVED = "https://archive.acme.example"
BOTH_APIS = (*APIS, Api(name="archive", audience=SAVED, scopes={"orders:read": "Read", "keep": "Keep"}))
ARCHIVIST = client("archivist", apis=frozenset({"orders", "archive"}))
TWO_TARGETS = (
    allow("archive-orders", "impersonation", "archivist", "orders"),
    allow("archive-archive", "impersonation", "archivist", "orders", apis=frozenset({"archive"}),
          scopes=sells(any="orders:read keep")),
)  # fmt: skip


def two_targets(**how: Any) -> House:
    """A client that may ask for two APIs at once, and a token that is for it."""
    return House(apis=BOTH_APIS, clients=(*CLIENTS, ARCHIVIST), rules=TWO_TARGETS, **how)


def archived(house: House) -> str:
    return house.our_token(client_id="archivist", act=None)


@pytest.mark.requirement("TX-1")
@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD", "OPTIONS", "DELETE", "post"])
async def test_only_post_is_taken(method: str) -> None:
    house = House()
    answer = await Door(house).post(
        house.form("orders", house.our_token(), audience="inventory"), method=method
    )
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


@pytest.mark.requirement("TX-1")
@pytest.mark.parametrize(
    "headers",
    [
        [(b"content-type", b"application/json")],
        [(b"content-type", b"multipart/form-data; boundary=x")],
        [(b"content-type", b"application/x-www-form-urlencoded; charset=utf-16")],
        [(b"content-type", b"text/plain")],
        [FORM, FORM],
        [FORM, (b"content-encoding", b"gzip")],
        [],
    ],
)
async def test_only_a_utf8_form_is_taken(headers: list[tuple[bytes, bytes]]) -> None:
    house = House()
    form = house.form("orders", house.our_token(), audience="inventory")
    answer = await Door(house).post(form, headers=headers)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert house.writer.events[-1]["reason"] == "malformed_request"


@pytest.mark.requirement("TX-1")
async def test_a_form_that_is_not_utf8_is_refused() -> None:
    house = House()
    body = urlencode(house.form("orders", house.our_token(), audience="inventory")) + "&note=%FF"
    assert (await house.turned_away(body)).reason == "malformed_request"


@pytest.mark.requirement("TX-2")
async def test_an_empty_parameter_is_omitted_and_an_unknown_one_ignored() -> None:
    house = House()
    form = house.form("orders", house.our_token(), audience="inventory", scope="stock:read", colour="blue")
    body = urlencode(form) + "&actor_token=&resource="
    assert claims_of(await house.post(body))["act"]["sub"] == "orders"
    assert house.writer.events[-1]["blank"] == ["actor_token", "resource"]


@pytest.mark.requirement("TX-4")
async def test_nothing_is_taken_from_the_query() -> None:
    house = House()
    form = house.form("orders", house.our_token(), audience="inventory", scope="stock:read")
    secret = form.pop("client_secret")
    query = urlencode({"client_secret": secret}).encode()
    answer = await Door(house).post(form, query=query)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")
    assert (await Door(house).post({**form, "client_secret": secret}, query=b"a=1")).status == 400


@pytest.mark.requirement("TX-10")
@pytest.mark.parametrize("subject", [None, ""])
async def test_a_subject_token_is_required(subject: str | None) -> None:
    house = House()
    error = await house.refused("orders", subject, subject_token_type=str(ACCESS_TOKEN), audience="inventory")
    assert (error.code, error.reason) == ("invalid_request", "malformed_request")


@pytest.mark.requirement("TX-11")
@pytest.mark.parametrize("declared", [None, ""])
async def test_its_type_is_required(declared: str | None) -> None:
    house = House()
    error = await house.refused(
        "orders", house.our_token(), subject_token_type=declared, audience="inventory"
    )
    assert (error.code, error.reason) == ("invalid_request", "malformed_request")


@pytest.mark.requirement("TX-12", "SEC-06")
@pytest.mark.parametrize(
    "actor",
    [
        {"actor_token": "x"},
        {"actor_token_type": str(JWT)},
        {"actor_token": "", "actor_token_type": str(JWT)},
        {"actor_token": "x", "actor_token_type": ""},
    ],
)
async def test_actor_token_and_type_come_together(actor: dict[str, str]) -> None:
    house = House()
    error = await house.refused("orders", house.our_token(), audience="inventory", **actor)
    assert (error.code, error.reason) == ("invalid_request", "malformed_request")


@pytest.mark.requirement("TX-13")
@pytest.mark.parametrize("requested", [None, "", str(ACCESS_TOKEN)])
async def test_an_access_token_is_what_is_made_unless_another_type_is_asked_for(
    requested: str | None,
) -> None:
    house = House()
    answer = await house.ask(
        "orders",
        house.our_token(),
        audience="inventory",
        scope="stock:read",
        requested_token_type=requested,
    )
    assert answer.body["issued_token_type"] == str(ACCESS_TOKEN)


@pytest.mark.requirement("TX-14", "TX-31", "TX-33", "TX-35")
@pytest.mark.parametrize(
    "requested",
    [
        "urn:ietf:params:oauth:token-type:id_token",
        "urn:ietf:params:oauth:token-type:saml2",
        "urn:ietf:params:oauth:token-type:txn_token",
        "urn:ietf:params:oauth:token-type:ACCESS_TOKEN",
        "access_token",
    ],
)
async def test_another_requested_type_is_an_invalid_request(requested: str) -> None:
    house = House()
    error = await house.refused(
        "orders", house.our_token(), audience="inventory", requested_token_type=requested
    )
    assert (error.code, error.reason) == ("invalid_request", "unknown_profile")


@pytest.mark.requirement("TX-17")
@pytest.mark.parametrize("audience", ["orders", ORDERS])
async def test_audience_is_a_name_and_need_not_be_a_uri(audience: str) -> None:
    claims = claims_of(await two_targets().ask("archivist", archived(two_targets()), audience=audience))
    assert claims["aud"] == ORDERS


@pytest.mark.requirement("TX-18", "TX-19", "TX-21")
async def test_resource_and_audience_together_name_the_targets() -> None:
    house = two_targets()
    claims = await house.claims("archivist", archived(house), audience="orders", resource=SAVED)
    assert claims["aud"] == [ORDERS, SAVED]
    assert claims["scope"] == "orders:read"


@pytest.mark.requirement("TX-18")
async def test_a_target_that_is_named_twice_is_one_target() -> None:
    house = two_targets()
    claims = await house.claims("archivist", archived(house), audience=["orders", "orders"], resource=ORDERS)
    assert claims["aud"] == ORDERS


@pytest.mark.requirement("TX-19", "TX-21")
async def test_a_scope_that_one_of_the_targets_lacks_refuses_the_request() -> None:
    house = two_targets()
    error = await house.refused(
        "archivist", archived(house), audience=["orders", "archive"], scope="orders:read keep"
    )
    assert (error.code, error.reason) == ("invalid_scope", "excess")


@pytest.mark.requirement("TX-21", "TX-20", "SEC-44")
@pytest.mark.parametrize("other", ["inventory", "handbook", "nowhere"])
async def test_one_target_that_is_not_open_refuses_all_of_them(other: str) -> None:
    house = two_targets()
    error = await house.refused("archivist", archived(house), audience=["orders", other])
    assert error.code == "invalid_target"


@pytest.mark.requirement("TX-21")
async def test_a_target_that_no_rule_allows_refuses_all_of_them() -> None:
    house = House(apis=BOTH_APIS, clients=(*CLIENTS, ARCHIVIST), rules=TWO_TARGETS[:1])
    error = await house.refused("archivist", archived(house), audience=["orders", "archive"])
    assert (error.code, error.reason) == ("invalid_target", "no_rule")


@pytest.mark.requirement("TX-22")
@pytest.mark.parametrize(
    "scope", ["orders:write orders:read", "orders:read orders:write", "orders:read orders:read orders:write"]
)
async def test_scopes_are_a_set_in_any_order(scope: str) -> None:
    house = two_targets()
    claims = await house.claims("archivist", archived(house), audience="orders", scope=scope)
    assert claims["scope"] == "orders:read orders:write"


@pytest.mark.requirement("TX-22", "TX-72")
@pytest.mark.parametrize(
    "scope",
    [
        "orders:read  orders:write",
        " orders:read",
        "orders:read\torders:write",
        'a"b',
        "a\\b",
        "café",
        "Orders:read",
    ],
)
async def test_a_scope_that_is_malformed_or_spelt_otherwise_is_an_invalid_scope(scope: str) -> None:
    house = two_targets()
    error = await house.refused("archivist", archived(house), audience="orders", scope=scope)
    assert (error.code, error.reason) == ("invalid_scope", "excess")
