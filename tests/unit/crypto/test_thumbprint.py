"""Thumbprints of keys; the examples of RFC 7638 and RFC 8037 are in ``test_rfc_vectors``."""

from __future__ import annotations

import pytest
from joserfc import jwk as reference
from tests.fakes.forge import Algorithm, SigningKey

from actas.core.ports import Json
from actas.crypto.jose import PublicKey
from actas.crypto.thumbprint import thumbprint


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "RS256", "EdDSA"])
def test_thumbprints_agree_with_another_implementation(algorithm: Algorithm) -> None:
    signing = SigningKey.generate(algorithm)
    expected = reference.import_key(signing.jwk()).thumbprint()
    assert thumbprint(signing.jwk()) == expected
    assert PublicKey.from_jwk(signing.jwk(), algorithms=None).thumbprint == expected


def test_only_what_makes_the_key_counts() -> None:
    signing = SigningKey.generate("ES256")
    assert thumbprint(signing.jwk()) == thumbprint(signing.jwk(kid="other", use=..., alg=...))
    assert thumbprint(signing.private_jwk()) == thumbprint(signing.jwk())


@pytest.mark.parametrize(
    "jwk",
    [
        {},
        {"kty": None},
        {"kty": ["EC"]},
        {"kty": "oct", "k": "AA"},
        {"kty": "EC", "crv": "P-256"},
        {"kty": "RSA", "n": 1, "e": "AQAB"},
    ],
)
def test_a_key_without_its_required_members_has_no_thumbprint(jwk: dict[str, Json]) -> None:
    with pytest.raises(ValueError, match="key"):
        thumbprint(jwk)
