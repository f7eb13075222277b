"""Algorithm confusion.

A JWS says in its own header how it wants to be checked. A verifier that listens can be told ``none``, and
checks nothing; or ``HS256``, and computes an HMAC whose secret is the issuer's public key, which everybody
has; or an algorithm of another family or another curve, where a signature of zeros verifies; or it unpacks
an encrypted wrapper and trusts the unsigned token inside. Seen in CVE-2026-48526, CVE-2026-27962,
CVE-2024-37568, CVE-2022-29217, CVE-2022-21449 and pac4j GHSA-pm7g-w2cf-q238. Here the algorithm is a
property of the key, the key belongs to a registered issuer, and what the header says can only disagree.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.fakes.clock import NOON
from tests.fakes.forge import Algorithm, SigningKey, b64, forge

from actas.core.errors import BadToken
from actas.crypto.jose import PublicKey, parse, verify

ISSUER: Final = "https://idp.acme.example"
CLAIMS: Final[dict[str, Any]] = {"iss": ISSUER, "sub": "admin", "iat": int(NOON), "exp": int(NOON) + 120}
ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

ALGORITHMS: Final[tuple[Algorithm, ...]] = ("ES256", "ES384", "RS256", "PS256", "EdDSA")
KEYS: Final = {
    algorithm: SigningKey.generate(algorithm, kid="k", slot=1 if algorithm == "PS256" else 0)
    for algorithm in ALGORITHMS
}
ES256: Final = KEYS["ES256"]


def secrets_from(key: SigningKey) -> Iterator[tuple[str, bytes]]:
    """Every spelling of a public key that a careless verifier might use as an HMAC secret."""
    public = key.private.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    yield "PEM", pem
    yield "PEM without its last line end", pem.rstrip(b"\n")
    yield "PEM with CRLF", pem.replace(b"\n", b"\r\n")
    yield "DER", public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    yield "OpenSSH", public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
    yield "JWK text", json.dumps(key.jwk()).encode()
    yield "compact JWK text", json.dumps(key.jwk(), separators=(",", ":"), sort_keys=True).encode()
    yield "empty", b""
    if isinstance(public, ec.EllipticCurvePublicKey):
        yield "point", public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        yield "x", public.public_numbers().x.to_bytes(48, "big")


def signed_as(alg: Any, key: SigningKey = ES256) -> str:
    """A token signed by the genuine key whose header names another algorithm."""
    return forge(CLAIMS, key=key, headers={"alg": alg})


def with_signature(signature: bytes, alg: str = "ES256") -> str:
    token = forge(CLAIMS, key=ES256, headers={"alg": alg})
    return f"{token.rpartition('.')[0]}.{b64(signature)}"


def without_algorithm() -> Iterator[tuple[str, str]]:
    for alg in ("none", "None", "NONE", "nOnE", "noNe", "NonE", "none ", "\u006eone\u0000"):
        yield f"alg {alg!r} unsigned", forge(CLAIMS, key=b"", alg=alg)
        yield f"alg {alg!r} with a genuine signature", signed_as(alg)
    others: list[Any] = ["", "null", "NULL", "false", "0", None, False, 0, [], ["ES256"], {}, ...]
    for other in others:
        yield f"alg {other!r}", signed_as(other)


def symmetric() -> Iterator[tuple[str, str]]:
    for algorithm in ("ES256", "RS256", "EdDSA"):
        for name, secret in secrets_from(KEYS[algorithm]):
            token = forge(CLAIMS, key=secret, alg="HS256", headers={"kid": "k"})
            yield f"HS256 keyed with the {name} of the {algorithm} key", token
    for alg in ("HS384", "HS512"):
        for name, secret in secrets_from(ES256):
            yield f"{alg} keyed with the {name}", forge(CLAIMS, key=secret, alg=alg)
    hmac = forge(CLAIMS, key=ES256.pem(), alg="HS256")
    data, _, signature = hmac.rpartition(".")
    header = b64(json.dumps({"alg": "ES256", "typ": "JWT"}).encode())
    yield "an HMAC under the name of ES256", f"{header}.{data.split('.')[1]}.{signature}"


def other_family() -> Iterator[tuple[str, str]]:
    for alg in (
        "ES384",
        "ES512",
        "ES256K",
        "RS256",
        "RS384",
        "PS256",
        "PS512",
        "EdDSA",
        "Ed25519",
        "ML-DSA-44",
    ):
        yield f"the ES256 key under the name of {alg}", signed_as(alg)
    for alg in (
        "es256",
        "Es256",
        "ES-256",
        " ES256",
        "ES256 ",
        "ES256\u0000",
        "ES256,none",
        "\uff25\uff33256",
    ):
        yield f"the ES256 key under the name {alg!r}", signed_as(alg)
    for algorithm in ("ES384", "RS256", "PS256", "EdDSA"):
        yield f"another key under its own name {algorithm}", forge(CLAIMS, key=KEYS[algorithm])
        yield f"{algorithm} under the name of ES256", signed_as("ES256", KEYS[algorithm])
    yield "another key of the same kind", forge(CLAIMS, key=SigningKey.generate("ES256", kid="k"))


def broken_signatures() -> Iterator[tuple[str, str]]:
    for r in (0, 1, ORDER):
        for s in (0, 1, ORDER):
            yield f"r={r:x} s={s:x}", with_signature(r.to_bytes(32, "big") + s.to_bytes(32, "big"))
    yield "no signature", with_signature(b"")
    yield "a short signature of zeros", with_signature(bytes(1))
    yield "zeros of another curve's length", with_signature(bytes(96))
    yield "zeros for RSA", with_signature(bytes(256))
    yield "zeros for ES384", with_signature(bytes(96), alg="ES384")
    yield "zeros for EdDSA", with_signature(bytes(64), alg="EdDSA")
    yield "zeros in DER", with_signature(encode_dss_signature(0, 0))
    genuine = forge(CLAIMS, key=ES256)
    data, _, signature = genuine.rpartition(".")
    header, payload = data.split(".")
    admin = b64(json.dumps({**CLAIMS, "scope": "admin"}).encode())
    yield "a genuine signature under other claims", f"{header}.{admin}.{signature}"
    bare = b64(b'{"alg":"ES256"}')
    yield "a genuine signature under another header", f"{bare}.{payload}.{signature}"


def encrypted() -> Iterator[tuple[str, str]]:
    inner = forge(CLAIMS, key=b"", alg="none")
    for alg, enc in (("dir", "A256GCM"), ("RSA-OAEP", "A128CBC-HS256"), ("ECDH-ES", "A256GCM")):
        header = b64(json.dumps({"alg": alg, "enc": enc, "cty": "JWT"}).encode())
        yield (
            f"a JWE ({alg}) around an unsigned token",
            f"{header}..{b64(bytes(12))}.{b64(inner.encode())}.AAAA",
        )
        yield f"three parts with a JWE header ({alg})", f"{header}.{b64(inner.encode())}.AAAA"
    genuine = {"alg": "ES256", "enc": "A256GCM", "zip": "DEF"}
    yield "a signed token that calls itself encrypted", forge(CLAIMS, key=ES256, headers=genuine)
    yield "an unsigned token as the payload of a signed one", forge(inner.encode(), key=ES256)
    yield "a signed token as the payload of a signed one", forge(forge(CLAIMS, key=ES256).encode(), key=ES256)


FORGED: Final = [
    *without_algorithm(),
    *symmetric(),
    *other_family(),
    *broken_signatures(),
    *encrypted(),
]


def accept(token: str, key: SigningKey) -> object:
    public = PublicKey.from_jwk(key.jwk(), algorithms=None)
    types = frozenset({"jwt", None})
    return verify(parse(token), key=public, types=types, issuer=ISSUER, now=NOON)


@pytest.mark.requirement("SEC-16", "TX-42")
@pytest.mark.parametrize("token", [pytest.param(token, id=name) for name, token in FORGED])
def test_a_forged_token_is_refused(token: str) -> None:
    with pytest.raises(BadToken) as caught:
        accept(token, ES256)
    assert caught.value.why == "forged"


@pytest.mark.requirement("SEC-16")
def test_there_are_enough_forgeries_and_the_genuine_token_would_pass() -> None:
    assert len({token for _, token in FORGED}) >= 60
    for key in KEYS.values():
        assert accept(forge(CLAIMS, key=key), key) == CLAIMS


@pytest.mark.requirement("SEC-16", "TX-42")
@pytest.mark.parametrize("held", ALGORITHMS)
@pytest.mark.parametrize("used", ALGORITHMS)
def test_a_token_passes_only_under_the_algorithm_of_its_key(held: Algorithm, used: Algorithm) -> None:
    token = forge(CLAIMS, key=KEYS[used])
    if held == used:
        assert accept(token, KEYS[held]) == CLAIMS
    else:
        with pytest.raises(BadToken):
            accept(token, KEYS[held])


@pytest.mark.requirement("SEC-16", "TX-42")
def test_one_rsa_key_cannot_be_used_under_the_algorithm_it_is_not_registered_for() -> None:
    private = KEYS["RS256"].private
    pss = SigningKey("PS256", "k", private)
    pkcs1 = SigningKey("RS256", "k", private)
    for mine, other in ((pss, pkcs1), (pkcs1, pss)):
        with pytest.raises(BadToken, match="algorithm"):
            accept(forge(CLAIMS, key=other), mine)
        with pytest.raises(BadToken, match="signature"):
            accept(forge(CLAIMS, key=other, headers={"alg": mine.algorithm}), mine)
