"""DPoP proofs (RFC 9449) of a client, made without the server's own code."""

from __future__ import annotations

import base64
import secrets
import time

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from actas.core.secret import Secret
from bench.company import ISSUER


class Proofs:
    """Makes proofs with one key, as a client does."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        numbers = self._key.public_key().public_numbers()
        jwk = {
            "kty": "EC",
            "crv": "P-256",
            **{name: _b64(getattr(numbers, name).to_bytes(32)) for name in "xy"},
        }
        self._header = _b64(msgspec.json.encode({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk}))

    def make(self, count: int) -> list[Secret]:
        """Return ``count`` proofs for requests to the token endpoint now."""
        return [self._make() for _ in range(count)]

    def _make(self) -> Secret:
        said = {
            "jti": secrets.token_urlsafe(16),
            "htm": "POST",
            "htu": f"{ISSUER}/token",
            "iat": int(time.time()),
        }
        text = f"{self._header}.{_b64(msgspec.json.encode(said))}"
        r, s = decode_dss_signature(self._key.sign(text.encode("ascii"), ec.ECDSA(hashes.SHA256())))
        return Secret(f"{text}.{_b64(r.to_bytes(32) + s.to_bytes(32))}")


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")
