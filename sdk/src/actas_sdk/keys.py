"""Public keys of an issuer, each pinned to the algorithms it is for; and the private key of a client."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key

from actas_sdk.errors import Misconfigured
from actas_sdk.jws import ASYMMETRIC, UnverifiedJws, decode_base64url, signature_holds
from actas_sdk.strict_json import Json, JsonObject, NotStrict, parse_object, text, text_or_none

__all__ = ["KeySet", "SigningKey", "VerifyingKey", "verifying_key"]

_BY_CURVE: Final[dict[tuple[str, str], frozenset[str]]] = {
    ("EC", "P-256"): frozenset({"ES256"}),
    ("EC", "P-384"): frozenset({"ES384"}),
    ("EC", "P-521"): frozenset({"ES512"}),
    ("OKP", "Ed25519"): frozenset({"EdDSA", "Ed25519"}),
}
_RSA: Final = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_PRIVATE: Final = ("d", "p", "q", "dp", "dq", "qi", "oth", "k")
_PREFERRED: Final[tuple[str, ...]] = ("ES256", "ES384", "ES512", "EdDSA", "RS256")
_MOST_KEYS: Final = 64
_RSA_BITS: Final = range(2048, 8193)
"""Fewer can be broken; more make every check a denial of service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyingKey:
    """A public key and the only algorithms it may be used with.

    The algorithm comes from the key, so a token cannot choose how it is checked (RFC 8725 section 3.1).
    """

    kid: str | None
    algorithms: frozenset[str]
    key: Key = field(repr=False)

    def signed(self, jws: UnverifiedJws) -> bool:
        """Say whether this key made the signature of ``jws``."""
        return jws.algorithm in self.algorithms and signature_holds(jws, self.key)


@dataclass(frozen=True, slots=True)
class KeySet:
    """The usable keys of a JWK set (RFC 7517 section 5)."""

    keys: tuple[VerifyingKey, ...] = ()

    @classmethod
    def from_jwks(cls, document: Mapping[str, Json]) -> KeySet:
        """Return the keys that can check a signature; the others are left out (RFC 7517 section 5).

        Raises:
            NotStrict: ``keys`` is not a list, or is longer than any set we would believe.
        """
        listed = document.get("keys")
        if not isinstance(listed, list) or len(listed) > _MOST_KEYS:
            raise NotStrict("keys is missing, too long or not a list")
        found = (verifying_key(each) for each in listed if isinstance(each, dict))
        return cls(tuple(key for key in found if key is not None))

    def candidates(self, jws: UnverifiedJws) -> tuple[VerifyingKey, ...]:
        """Return the keys that may have signed ``jws``: by ``kid``, else the only one that fits."""
        fitting = [each for each in self.keys if jws.algorithm in each.algorithms]
        if jws.kid is not None:
            return tuple(each for each in fitting if each.kid == jws.kid)
        # Without a kid a guess is allowed only where there is nothing to guess.
        return tuple(fitting) if len(fitting) == 1 else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """A client's private key: for ``private_key_jwt`` (RFC 7523), or for proofs (RFC 9449)."""

    kid: str | None
    algorithm: str
    key: Key = field(repr=False)

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Json]) -> SigningKey:
        """Read a private JWK.

        Raises:
            Misconfigured: it is not a private EC, OKP or RSA key that can sign. The message never
                quotes it.
        """
        try:
            algorithms = _algorithms(jwk)
            kid = text_or_none(jwk, "kid", longest=512)
        except NotStrict as fault:
            raise Misconfigured(f"the private key cannot be read: {fault}") from None
        key = _imported(jwk) if "d" in jwk and algorithms else None
        if key is None:
            raise Misconfigured("the key is not a private EC, OKP or RSA signing key")
        usual = (each for each in _PREFERRED if each in algorithms)
        return cls(kid=kid, algorithm=next(usual, min(algorithms)), key=key)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> SigningKey:
        """Read a private JWK from a JSON file.

        Raises:
            Misconfigured: the file cannot be read, or is not such a key.
        """
        try:
            document = parse_object(Path(path).read_bytes())
        except OSError as fault:
            raise Misconfigured(f"the key file cannot be read: {fault.strerror}") from None
        except NotStrict:
            raise Misconfigured("the key file is not a JSON Web Key") from None
        return cls.from_jwk(document)


def verifying_key(jwk: JsonObject) -> VerifyingKey | None:
    """Return a key that checks signatures, or None for one that is for something else or unsafe."""
    try:
        algorithms = _algorithms(jwk)
        kid = text_or_none(jwk, "kid", longest=512)
        use = text_or_none(jwk, "use")
    except NotStrict:
        return None
    operations = jwk.get("key_ops")
    for_signatures = use in {None, "sig"} and (
        operations is None or (isinstance(operations, list) and "verify" in operations)
    )
    # A private key that was published is known to everybody and proves nothing.
    if not algorithms or not for_signatures or any(name in jwk for name in _PRIVATE):
        return None
    key = _imported(jwk)
    return None if key is None else VerifyingKey(kid=kid, algorithms=algorithms, key=key)


def _algorithms(jwk: Mapping[str, Json]) -> frozenset[str]:
    """Return what the key may be used with: by its type and curve, and by its ``alg`` when it says so.

    Raises:
        NotStrict: a member is not text, or an RSA modulus is too small or too large.
    """
    kind = text(jwk, "kty", longest=16)
    if kind == "RSA":
        modulus = int.from_bytes(decode_base64url(text(jwk, "n", longest=4096)), "big")
        if modulus.bit_length() not in _RSA_BITS:
            raise NotStrict("n is too small or too large")
        possible = _RSA
    else:
        possible = _BY_CURVE.get((kind, text_or_none(jwk, "crv", longest=16) or ""), frozenset[str]())
    named = text_or_none(jwk, "alg", longest=16)
    return (possible if named is None else possible & {named}) & ASYMMETRIC


def _imported(jwk: Mapping[str, Json]) -> Key | None:
    # Only the members that make the key: the rest of the document is the issuer's to fill, and a
    # library must not act on it.
    members = {
        name: value
        for name, value in jwk.items()
        if isinstance(value, str) and name in {"kty", "crv", "x", "y", "n", "e", *_PRIVATE}
    }
    try:
        return JWKRegistry.import_key(cast("dict[str, str | list[str]]", members))
    except (JoseError, ValueError, TypeError, KeyError):
        return None
