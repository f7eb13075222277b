"""Taking a compact JWS apart: its shape, its sizes, its header."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.fakes.forge import SigningKey, b64, forge

from actas.core.errors import BadToken
from actas.crypto.compact import MAX_HEADER_BYTES, MAX_TOKEN_BYTES, read_header, split
from actas.crypto.jose import parse

KEY = SigningKey.generate("ES256", kid="key-1")
TOKEN = forge({"iss": "https://idp.acme.example"}, key=KEY)
HEADER, PAYLOAD, SIGNATURE = TOKEN.split(".")


def with_header(members: dict[str, Any] | bytes) -> str:
    text = members if isinstance(members, bytes) else json.dumps(members).encode()
    return f"{b64(text)}.{PAYLOAD}.{SIGNATURE}"


def test_a_compact_jws_is_taken_apart() -> None:
    compact = split(TOKEN)
    assert dict(compact.header.members) == {"alg": "ES256", "typ": "JWT", "kid": "key-1"}
    assert (compact.header.algorithm, compact.header.kid, compact.header.typ) == ("ES256", "key-1", "jwt")
    assert compact.payload == b'{"iss": "https://idp.acme.example"}'
    assert compact.signing_input == f"{HEADER}.{PAYLOAD}".encode()
    assert len(compact.signature) == 64


def test_a_taken_apart_token_does_not_print_itself() -> None:
    assert SIGNATURE not in repr(split(TOKEN))


def test_a_header_cannot_be_changed_for_the_next_token_that_has_it() -> None:
    members = split(TOKEN).header.members
    with pytest.raises(TypeError):
        members["kid"] = "other"  # type: ignore[index]
    assert split(TOKEN).header is split(TOKEN).header


def test_headers_that_did_not_pass_are_not_remembered() -> None:
    read_header.cache_clear()
    for _ in range(2):
        with pytest.raises(BadToken):
            split(with_header({"alg": "none"}))
    assert read_header.cache_info().currsize == 0


@pytest.mark.requirement("SEC-26")
def test_remembered_headers_are_bounded() -> None:
    for number in range(1100):
        read_header(b64(json.dumps({"alg": "ES256", "kid": str(number)}).encode()).encode())
    assert read_header.cache_info().currsize <= 1024


@pytest.mark.requirement("SEC-18")
@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "...",
        HEADER,
        f"{HEADER}.{PAYLOAD}",
        f"{TOKEN}.",
        f".{TOKEN}",
        f"{TOKEN}.{SIGNATURE}",
        f"{HEADER}.{PAYLOAD}.{SIGNATURE}.{SIGNATURE}.{SIGNATURE}",
        f".{PAYLOAD}.{SIGNATURE}",
        json.dumps({"protected": HEADER, "payload": PAYLOAD, "signature": SIGNATURE}),
        json.dumps({"payload": PAYLOAD, "signatures": [{"protected": HEADER, "signature": SIGNATURE}] * 2}),
        # A text that is both: what a JSON reader sees is one token, what a splitter sees is another.
        f'{{"a":".{PAYLOAD}.","protected":"{HEADER}","payload":"{PAYLOAD}","signature":"{SIGNATURE}"}}',
        f'{HEADER}.{PAYLOAD}.{SIGNATURE}{{"payload":"{PAYLOAD}"}}',
    ],
)
def test_anything_but_three_parts_is_refused(token: str) -> None:
    with pytest.raises(BadToken) as caught:
        split(token)
    assert caught.value.why == "forged"


@pytest.mark.requirement("SEC-18")
@pytest.mark.parametrize(
    "members",
    [
        {"crit": ["exp"], "exp": 1},
        {"crit": []},
        {"crit": ["b64"], "b64": False},
        {"b64": False},
        {"b64": True},
        {"zip": "DEF"},
        {"enc": "A256GCM"},
        {"crit": None},
        {"jwk": None},
    ],
)
def test_a_header_that_asks_for_another_reading_is_refused(members: dict[str, Any]) -> None:
    with pytest.raises(BadToken, match="refused"):
        split(with_header({"alg": "ES256", **members}))


@pytest.mark.requirement("SEC-18")
def test_a_detached_payload_is_refused_where_claims_are_needed() -> None:
    with pytest.raises(BadToken):
        parse(f"{HEADER}..{SIGNATURE}")


@pytest.mark.requirement("SEC-07", "SEC-16")
@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"null",
        b"[]",
        b'"ES256"',
        b"{}",
        b'{"alg":null}',
        b'{"alg":["ES256"]}',
        b'{"alg":{"ES256":1}}',
        b'{"alg":true}',
        b'{"alg":256}',
        b'{"alg":""}',
        b'{"Alg":"ES256"}',
        b'{"alg":"ES256","ALG":"none"}',
        b'{"alg":"none","alg":"ES256"}',
        b'{"alg":"ES256","\\u0061lg":"ES256"}',
        b'{"alg":"ES256","Crit":["x"]}',
        b'{"alg":"ES256","typ":1}',
        b'{"alg":"ES256","typ":null}',
        b'{"alg":"ES256","typ":""}',
        '{"alg":"ES256","typ":"\u212a"}'.encode(),
        b'{"alg":"ES256","kid":1}',
        b'{"alg":"ES256","kid":null}',
        b'{"alg":"ES256","kid":""}',
        b'{"alg":"ES256","kid":["key-1"]}',
        b'{"alg":"ES256","kid":"a\\u0000b"}',
        b'{"alg":"ES256","kid":"' + b"k" * 256 + b'"}',
        b'{"alg":"ES256"} x',
        b'{"alg":"ES256"',
        b"\xff",
    ],
)
def test_a_header_that_is_not_what_a_header_must_be_is_refused(header: bytes) -> None:
    with pytest.raises(BadToken, match="header"):
        split(with_header(header))


def test_a_kid_of_255_bytes_and_members_that_nobody_reads_are_accepted() -> None:
    header = split(with_header({"alg": "RS256", "kid": "k" * 255, "x5t": "abc", "cty": "JWT", "x": 1})).header
    assert header.kid == "k" * 255
    assert header.typ is None


@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+jwt"])
def test_the_typ_is_compared_without_case_and_prefix(typ: str) -> None:
    assert split(with_header({"alg": "ES256", "typ": typ})).header.typ == "at+jwt"


@pytest.mark.requirement("SEC-26")
def test_sizes_are_looked_at_before_anything_is_read() -> None:
    for token in (
        "." * 1_000_000,
        "a" * (MAX_TOKEN_BYTES + 1),
        f"{HEADER}.{'A' * MAX_TOKEN_BYTES}.{SIGNATURE}",
    ):
        with pytest.raises(BadToken, match="16 KiB"):
            split(token)
    with pytest.raises(BadToken, match="2 KiB"):
        split(with_header({"alg": "ES256", "pad": "x" * MAX_HEADER_BYTES}))
    padding = MAX_HEADER_BYTES - len('{"alg": "ES256", "pad": ""}')
    assert split(with_header({"alg": "ES256", "pad": "x" * padding})).header.algorithm == "ES256"


@pytest.mark.requirement("SEC-04")
@pytest.mark.parametrize(
    "text", [TOKEN + "é", "\ud800" + TOKEN, TOKEN.replace(".", "\uff0e"), TOKEN + "\x00"]
)
def test_characters_that_no_token_has_are_refused(text: str) -> None:
    with pytest.raises(BadToken):
        split(text)


def test_what_is_said_of_a_refused_token_holds_none_of_it() -> None:
    for token in (
        with_header({"alg": "canary"}),
        with_header({"alg": "ES256", "kid": ["canary"]}),
        with_header(b'{"canary":1,"canary":2}'),
        TOKEN + "canary=",
        "canary",
    ):
        with pytest.raises(BadToken) as caught:
            split(token)
        assert "canary" not in str(caught.value)
        assert b64(b"canary")[:7] not in str(caught.value)
