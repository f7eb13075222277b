"""Keys: which are usable, for what, and how a client's own is read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey

from actas_sdk.errors import Misconfigured
from actas_sdk.jws import encode, parse
from actas_sdk.keys import KeySet, SigningKey
from actas_sdk.strict_json import NotStrict

EC = ECKey.generate_key("P-256")
RSA = RSAKey.generate_key(2048)


def public(key: Key, **more: Any) -> dict[str, Any]:
    return {**key.as_dict(private=False), **more}


def private(key: Key, **more: Any) -> dict[str, Any]:
    return {**key.as_dict(private=True), **more}


@pytest.mark.parametrize(
    ("jwk", "algorithms"),
    [
        (public(EC), {"ES256"}),
        (public(EC, use="sig", key_ops=["verify"]), {"ES256"}),
        (public(ECKey.generate_key("P-384")), {"ES384"}),
        (public(OKPKey.generate_key("Ed25519")), {"EdDSA", "Ed25519"}),
        (public(RSA), {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}),
        (public(RSA, alg="PS256"), {"PS256"}),
    ],
    ids=range(6),
)
def test_a_key_is_for_the_algorithms_it_fits(jwk: dict[str, Any], algorithms: set[str]) -> None:
    (key,) = KeySet.from_jwks({"keys": [jwk]}).keys

    assert key.algorithms == algorithms


@pytest.mark.parametrize(
    "jwk",
    [
        public(EC, use="enc"),
        public(EC, key_ops=["deriveBits"]),
        public(EC, alg="ES384"),
        public(EC, alg="HS256"),
        public(EC, alg="none"),
        public(EC, kid=7),
        public(EC, x="AAAA"),
        private(EC),
        private(RSA),
        public(OKPKey.generate_key("X25519")),
        public(ECKey.generate_key("secp256k1")),
        OctKey.generate_key(256).as_dict(private=True),
        public(RSA, n="AQAB"),
        {"kty": "RSA", "e": "AQAB", "n": "_" * 2800},
        {"kty": "PQC"},
        {},
        "key",
    ],
    ids=range(17),
)
def test_a_key_that_is_for_something_else_or_unsafe_is_left_out(jwk: Any) -> None:
    assert len(KeySet.from_jwks({"keys": [jwk, public(EC)]}).keys) == 1


@pytest.mark.parametrize("document", [{}, {"keys": {}}, {"keys": None}, {"keys": [{}] * 65}], ids=range(4))
def test_what_is_not_a_key_set_is_refused(document: Any) -> None:
    with pytest.raises(NotStrict):
        KeySet.from_jwks(document)


def test_without_a_kid_only_the_one_key_that_fits_is_tried() -> None:
    token = parse(encode({}, header={"alg": "ES256"}, key=EC))
    another = ECKey.generate_key("P-256")

    assert len(KeySet.from_jwks({"keys": [public(EC, kid="a"), public(RSA)]}).candidates(token)) == 1
    assert KeySet.from_jwks({"keys": [public(EC, kid="a"), public(another)]}).candidates(token) == ()


def test_two_keys_of_one_name_are_both_tried() -> None:
    token = parse(encode({}, header={"alg": "ES256", "kid": "a"}, key=EC))
    another = ECKey.generate_key("P-256")
    found = KeySet.from_jwks({"keys": [public(another, kid="a"), public(EC, kid="a")]}).candidates(token)

    assert [each.signed(token) for each in found] == [False, True]


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (EC, "ES256"),
        (ECKey.generate_key("P-384"), "ES384"),
        (ECKey.generate_key("P-521"), "ES512"),
        (OKPKey.generate_key("Ed25519"), "EdDSA"),
        (RSA, "RS256"),
    ],
)
def test_a_client_key_signs_with_what_it_is_for(key: Key, algorithm: str) -> None:
    mine = SigningKey.from_jwk(private(key, kid="mine"))
    token = parse(encode({"a": 1}, header={"alg": mine.algorithm}, key=mine.key))

    assert (mine.algorithm, mine.kid) == (algorithm, "mine")
    assert KeySet.from_jwks({"keys": [public(key)]}).candidates(token)[0].signed(token)


def test_a_client_key_may_name_its_algorithm() -> None:
    assert SigningKey.from_jwk(private(RSA, alg="PS384")).algorithm == "PS384"


@pytest.mark.parametrize(
    "jwk",
    [
        {},
        public(EC),
        OctKey.generate_key(256).as_dict(private=True),
        private(EC, alg="HS256"),
        private(EC, d="AAAA"),
        private(EC, kid=7),
    ],
    ids=range(6),
)
def test_a_client_key_that_cannot_sign_is_refused_without_being_quoted(jwk: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured) as no:
        SigningKey.from_jwk(jwk)

    for secret in (jwk.get("d"), jwk.get("k")):
        assert secret is None or secret not in str(no.value)


def test_a_client_key_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    path.write_text(json.dumps(private(EC)))
    assert SigningKey.from_file(path).algorithm == "ES256"

    for broken in ("", "-----BEGIN PRIVATE KEY-----", "[]"):
        path.write_text(broken)
        with pytest.raises(Misconfigured, match="not a JSON Web Key"):
            SigningKey.from_file(path)
    with pytest.raises(Misconfigured, match="No such file"):
        SigningKey.from_file(tmp_path / "none.json")
