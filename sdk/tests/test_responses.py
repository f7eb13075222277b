"""What comes back: exactly what its specification says, or a bad answer."""

from __future__ import annotations

from typing import Any

import pytest
from sdk.tests.support import ACCESS_TOKEN, INVENTORY, NOW, HandMadeIssuer, answer, claims

from actas_sdk import Party
from actas_sdk.errors import BadAnswer, ClientRefused, Refused, SignInAgain, Unreachable
from actas_sdk.flow import Answer, Failure
from actas_sdk.requests import Wanted, wanted_for, wanted_own
from actas_sdk.responses import token, unreachable
from actas_sdk.sync import Token

GOOD: dict[str, Any] = {
    "access_token": "opaque-token",
    "issued_token_type": ACCESS_TOKEN,
    "token_type": "Bearer",
    "expires_in": 120,
    "scope": "stock:read",
}
ME = Party(id="orders")


def wanted(*scopes: str, whom: str | Token = "alice-token") -> Wanted:
    return wanted_for(whom, to=INVENTORY, scopes=scopes, subject_type="access_token")


def read(said: Answer, asked: Wanted | None = None) -> Token:
    return token(said, wanted=asked or wanted("stock:read"), client=ME, asked_at=NOW)


@pytest.mark.requirement("TX-81", "TX-82", "TX-83", "TX-85")
def test_a_good_answer_is_a_token() -> None:
    got = read(answer(200, GOOD))

    assert got.reveal() == "opaque-token"
    assert got.scopes == {"stock:read"}
    assert got.audience == INVENTORY
    assert got.expires_at == NOW + 120
    assert got.sentence == "orders may use stock:read at inventory."


def test_what_is_granted_is_what_the_answer_says_not_what_was_asked() -> None:
    asked = wanted("stock:read", "stock:write")

    assert read(answer(200, GOOD), asked).scopes == {"stock:read"}
    assert read(answer(200, {**GOOD, "scope": ""}), asked).scopes == frozenset()
    del (silent := dict(GOOD))["scope"]
    assert read(answer(200, silent), asked).scopes == {"stock:read", "stock:write"}


def test_a_life_that_is_not_told_is_not_known() -> None:
    del (silent := dict(GOOD))["expires_in"]

    assert read(answer(200, silent)).expires_at is None


def test_the_scheme_is_found_in_any_case_and_what_is_not_known_is_ignored() -> None:
    got = read(answer(200, {**GOOD, "token_type": "bearer", "refresh_token": "r", "x": [1]}))

    assert (got.reveal(), got.scheme) == ("opaque-token", "Bearer")


def test_our_own_token_needs_no_issued_type() -> None:
    del (plain := dict(GOOD))["issued_token_type"]

    assert read(answer(200, plain), wanted_own(to=INVENTORY, scopes=["stock:read"])).scopes == {"stock:read"}
    with pytest.raises(BadAnswer):
        read(answer(200, plain))


@pytest.mark.requirement("TX-80", "TX-82", "TX-83", "TX-84")
@pytest.mark.parametrize(
    "changed",
    [
        {"access_token": None},
        {"access_token": ""},
        {"access_token": 7},
        {"access_token": "a b"},
        {"access_token": "a\r\nSet-Cookie: x"},
        {"access_token": "a" * 16_385},
        {"issued_token_type": "urn:ietf:params:oauth:token-type:id_token"},
        {"issued_token_type": "urn:ietf:params:oauth:token-type:jwt"},
        {"issued_token_type": "access_token"},
        {"issued_token_type": None},
        {"token_type": "N_A"},
        {"token_type": "mac"},
        {"token_type": None},
        {"expires_in": "120"},
        {"expires_in": 0},
        {"expires_in": -5},
        {"expires_in": 120.5},
        {"expires_in": True},
        {"expires_in": None},
        {"expires_in": 10**9},
        {"scope": ["stock:read"]},
        {"scope": None},
        {"scope": "a  b"},
        {"scope": 'a"b'},
    ],
    ids=repr,
)
def test_an_answer_that_breaks_its_specification_is_not_used(changed: dict[str, Any]) -> None:
    with pytest.raises(BadAnswer):
        read(answer(200, {**GOOD, **changed}))


@pytest.mark.parametrize(
    "said",
    [
        answer(201, GOOD),
        answer(204),
        answer(302, GOOD, location="https://evil.example"),
        answer(404, GOOD),
        answer(200, GOOD, content_type="text/html"),
        answer(200, GOOD, content_type=""),
        answer(200, b""),
        answer(200, b"null"),
        answer(200, b'{"access_token":"a","access_token":"b"}'),
        Answer(url="u", status=200, headers={"content-type": "application/json"}, body=None),
        answer(400, b"<html>"),
        answer(400, {"error": "x"}, content_type="text/html"),
        answer(400, {}),
        answer(400, {"error": 7}),
        answer(400, {"error": "a b\n"}),
        answer(400, {"error": ""}),
    ],
    ids=range(16),
)
def test_what_is_not_an_answer_of_the_endpoint_is_not_used(said: Answer) -> None:
    with pytest.raises(BadAnswer):
        read(said)


def test_a_content_type_may_have_parameters() -> None:
    got = read(answer(200, GOOD, content_type="Application/JSON; charset=utf-8"))

    assert got.reveal() == "opaque-token"


@pytest.mark.requirement("TX-90", "TX-91")
def test_a_refusal_says_why_and_where_it_is_written_down() -> None:
    body = {
        "error": "invalid_target",
        "error_description": "No rule allows this exchange.",
        "error_uri": "https://docs.example/errors#no_rule",
    }
    with pytest.raises(Refused) as no:
        read(answer(400, body, actas_entry="x_01JD7Q8P"))

    assert (no.value.code, no.value.reason, no.value.entry) == ("invalid_target", "no_rule", "x_01JD7Q8P")
    assert no.value.sentence == "No rule allows this exchange."
    assert not isinstance(no.value, ClientRefused)


@pytest.mark.requirement("TX-93")
@pytest.mark.parametrize(
    ("status", "code"), [(401, "invalid_client"), (400, "invalid_client"), (400, "unauthorized_client")]
)
def test_a_refusal_of_this_service_is_told_apart(status: int, code: str) -> None:
    with pytest.raises(ClientRefused):
        read(answer(status, {"error": code}))


def test_a_stale_token_is_a_matter_of_signing_in() -> None:
    with pytest.raises(SignInAgain) as stale:
        read(answer(400, {"error": "invalid_request", "error_uri": "https://d.example/errors#expired"}))
    assert stale.value.needs == "fresh_token"

    with pytest.raises(SignInAgain) as weak:
        read(answer(400, {"error": "insufficient_user_authentication", "acr_values": "mfa phr"}))
    assert weak.value.needs == "mfa phr"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ({"error_description": "line\r\nbreak"}, "The server refused the exchange."),
        ({"error_description": "é"}, "The server refused the exchange."),
        ({"error_description": "x" * 1001}, "The server refused the exchange."),
        ({"error_description": {"a": 1}}, "The server refused the exchange."),
        ({"error_uri": "https://d.example/#\x1b[31m"}, "The server refused the exchange."),
        ({"error_uri": 7}, "The server refused the exchange."),
    ],
)
def test_a_server_cannot_write_into_our_log(said: dict[str, Any], shown: str) -> None:
    with pytest.raises(Refused) as no:
        read(answer(400, {"error": "invalid_request", **said}, actas_entry="x\nforged entry"))

    assert (no.value.sentence, no.value.reason, no.value.entry) == (shown, None, None)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_an_outage_is_not_a_refusal(status: int) -> None:
    down = unreachable(answer(status, b"<html>", actas_entry="x_1"), now=NOW)

    assert down is not None
    assert (down.retry_after, down.entry) == (None, "x_1")
    with pytest.raises(Unreachable):
        read(answer(400, {"error": "temporarily_unavailable"}))


def test_no_answer_is_an_outage_and_any_answer_is_none() -> None:
    assert unreachable(Failure(detail="ConnectError", sent=False), now=NOW) is not None
    for status in (200, 302, 400, 401, 403, 404):
        assert unreachable(answer(status), now=NOW) is None


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("999999999999", 86_400),
        ("Mon, 21 Sep 2026 14:13:50 GMT", 30),
        ("Mon, 21 Sep 2020 14:13:50 GMT", 0),
        ("Mon, 21 Sep 9999 14:13:50 GMT", 86_400),
        ("soon", None),
        ("-5", None),
        ("\u0663", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(said: str, seconds: int | None) -> None:
    down = unreachable(answer(503, retry_after=said), now=NOW)

    assert down is not None
    assert down.retry_after == seconds


def test_the_chain_is_read_from_the_token_or_continued_from_the_caller() -> None:
    issued = HandMadeIssuer().sign(claims(act={"sub": "orders", "act": {"sub": "assistant"}}, aud=INVENTORY))
    assert read(answer(200, {**GOOD, "access_token": issued})).sentence == (
        "orders may use stock:read at inventory, acting for alice, who asked through assistant."
    )

    held = Token("t", audience="x", chain=[Party(id="alice"), Party(id="assistant")])
    assert read(answer(200, GOOD), wanted("stock:read", whom=held)).sentence == (
        "orders may use stock:read at inventory, acting for alice, who asked through assistant."
    )
