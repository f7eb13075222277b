"""Reading public keys in JSON (RFC 7517, RFC 7518 section 6, RFC 8037), strictly.

Only numbers are taken from a JWK. Certificates and addresses in it (``x5c``, ``x5u``) are neither trusted
nor fetched. What a JWK says about itself (``use``, ``key_ops``, ``alg``) can only narrow what it may do.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from actas.core.claims import is_name
from actas.core.ports import Json
from actas.core.wire import VerifyingAlgorithm
from actas.crypto import base64url
from actas.crypto.signature import BadKey, VerifyingMaterial, WeakKey

ALGORITHMS: Final[tuple[VerifyingAlgorithm, ...]] = ("ES256", "ES384", "RS256", "PS256", "EdDSA")

PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
"""Members that no public key has."""

_CURVES: Final[dict[str, ec.EllipticCurve]] = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1()}
_CURVE_NAMES: Final = {"secp256r1": "P-256", "secp384r1": "P-384"}
# What each kind of key can be used for, most usual first.
_BY_KIND: Final[dict[tuple[str, str | None], tuple[VerifyingAlgorithm, ...]]] = {
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("RSA", None): ("RS256", "PS256"),
    ("OKP", "Ed25519"): ("EdDSA",),
}


def read_algorithm(jwk: Mapping[str, Json], *, allowed: Collection[str] | None) -> VerifyingAlgorithm:
    """Return the one algorithm that this key is for.

    That is the JWK's ``alg``; without one, what its type and curve imply. An RSA key that does not say is
    for RS256, and for PS256 only where RS256 is not allowed.

    Args:
        allowed: the algorithms the owner of the key may use, or None for all of ours.

    Raises:
        BadKey: there is none, or the key is not for verifying signatures.
        WeakKey: the key is symmetric, or on a curve that is not listed.
    """
    kty = jwk.get("kty")
    if kty == "oct":
        raise WeakKey("a symmetric key is no public key")
    if not PRIVATE.isdisjoint(jwk):
        raise BadKey("the key has private members; only its public half belongs here")
    if kty not in ("EC", "RSA", "OKP"):
        raise BadKey("the key type is missing or is not EC, RSA or OKP")
    curve = None if kty == "RSA" else jwk.get("crv")
    possible: tuple[VerifyingAlgorithm, ...] | None = _BY_KIND.get(
        (str(kty), None if curve is None else str(curve))
    )
    if possible is None:
        raise WeakKey("the curve is not P-256, P-384 or Ed25519")
    _require_use(jwk)
    if "alg" in jwk:
        possible = tuple(one for one in possible if jwk["alg"] == one)
        if not possible:
            raise BadKey("the alg of the key is not one that a key of its type and curve has here")
    if allowed is not None:
        possible = tuple(one for one in possible if one in allowed)
    if not possible:
        raise BadKey("the key is for an algorithm that is not allowed here")
    return possible[0]


def read_kid(jwk: Mapping[str, Json]) -> str | None:
    """Return ``kid``, or None when there is none.

    Raises:
        BadKey: it is there and is no name of at most 255 bytes.
    """
    if "kid" not in jwk:
        return None
    kid = jwk["kid"]
    if not isinstance(kid, str) or not is_name(kid):
        raise BadKey("the kid of the key is not a name of at most 255 bytes")
    return kid


def read_material(jwk: Mapping[str, Json]) -> VerifyingMaterial:
    """Return the key that the members of ``jwk`` describe. ``read_algorithm`` has passed.

    Raises:
        BadKey: a member is missing, misspelt or of the wrong length.
        WeakKey: the point is not on its curve.
    """
    kty = jwk.get("kty")
    if kty == "RSA":
        e, n = _octets(jwk, "e"), _octets(jwk, "n")
        try:
            return rsa.RSAPublicNumbers(int.from_bytes(e, "big"), int.from_bytes(n, "big")).public_key()
        except ValueError:
            raise WeakKey("the numbers are not those of an RSA key") from None
    if kty == "EC":
        curve = _CURVES[str(jwk["crv"])]
        x, y = _octets(jwk, "x"), _octets(jwk, "y")
        # RFC 7518 section 6.2.1.2: as many octets as the curve has, leading zeros included.
        if len(x) != curve.key_size // 8 or len(y) != curve.key_size // 8:
            raise BadKey("a coordinate of the key has the wrong length")
        try:
            return ec.EllipticCurvePublicKey.from_encoded_point(curve, b"\x04" + x + y)
        except ValueError:
            raise WeakKey("the point is not on its curve") from None
    x = _octets(jwk, "x")
    if len(x) != 32:
        raise BadKey("an Ed25519 key has 32 bytes")
    return ed25519.Ed25519PublicKey.from_public_bytes(x)


def members_of(material: VerifyingMaterial) -> dict[str, str]:
    """Return the public members of a key in their canonical spelling (RFC 7518 section 6, RFC 8037)."""
    if isinstance(material, rsa.RSAPublicKey):
        numbers = material.public_numbers()
        return {"kty": "RSA", "n": _spell(numbers.n), "e": _spell(numbers.e)}
    if isinstance(material, ec.EllipticCurvePublicKey):
        point = material.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:]
        x, y = point[: len(point) // 2], point[len(point) // 2 :]
        return {
            "kty": "EC",
            "crv": _CURVE_NAMES[material.curve.name],
            "x": base64url.encode(x).decode("ascii"),
            "y": base64url.encode(y).decode("ascii"),
        }
    raw = material.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return {"kty": "OKP", "crv": "Ed25519", "x": base64url.encode(raw).decode("ascii")}


def _require_use(jwk: Mapping[str, Json]) -> None:
    if "use" in jwk and jwk["use"] != "sig":
        raise BadKey("the use of the key is not sig")
    if "key_ops" in jwk:
        operations = jwk["key_ops"]
        if not isinstance(operations, list) or "verify" not in operations:
            raise BadKey("the key_ops of the key do not hold verify")


def _octets(jwk: Mapping[str, Json], name: str) -> bytes:
    value = jwk.get(name)
    if not isinstance(value, str) or not value.isascii():
        raise BadKey(f"the member {name} of the key is missing or is not base64url")
    try:
        octets = base64url.decode(value.encode("ascii"))
    except ValueError:
        raise BadKey(f"the member {name} of the key is not canonical base64url") from None
    if not octets:
        raise BadKey(f"the member {name} of the key is empty")
    return octets


def _spell(number: int) -> str:
    return base64url.encode(number.to_bytes((number.bit_length() + 7) // 8, "big")).decode("ascii")
