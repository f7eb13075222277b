"""RFC 6749 section 2.3: exactly one method, the registered one, and how HTTP Basic is read."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote_plus

import pytest
from tests.fakes.forge import forge
from tests.fakes.house import (
    CLIENTS,
    GRANTS,
    ISSUER,
    PEPPER,
    House,
    allow,
    client,
    secret_of,
)

from actas.core.client import ClientAuth
from actas.core.wire import CLIENT_CREDENTIALS, JWT_BEARER_CLIENT_ASSERTION
from actas.crypto.passwords import digest_secret

WHO: Final = ("web", "robot", "phone")
OPEN: Final = tuple(
    replace(one, grants=GRANTS, apis=frozenset({"inventory"})) if one.name == "phone" else one
    for one in CLIENTS
)
RULES: Final = tuple(allow(f"own-{who}", "own", who, "inventory") for who in ("web", "robot", "phone", "odd"))


def house(*more: Any, **how: Any) -> House:
    return House(**{"clients": (*OPEN, *more), "rules": RULES, **how})


def own(**parameters: Any) -> dict[str, Any]:
    """A client credentials form without any authentication."""
    return {"grant_type": str(CLIENT_CREDENTIALS), "audience": "inventory", **parameters}


def asserted(assertion: str, **parameters: Any) -> dict[str, Any]:
    return own(client_assertion=assertion, client_assertion_type=JWT_BEARER_CLIENT_ASSERTION, **parameters)


def basic(name: str, secret: str, *, encoded: bool = True) -> str:
    pair = f"{quote_plus(name)}:{quote_plus(secret)}" if encoded else f"{name}:{secret}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


# Exactly one method, the registered one.


def offered(method: str, who: str, home: House) -> tuple[dict[str, str], str | None]:
    """What a request holds that uses ``method`` for client ``who``: parameters and header."""
    if method == "basic":
        return {}, basic(who, secret_of(who))
    if method == "post":
        return {"client_id": who, "client_secret": secret_of(who)}, None
    if method == "assertion":
        token = home.assertion(who)
        return {"client_assertion": token, "client_assertion_type": JWT_BEARER_CLIENT_ASSERTION}, None
    return {"client_id": who}, None


REGISTERED: Final = {"web": {"basic", "post"}, "robot": {"assertion"}, "phone": set[str]()}
METHODS: Final = ("none", "basic", "post", "assertion")


@pytest.mark.requirement("SEC-09", "TX-109", "SEC-08")
@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("method", METHODS)
async def test_a_client_uses_the_method_it_is_registered_for(who: str, method: str) -> None:
    home = house()
    parameters, header = offered(method, who, home)
    if method in REGISTERED[who]:
        assert (await home.post(own(**parameters), authorization=header)).body["scope"]
        return
    error = await home.turned_away(own(**parameters), authorization=header)
    expected = "client_may_not_exchange" if (who, method) == ("phone", "none") else "bad_client_auth"
    assert error.reason == expected


@pytest.mark.requirement("SEC-09", "TX-100")
@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize(
    ("first", "second"), [("basic", "post"), ("basic", "assertion"), ("post", "assertion")]
)
async def test_two_methods_in_one_request_are_refused_even_when_both_are_right(
    who: str, first: str, second: str
) -> None:
    home = house()
    one, header = offered(first, who, home)
    two, _ = offered(second, who, home)
    error = await home.turned_away(own(**one, **two), authorization=header)
    assert (error.code, error.reason) == ("invalid_request", "malformed_request")


@pytest.mark.requirement("SEC-09", "SEC-03")
async def test_a_forged_assertion_beside_a_good_secret_proves_nothing() -> None:
    """CVE-2026-16093: authenticated by secret, judged by an assertion that nobody verified."""
    home = house()
    forged = forge({"iss": "robot", "sub": "robot", "aud": ISSUER}, key=b"", alg="none")
    parameters, header = offered("basic", "web", home)
    error = await home.turned_away(asserted(forged, **parameters), authorization=header)
    assert error.reason in ("malformed_request", "bad_client_auth")


@pytest.mark.requirement("TX-23", "TX-2")
async def test_client_id_may_be_left_out_and_must_agree_when_it_is_sent() -> None:
    home = house()
    header = basic("web", secret_of("web"))
    assert (await home.post(own(), authorization=header)).body["scope"]
    assert (await home.post(own(client_id="web"), authorization=header)).body["scope"]
    assert (await home.post(own(client_id=""), authorization=header)).body["scope"]
    error = await home.turned_away(own(client_id="orders"), authorization=header)
    assert (error.code, error.reason) == ("invalid_request", "malformed_request")
    error = await home.turned_away(asserted(home.assertion(), client_id="web"))
    assert (error.code, error.reason) == ("invalid_request", "malformed_request")


# HTTP Basic (RFC 6749 section 2.3.1).


@pytest.mark.requirement("TX-101")
@pytest.mark.parametrize(
    "secret",
    [
        "plain" * 8,
        "a+b c%20d",
        "a:b:c",
        "%41%42",
        "100%",
        "päßwörd-ключ-鍵",
        "&=;?#/\\'\"",
        "\u00a0",
        ":",
        "+",
    ],
)
async def test_id_and_secret_are_form_encoded_before_they_are_joined(secret: str) -> None:
    auth = ClientAuth(method="client_secret", secret_digests=(digest_secret(secret, pepper=PEPPER),))
    home = house(client("odd", auth=auth))
    assert (await home.post(own(), authorization=basic("odd", secret))).body["scope"]


@pytest.mark.requirement("TX-101")
async def test_the_pair_is_split_at_the_first_colon_and_plus_is_a_space() -> None:
    auth = ClientAuth(method="client_secret", secret_digests=(digest_secret("a:b c", pepper=PEPPER),))
    home = house(client("odd", auth=auth))
    for pair in (b"odd:a:b+c", b"odd:a%3ab%20c", b"od%64:a:b+c"):
        header = "Basic " + base64.b64encode(pair).decode()
        assert (await home.post(own(), authorization=header)).body["scope"]


@pytest.mark.requirement("TX-101", "SEC-04")
@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic ",
        "Basic !!!!",
        "Basic d2Vi",
        "Basic OnNlY3JldA==",
        "Bearer abc",
        "Digest username=web",
        "Basic " + base64.b64encode(b"web:\xff\xfe").decode(),
        "Basic " + base64.b64encode("web:ключ".encode()).decode(),
        "Basic " + base64.b64encode(b"web:%ff").decode(),
        "Basic " + "A" * 9000,
        "Basic d2ViOng= d2ViOng=",
        "Basic d2Vi\nOng=",
    ],
)
async def test_a_header_that_is_not_basic_is_an_invalid_client(header: str) -> None:
    home = house()
    error = await home.turned_away(own(), authorization=header)
    assert (error.code, error.reason) == ("invalid_client", "bad_client_auth")


@pytest.mark.requirement("TX-101", "SEC-07")
@pytest.mark.parametrize("secret", ["100%", "%zz", "%4"])
async def test_a_malformed_escape_in_the_header_is_refused_as_it_is_in_the_form(secret: str) -> None:
    """Two readers of one encoding are a bypass; there is to be one (SEC-07)."""
    auth = ClientAuth(method="client_secret", secret_digests=(digest_secret(secret, pepper=PEPPER),))
    home = house(client("odd", auth=auth))
    error = await home.turned_away(own(), authorization=basic("odd", secret, encoded=False))
    assert (error.code, error.reason) == ("invalid_client", "bad_client_auth")
    assert (await home.post(own(), authorization=basic("odd", secret))).body["scope"]


@pytest.mark.requirement("TX-102")
async def test_client_secret_post_needs_both_in_the_body() -> None:
    home = house()
    assert (await home.post(own(client_id="web", client_secret=secret_of("web")))).body["scope"]
    error = await home.turned_away(own(client_secret=secret_of("web")))
    assert error.reason == "bad_client_auth"
    error = await home.turned_away(own(client_id="web", client_secret=""))
    assert error.reason == "bad_client_auth"


@pytest.mark.requirement("TX-102", "SEC-13")
async def test_every_live_secret_works_while_it_is_changed() -> None:
    digests = tuple(digest_secret(one * 32, pepper=PEPPER) for one in "ab")
    home = house(client("odd", auth=ClientAuth(method="client_secret", secret_digests=digests)))
    for secret, right in (("a" * 32, True), ("b" * 32, True), ("c" * 32, False)):
        form = own(client_id="odd", client_secret=secret)
        if right:
            assert (await home.post(form)).body["scope"]
        else:
            assert (await home.turned_away(form)).reason == "bad_client_auth"


# The order (SEC-08).


@pytest.mark.requirement("SEC-08")
async def test_a_bad_client_costs_no_look_at_its_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    home = house()
    looked: list[str] = []

    async def prove(*_: Any) -> None:
        looked.append("looked")

    monkeypatch.setattr(type(home.validators), "prove", prove)
    form = home.form("web", "x" * 200 * 1024, audience="inventory", client_secret="wrong")
    assert (await home.turned_away(form)).reason == "bad_client_auth"
    assert looked == []


@pytest.mark.requirement("TX-109", "SEC-08")
async def test_a_client_that_proves_nothing_may_exchange_nothing() -> None:
    home = house()
    form = home.form("phone", home.our_token(client_id="phone"), audience="inventory", client_secret=None)
    error = await home.turned_away(form)
    assert (error.code, error.reason) == ("unauthorized_client", "client_may_not_exchange")
    assert (await home.turned_away(own())).reason == "bad_client_auth"
