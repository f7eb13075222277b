"""Private JWKs are read and written; nothing weaker than what signs here is accepted."""

from __future__ import annotations

from typing import Any

import pytest

from actas.crypto import jose
from actas.crypto.private_jwk import private_jwk, read_private_jwk


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "EdDSA"])
def test_a_key_that_was_written_signs_when_it_is_read(algorithm: Any) -> None:
    key = jose.PrivateKey.generate(algorithm)
    again = read_private_jwk(private_jwk(key))
    assert again.public.jwk() == key.public.jwk()
    assert key.public.verifies(b"text", again.sign(b"text"))


@pytest.mark.parametrize(
    "jwk",
    [
        {},
        {"kty": "oct", "k": "AAAA"},
        jose.PrivateKey.generate("ES256").public.jwk(),
        {**private_jwk(jose.PrivateKey.generate("ES256")), "x": "AAAA"},
        {"kty": "EC", "crv": "P-256", "d": 1},
    ],
)
def test_anything_else_is_refused(jwk: dict[str, Any]) -> None:
    with pytest.raises(jose.BadKey):
        read_private_jwk(jwk)
