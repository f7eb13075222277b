"""Parsing, verifying and signing a token."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.fakes.clock import NOON
from tests.fakes.forge import Algorithm, SigningKey, forge

from actas.core.errors import BadToken
from actas.core.ports import JsonObject
from actas.core.wire import SigningAlgorithm
from actas.crypto.jose import ParsedJws, PrivateKey, PublicKey, SignedClaims, parse, sign, verify

ISSUER = "https://idp.acme.example"
TYPES: frozenset[str | None] = frozenset({"jwt"})
CLAIMS: JsonObject = {"iss": ISSUER, "sub": "a-17", "iat": int(NOON), "exp": int(NOON) + 120}

ES256 = SigningKey.generate("ES256", kid="es")


def public(key: SigningKey) -> PublicKey:
    return PublicKey.from_jwk(key.jwk(), algorithms=None)


def accept(token: str, key: SigningKey = ES256, **settings: Any) -> SignedClaims:
    given: dict[str, Any] = {"types": TYPES, "issuer": ISSUER, "now": NOON, **settings}
    return verify(parse(token), key=public(key), **given)


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "RS256", "PS256", "EdDSA"])
def test_a_genuine_token_yields_its_claims(algorithm: Algorithm) -> None:
    key = SigningKey.generate(algorithm)
    assert accept(forge(CLAIMS, key=key), key) == CLAIMS


def test_what_is_parsed_says_that_it_is_unverified() -> None:
    jws = parse(forge(CLAIMS, key=ES256))
    assert jws.unverified_claims == CLAIMS
    assert jws.unverified_header == {"alg": "ES256", "typ": "JWT", "kid": "es"}
    assert (jws.unverified_kid, jws.unverified_algorithm) == ("es", "ES256")
    assert "a-17" not in repr(jws)


def test_signed_claims_are_the_callers_own() -> None:
    jws = parse(forge(CLAIMS, key=ES256))
    claims = verify(jws, key=public(ES256), types=TYPES, issuer=ISSUER, now=NOON)
    claims["sub"] = "somebody else"
    assert jws.unverified_claims["sub"] == "a-17"


@pytest.mark.requirement("SEC-16", "SEC-91")
def test_the_key_of_somebody_else_does_not_verify() -> None:
    for other in (SigningKey.generate("ES256", kid="es"), SigningKey.generate("ES384", kid="es")):
        with pytest.raises(BadToken) as caught:
            accept(forge(CLAIMS, key=ES256), other)
        assert caught.value.why == "forged"


@pytest.mark.requirement("SEC-17")
def test_a_weak_key_that_came_this_far_is_refused_at_use() -> None:

    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - the point of the test
    token = forge(CLAIMS, key=SigningKey("RS256", "weak", weak))
    forced = PublicKey(weak.public_key(), algorithm="RS256")
    with pytest.raises(BadToken, match="key is refused") as caught:
        verify(parse(token), key=forced, types=TYPES, issuer=ISSUER, now=NOON)
    assert caught.value.why == "forged"


@pytest.mark.requirement("SEC-20")
@pytest.mark.parametrize(
    "iss",
    [
        ...,
        None,
        "",
        " ",
        1,
        True,
        [ISSUER],
        {"iss": ISSUER},
        ISSUER[:-1],
        ISSUER + "/",
        ISSUER + " ",
        " " + ISSUER,
        ISSUER + "\x00",
        ISSUER.upper(),
        ISSUER.replace("a", "\u0430"),  # CYRILLIC SMALL LETTER A
        ISSUER.replace("https", "http"),
        "https://idp.acme.example.evil.example",
        "acme",
    ],
)
def test_only_exactly_the_issuer_is_the_issuer(iss: Any) -> None:
    claims = {**CLAIMS, "iss": iss}
    with pytest.raises(BadToken) as caught:
        accept(forge({name: value for name, value in claims.items() if value is not ...}, key=ES256))
    assert caught.value.why == "forged"


@pytest.mark.requirement("TX-120")
@pytest.mark.parametrize(
    ("typ", "types", "accepted"),
    [
        ("JWT", {"jwt"}, True),
        ("JWT", {"JWT"}, True),
        ("at+jwt", {"at+jwt"}, True),
        ("AT+JWT", {"at+jwt"}, True),
        ("application/at+jwt", {"at+jwt"}, True),
        ("at+jwt", {"Application/at+JWT"}, True),
        ("at+jwt", {None, "at+jwt"}, True),
        (..., {None}, True),
        (..., {None, "jwt"}, True),
        (..., {"jwt"}, False),
        ("JWT", {None}, False),
        ("JWT", {"at+jwt", None}, False),
        ("at+jwt", {"jwt"}, False),
        ("at+jw", {"at+jwt"}, False),
        ("text/at+jwt", {"at+jwt"}, False),
        ("at+jwt", set(), False),
        (..., set(), False),
    ],
)
def test_a_token_is_accepted_only_as_what_its_header_says(
    typ: Any, types: set[str | None], accepted: bool
) -> None:
    token = forge(CLAIMS, key=ES256, headers={"typ": typ})
    if accepted:
        assert accept(token, types=frozenset(types)) == CLAIMS
    else:
        with pytest.raises(BadToken, match="typ"):
            accept(token, types=frozenset(types))


@pytest.mark.parametrize("leeway", [-1, 61, 3600])
def test_clocks_may_not_differ_by_more_than_a_minute(leeway: int) -> None:
    with pytest.raises(ValueError, match="leeway"):
        accept(forge(CLAIMS, key=ES256), leeway=leeway)


@pytest.mark.requirement("SEC-03")
def test_a_forged_token_is_called_forged_even_when_its_times_are_past() -> None:
    genuine = forge({**CLAIMS, "exp": int(NOON) - 1000, "iat": int(NOON) - 2000}, key=ES256)
    with pytest.raises(BadToken) as caught:
        accept(genuine[:-8] + "AAAAAAAA")
    assert caught.value.why == "forged"
    with pytest.raises(BadToken) as caught:
        accept(genuine)
    assert caught.value.why == "expired"


@pytest.mark.requirement("SEC-93", "TX-120")
@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "EdDSA"])
def test_what_we_sign_we_accept(algorithm: SigningAlgorithm) -> None:
    key = PrivateKey.generate(algorithm)
    token = sign(CLAIMS, key=key, typ="at+jwt")
    jws = parse(token)
    assert jws.unverified_header == {"alg": algorithm, "typ": "at+jwt", "kid": key.kid}
    found = verify(jws, key=key.public, types=frozenset({"at+jwt"}), issuer=ISSUER, now=NOON)
    assert found == CLAIMS


def test_claims_are_signed_as_they_are_and_in_their_order() -> None:
    key = PrivateKey.generate("EdDSA")
    claims: JsonObject = {"z": "é", "a": [1, 2.5, True, None, {"b": "null"}], "m": {"n": "x"}}
    for given in (claims, MappingProxyType(claims)):
        found = parse(sign(given, key=key, typ="JWT")).unverified_claims
        assert list(found.items()) == list(claims.items())


@pytest.mark.parametrize(
    "claims",
    [
        {"n": float("nan")},
        {"n": float("inf")},
        {"n": [1, {"m": -float("inf")}]},
        {"n": "\ud800"},
        {"n": "x" * 16_384},
    ],
)
def test_claims_that_we_would_not_read_are_not_signed(claims: JsonObject) -> None:
    with pytest.raises(ValueError, match=r"finite|surrogates|16 KiB"):
        sign(claims, key=PrivateKey.generate("EdDSA"), typ="JWT")


@pytest.mark.parametrize("text", ["", "a.b", "a.b.c", "....", "é.é.é"])
def test_what_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(BadToken):
        parse(text)


@pytest.mark.parametrize("payload", [b"", b"[]", b'"text"', b"null", b"1", b"{", b'{"iss":"x"', b"\xff{}"])
def test_claims_that_are_no_object_are_refused(payload: bytes) -> None:
    with pytest.raises(BadToken, match="claims"):
        parse(forge(payload, key=ES256))


def test_what_is_said_of_a_refused_token_holds_none_of_it() -> None:
    forged: list[str] = [
        forge({**CLAIMS, "iss": "canary"}, key=ES256),
        forge({**CLAIMS, "exp": "canary"}, key=ES256),
        forge(CLAIMS, key=ES256, headers={"typ": "canary"}),
        forge(b'{"canary":1,"canary":1}', key=ES256),
        forge({**CLAIMS, "Sub": "canary"}, key=ES256),
        forge({"canary": 1}, key=SigningKey.generate("ES256")),
    ]
    for token in forged:
        with pytest.raises(BadToken) as caught:
            accept(token)
        assert "canary" not in str(caught.value)
        assert caught.value.__cause__ is None


def test_a_parsed_token_cannot_be_changed() -> None:
    jws = parse(forge(CLAIMS, key=ES256))
    with pytest.raises(AttributeError):
        jws.unverified_claims = {}  # type: ignore[misc]
    assert isinstance(jws, ParsedJws)
    assert json.dumps(dict(jws.unverified_claims)) == json.dumps(CLAIMS)
