"""The name of a key that follows from the key itself (RFC 7638, and RFC 8037 section 2 for OKP)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

import msgspec

from actas.core.ports import Json
from actas.crypto import base64url

# The required members of each key type, in the order of RFC 7638 section 3.2.
_MEMBERS: Final[dict[str, tuple[str, ...]]] = {
    "EC": ("crv", "kty", "x", "y"),
    "OKP": ("crv", "kty", "x"),
    "RSA": ("e", "kty", "n"),
}


def thumbprint(jwk: Mapping[str, Json]) -> str:
    """Return the SHA-256 thumbprint of a public or private JWK, base64url, 43 characters.

    The members are taken as they are spelt; a JWK from outside is read by ``jwk`` first, which spells
    them canonically, so that one key has one thumbprint.

    Raises:
        ValueError: the key type is not one we handle, or a required member is missing or no string.
    """
    kty = jwk.get("kty")
    names = _MEMBERS.get(kty) if isinstance(kty, str) else None
    if names is None:
        raise ValueError("the key type has no thumbprint here")
    required = {name: jwk.get(name) for name in names}
    if not all(isinstance(value, str) for value in required.values()):
        raise ValueError("a required member of the key is missing or is not a string")
    return base64url.encode(hashlib.sha256(msgspec.json.encode(required)).digest()).decode("ascii")


def certificate_thumbprint(der: bytes) -> str:
    """Return the SHA-256 digest of a certificate in DER, base64url, 43 characters (RFC 8705 section 3.1)."""
    return base64url.encode(hashlib.sha256(der).digest()).decode("ascii")


def access_token_hash(token: str) -> str:
    """Return the SHA-256 digest of an access token, base64url: the ``ath`` of a proof (RFC 9449 section 4.1).

    A token that is not ASCII has none that a proof could name, and gets the digest of its UTF-8.
    """
    return base64url.encode(hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()).decode("ascii")
