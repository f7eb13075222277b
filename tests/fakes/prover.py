"""Whoever proves to hold a key, made without the product's own code: good proofs, and every other kind."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
from dataclasses import dataclass, field
from typing import Any, Final

from tests.fakes.forge import SigningKey, b64, forge
from tests.fakes.house import ISSUER, NOW

TOKEN: Final = f"{ISSUER}/token"

_numbers = itertools.count(1)
_REQUIRED: Final = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n"), "OKP": ("crv", "kty", "x")}


@dataclass(frozen=True, slots=True)
class Prover:
    """A key, and proofs made with it."""

    key: SigningKey = field(default_factory=SigningKey.generate)

    @property
    def public(self) -> dict[str, Any]:
        """The public members of the key, and no others."""
        jwk = self.key.jwk()
        return {name: jwk[name] for name in _REQUIRED[jwk["kty"]]}

    @property
    def jkt(self) -> str:
        """RFC 7638."""
        text = json.dumps(self.public, separators=(",", ":"), sort_keys=True)
        return b64(hashlib.sha256(text.encode()).digest())

    def proof(
        self,
        *,
        header: dict[str, Any] | None = None,
        signed_by: SigningKey | bytes | None = None,
        alg: str | None = None,
        **claims: Any,
    ) -> str:
        """Return a proof for one token request; what is given as ``...`` is left out."""
        said = {"jti": f"proof-{next(_numbers)}", "htm": "POST", "htu": TOKEN, "iat": NOW, **claims}
        return forge(
            {name: value for name, value in said.items() if value is not ...},
            key=signed_by or self.key,
            alg=alg or self.key.algorithm,
            headers={"typ": "dpop+jwt", "kid": ..., "jwk": self.public, **(header or {})},
        )


def x5t(certificate: bytes) -> str:
    """RFC 8705 section 3.1."""
    return base64.urlsafe_b64encode(hashlib.sha256(certificate).digest()).rstrip(b"=").decode()
