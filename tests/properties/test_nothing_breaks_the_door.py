"""Whatever is sent to the token endpoint, the answer is an answer: a token for nobody, no crash, no internals (SEC-04)."""

from __future__ import annotations

import base64
import json
import re
from random import Random
from typing import Any, Final
from urllib.parse import quote_from_bytes, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fakes.door import FORM, Door, Response
from tests.fakes.forge import b64
from tests.fakes.house import IDP, ISSUER, NOW, House

from actas.core.wire import ACCESS_TOKEN, ID_TOKEN, JWT
from actas.crypto import jose

often = settings(max_examples=250, deadline=None, database=None)
ODD: Final = (
    b"{" * 100_000,
    b'{"a":' * 3_000 + b"1" + b"}" * 3_000,
    b'{"exp":' + b"9" * 5_000 + b"}",
    b'{"exp":NaN}',
    b'{"exp":Infinity}',
    b'{"exp":1e999}',
    b'{"sub":"\\ud800"}',
    b'{"sub":"\\u0000"}',
    b"[]",
    b"null",
    b'"x"',
    b"",
    b"\xff\xfe",
    b'{"iss":"' + IDP.encode() + b'","iss":"x"}',
    b'{"iss":["' + IDP.encode() + b'"]}',
    b'{"Iss":"' + IDP.encode() + b'"}',
)
INTERNALS: Final = re.compile(r"Traceback|Error\(|\.py|line \d|site-packages|<module|0x[0-9a-f]{6}")


def assert_answered(answer: Response, house: House) -> None:
    assert answer.status in (400, 401)
    assert "access_token" not in answer.json
    assert set(answer.json) == {"error", "error_description", "error_uri"}
    assert INTERNALS.search(answer.body.decode("ascii")) is None
    assert house.writer.events[-1]["outcome"] == "refused"
    assert house.writer.events[-1]["reason"] != "internal", house.writer.events[-1]


@pytest.mark.requirement("SEC-04", "SEC-26")
@often
@given(st.binary(max_size=300))
async def test_any_bytes_are_answered(body: bytes) -> None:
    house = House()
    assert_answered(await Door(house).post(body), house)


@pytest.mark.requirement("SEC-04", "SEC-26")
@pytest.mark.parametrize("payload", ODD)
@pytest.mark.parametrize("declared", [ACCESS_TOKEN, ID_TOKEN, JWT])
async def test_an_odd_token_is_answered(payload: bytes, declared: Any) -> None:
    for header in (b'{"alg":"ES256"}', payload):
        house = House()
        token = f"{b64(header)}.{b64(payload)}.{b64(b'x' * 64)}"
        for role in ("subject", "actor"):
            form = house.form("orders", house.our_token(), audience="inventory")
            form |= {f"{role}_token": token, f"{role}_token_type": str(declared)}
            assert_answered(await Door(house).post(form), house)
        form = {"grant_type": "client_credentials", "client_assertion": token}
        form["client_assertion_type"] = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        assert_answered(await Door(house).post(form), house)


def mutated(text: str, chance: Random) -> str:
    """A token with a few things other."""
    data = bytearray(text.encode())
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(data))
        match chance.randrange(4):
            case 0:
                data[place] = chance.randrange(32, 127)
            case 1:
                del data[place]
            case 2:
                data.insert(place, chance.choice(b".=-_ \n+/A"))
            case _:
                data = data[:place] + data[place : place + 20] + data[place:]
    return data.decode("latin-1")


@pytest.mark.requirement("SEC-04", "SEC-16")
@often
@given(st.integers(0, 2**48))
async def test_a_mutated_token_is_answered_and_buys_nothing(number: int) -> None:
    house, chance = House(), Random(number)
    token = house.our_token()
    changed = mutated(token, chance)
    if changed.strip() == token:
        return
    form = house.form("orders", changed, audience="inventory", scope="stock:read")
    assert_answered(await Door(house).post(form), house)


@pytest.mark.requirement("SEC-04", "SEC-20", "SEC-02")
@often
@given(st.integers(0, 2**48))
async def test_a_genuine_token_with_odd_claims_is_answered(number: int) -> None:
    """Signed by the right key, so that everything behind the signature is reached."""
    house, chance = House(), Random(number)
    odd: list[Any] = [
        None,
        True,
        0,
        -1,
        2**53,
        1.5,
        "",
        " ",
        "x" * 300,
        [],
        ["a", 1],
        {},
        {"sub": {}},
        [[]],
        "\x00",
    ]
    names = [
        "aud",
        "sub",
        "scope",
        "act",
        "may_act",
        "client_id",
        "jti",
        "txn",
        "sub_id",
        "cnf",
        "nbf",
        "exp",
        "iat",
    ]
    claims = json.loads(base64.urlsafe_b64decode(house.our_token().split(".")[1] + "=="))
    for name in chance.sample(names, chance.randint(1, 4)):
        claims[name] = chance.choice(odd)
    token = jose.sign(claims, key=house.ring.private(), typ="at+jwt")
    answer = await Door(house).post(house.form("orders", token, audience="inventory", scope="stock:read"))
    if answer.status == 200:
        granted = json.loads(base64.urlsafe_b64decode(answer.json["access_token"].split(".")[1] + "=="))
        assert (granted["iss"], granted["aud"], granted["exp"] > NOW) == (
            ISSUER,
            "https://inventory.acme.example",
            True,
        )
        assert isinstance(granted["sub"], str)
    else:
        assert_answered(answer, house)


@pytest.mark.requirement("SEC-04", "TX-101")
@often
@given(st.binary(max_size=80), st.sampled_from(["Basic ", "basic ", "Bearer ", "", "Basic\t"]), st.booleans())
async def test_any_authorization_header_is_answered(value: bytes, scheme: str, encoded: bool) -> None:
    house = House()
    text = base64.b64encode(value) if encoded else value
    headers = [FORM, (b"authorization", scheme.encode() + text)]
    body = urlencode({"grant_type": "client_credentials"}).encode()
    assert_answered(await Door(house).post(body, headers=headers), house)


@pytest.mark.requirement("SEC-04", "SEC-05")
@often
@given(
    st.dictionaries(
        st.sampled_from(
            [
                "grant_type",
                "client_id",
                "client_secret",
                "subject_token",
                "scope",
                "audience",
                "resource",
                "subject_token_type",
            ]
        ),
        st.binary(max_size=30),
    )
)
async def test_any_values_are_answered(fields: dict[str, bytes]) -> None:
    house = House()
    good = house.form("orders", house.our_token(), audience="inventory", scope="stock:read")
    pieces = {name: quote_from_bytes(str(value).encode()) for name, value in good.items()}
    pieces |= {name: quote_from_bytes(value) for name, value in fields.items()}
    answer = await Door(house).post("&".join(f"{name}={value}" for name, value in pieces.items()).encode())
    if answer.status != 200:
        assert_answered(answer, house)
    else:
        assert not any(fields.values())  # what has no value was not sent
