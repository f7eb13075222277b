"""One form, two readings.

A proxy, a rule engine or a log reads the first ``client_id`` of a form and the server the last; a filter sees
``a=1;scope=admin`` as one value and the parser as two (python-multipart GHSA-6jv3-5f52-599m). Whatever can be
read in two ways is refused before anybody is authenticated.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from tests.fakes.door import FORM, Door
from tests.fakes.house import House, claims_of

READ: dict[str, Any] = {"audience": "inventory", "scope": "stock:read"}


def body(house: House) -> str:
    return urlencode(house.form("orders", house.our_token(), **READ))


@pytest.mark.requirement("SEC-05", "TX-3")
@pytest.mark.parametrize(
    "more",
    [
        "grant_type=client_credentials",
        "gr%61nt_type=client_credentials",
        "client_id=assistant",
        "client%5Fid=assistant",
        "client_secret=x",
        "subject_token=x",
        "scope=stock:write",
        "scope",
        "scope=",
        "unheard=1&unheard=2",
        "unheard&unheard=1",
        "unheard=1&unheard=1",
    ],
)
@pytest.mark.parametrize("first", [True, False])
async def test_a_second_value_is_refused_before_anybody_is_authenticated(more: str, *, first: bool) -> None:
    house = House()
    form = f"{more}&{body(house)}" if first else f"{body(house)}&{more}"
    error = await house.turned_away(form)
    assert (error.code, error.reason) == ("invalid_request", "malformed_request")
    assert "client" not in house.writer.events[-1]


@pytest.mark.requirement("SEC-05")
async def test_a_semicolon_is_no_separator() -> None:
    house = House()
    claims = claims_of(await house.post(f"{body(house)}&note=a;scope=stock:write;grant_type=x"))
    assert claims["scope"] == "stock:read"
    error = await house.turned_away(body(house).replace("&scope", ";scope"))
    assert error.reason == "unknown_target"


@pytest.mark.requirement("SEC-05", "TX-3")
async def test_each_of_several_targets_is_checked() -> None:
    house = House()
    for audiences in (["inventory", "orders"], ["orders", "inventory"], ["inventory", "nowhere"]):
        error = await house.refused("orders", house.our_token(), audience=audiences, scope="stock:read")
        assert error.code == "invalid_target"


@pytest.mark.requirement("SEC-05", "TX-4")
@pytest.mark.parametrize("query", [b"client_id=orders", b"scope=stock:write", b"x", b"&", b"%00"])
async def test_nothing_may_stand_in_the_query(query: bytes) -> None:
    house = House()
    answer = await Door(house).post(body(house).encode(), query=query)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


@pytest.mark.requirement("SEC-05", "SEC-09")
async def test_two_authorization_headers_are_refused() -> None:
    house = House()
    headers = [FORM, (b"authorization", b"Basic eDp5"), (b"authorization", b"Basic eDp5")]
    answer = await Door(house).post(body(house).encode(), headers=headers)
    assert (answer.status, answer.json["error"]) == (400, "invalid_request")


@pytest.mark.requirement("SEC-05")
@pytest.mark.parametrize(
    "kind",
    [
        b"multipart/form-data; boundary=b",
        b"application/json",
        b"text/plain",
        b"application/x-www-form-urlencoded;charset=utf-7",
    ],
)
async def test_only_one_encoding_is_read(kind: bytes) -> None:
    house = House()
    parts = b'--b\r\nContent-Disposition: form-data; name="grant_type"\r\n\r\nclient_credentials\r\n--b--\r\n'
    for sent in (parts, body(house).encode()):
        answer = await Door(house).post(sent, headers=[(b"content-type", kind)])
        assert (answer.status, answer.json["error"]) == (400, "invalid_request")
