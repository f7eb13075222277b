"""RFC 6749 sections 3.2 and 5.2: the form, and the error for each thing that can be wrong with it."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.fakes.door import Door
from tests.fakes.house import CLIENTS, House, allow, client, secret_of

from actas.core.errors import OAuthError, TemporarilyUnavailable
from actas.core.params import MAX_FIELDS, MAX_FORM_BYTES
from actas.core.wire import CLIENT_CREDENTIALS, TOKEN_EXCHANGE

READ = {"audience": "inventory", "scope": "stock:read"}


@pytest.mark.requirement("TX-3", "SEC-05")
@pytest.mark.parametrize(
    "name",
    ["grant_type", "client_id", "client_secret", "subject_token", "subject_token_type", "scope", "unknown"],
)
@pytest.mark.parametrize("second", ["same", "other", ""])
async def test_a_parameter_that_appears_twice_is_an_invalid_request(name: str, second: str) -> None:
    house = House()
    form = house.form("orders", house.our_token(), unknown="x", **READ)
    value = str(form[name]) if second == "same" else second
    pairs = [*form.items(), (name, value)]
    assert (await house.turned_away(pairs)).reason == "malformed_request"
    assert (await house.turned_away(pairs[::-1])).reason == "malformed_request"


@pytest.mark.requirement("TX-3")
@pytest.mark.parametrize("name", ["audience", "resource"])
async def test_only_audience_and_resource_may_repeat(name: str) -> None:
    house = House()
    value = "https://inventory.acme.example"
    form = house.form("orders", house.our_token(), scope="stock:read", **{name: [value, value]})
    assert (await house.post(form)).body["scope"] == "stock:read"


@pytest.mark.requirement("TX-5")
@pytest.mark.parametrize(
    "grant",
    [
        "implicit",
        "password",
        "urn:ietf:params:oauth:grant-type:saml2-bearer",
        "token-exchange",
        str(TOKEN_EXCHANGE).upper(),
        f"{TOKEN_EXCHANGE} ",
    ],
)
async def test_a_grant_that_is_not_implemented_is_an_unsupported_grant_type(grant: str) -> None:
    house = House()
    form = house.form("orders", house.our_token(), **READ)
    error = await house.turned_away({**form, "grant_type": grant})
    assert (error.code, error.reason) == ("unsupported_grant_type", "unknown_grant")


@pytest.mark.requirement("TX-5", "SEC-01")
@pytest.mark.parametrize("grant", [TOKEN_EXCHANGE, CLIENT_CREDENTIALS])
async def test_a_grant_the_client_may_not_use_is_an_unauthorized_client(grant: Any) -> None:
    others = frozenset({TOKEN_EXCHANGE, CLIENT_CREDENTIALS}) - {grant}
    house = House(
        clients=(*CLIENTS[:1], client("orders", api="orders", grants=others)),
        rules=(allow("a", "own", "orders", "inventory"), allow("b", "delegation", "orders", "inventory")),
    )
    form = (
        house.form("orders", house.our_token(), **READ)
        if grant == TOKEN_EXCHANGE
        else house.own_form("orders", **READ)
    )
    error = await house.turned_away(form)
    assert (error.code, error.reason) == ("unauthorized_client", "client_may_not_exchange")


@pytest.mark.requirement("TX-10", "TX-90")
async def test_a_missing_grant_type_is_an_invalid_request() -> None:
    house = House()
    error = await house.turned_away({"client_id": "orders", "client_secret": secret_of("orders")})
    assert (error.code, error.reason) == ("invalid_request", "malformed_request")


@pytest.mark.requirement("TX-93")
@pytest.mark.parametrize("how", ["header", "body", "assertion", "none"])
async def test_failed_client_authentication_is_401_with_a_challenge(how: str) -> None:
    house = House()
    form = house.form("orders", house.our_token(), **READ)
    headers = [(b"content-type", b"application/x-www-form-urlencoded")]
    del form["client_secret"]
    if how == "header":
        encoded = base64.b64encode(b"orders:wrong")
        headers.append((b"authorization", b"Basic " + encoded))
    elif how == "body":
        form["client_secret"] = "wrong"
    elif how == "assertion":
        form["client_assertion"] = "x.y.z"
        form["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    answer = await Door(house).post(form, headers=headers)
    assert (answer.status, answer.json["error"]) == (401, "invalid_client")
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert answer.json["error_description"] == "The client could not be authenticated."


@pytest.mark.requirement("TX-90", "SEC-26")
async def test_a_form_that_is_too_large_or_has_too_many_fields_is_refused() -> None:
    house = House()
    form = house.form("orders", house.our_token(), **READ)
    padding = "x" * (MAX_FORM_BYTES - len(urlencode(form)) - len("&filler="))
    assert (await house.post({**form, "filler": padding})).body["scope"] == "stock:read"
    assert (await house.turned_away({**form, "filler": padding + "x"})).reason == "malformed_request"
    many = {f"filler{number}": "x" for number in range(MAX_FIELDS - len(form))}
    assert (await house.post({**form, **many})).body["scope"] == "stock:read"
    assert (await house.turned_away({**form, **many, "filler": "x"})).reason == "malformed_request"


@pytest.mark.requirement("TX-90")
@pytest.mark.parametrize("encoded", ["%", "%4", "%zz", "a%u0041", "%00", "a%", "%FF%FE"])
async def test_a_malformed_escape_is_refused(encoded: str) -> None:
    house = House()
    body = urlencode(house.form("orders", house.our_token(), **READ)) + f"&note={encoded}"
    assert (await house.turned_away(body)).reason == "malformed_request"


@pytest.mark.requirement("TX-93", "TX-90")
@pytest.mark.parametrize(
    ("error", "status"),
    [
        (one, 401 if one.code == "invalid_client" else 400)
        for one in OAuthError.__subclasses__()
        if one.__module__ == "actas.core.errors"  # those of the management API answer as HTTP has it
        and one.code not in ("server_error", "temporarily_unavailable")
        and one.code not in ("invalid_token", "insufficient_scope")  # of resources: RFC 6750 section 3.1
    ],
)
def test_every_error_of_the_caller_is_400_and_a_bad_client_401(error: type[OAuthError], status: int) -> None:
    assert error.status == status


@pytest.mark.requirement("REL-02")
async def test_an_error_of_ours_says_when_to_come_back() -> None:
    house = House()
    house.writer.broken = True
    answer = await Door(house).post(house.form("orders", house.our_token(), **READ))
    assert (answer.status, answer.json["error"]) == (503, "temporarily_unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    assert TemporarilyUnavailable.status == 503
