"""The signature algorithms of RFC 7518 and RFC 8037 that we use, over the primitives.

Owns: which algorithms exist here, what strength a key must have for them, and the exact form of a
signature. ``none`` and the symmetric algorithms are not here, and nothing here is chosen by a token.

A key's strength is looked at when the key is read (``require_strong``) and once more each time it
verifies, so that a key put past the first look is refused all the same (SEC-17).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_private_key

from actas.core.wire import SigningAlgorithm, VerifyingAlgorithm
from actas.crypto.edwards import is_usable_point

VerifyingMaterial = ec.EllipticCurvePublicKey | rsa.RSAPublicKey | ed25519.Ed25519PublicKey
SigningMaterial = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

Verifier = Callable[[bytes, bytes], bool]
"""Whether the second argument is a signature over the first. Raises ``WeakKey``."""

Signer = Callable[[bytes], bytes]
"""Returns the signature over its argument, in the form RFC 7518 section 3 gives it."""

MIN_RSA_BITS: Final = 2048
MAX_RSA_BITS: Final = 8192  # a longer modulus is a way to keep us busy
MIN_RSA_EXPONENT: Final = 65_537
MAX_RSA_EXPONENT: Final = 2**32
_ED25519_BYTES: Final = 64


class BadKey(ValueError):
    """A key is not one we can use. The message says why and is safe to show to an administrator."""


class WeakKey(BadKey):
    """A key is too weak, or on a curve that is not listed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ecdsa:
    curve: str
    bits: int
    hashing: ec.ECDSA

    @property
    def size(self) -> int:
        return self.bits // 8


_ECDSA: Final[dict[str, _Ecdsa]] = {
    "ES256": _Ecdsa(curve="secp256r1", bits=256, hashing=ec.ECDSA(hashes.SHA256())),
    "ES384": _Ecdsa(curve="secp384r1", bits=384, hashing=ec.ECDSA(hashes.SHA384())),
}
_SHA256: Final = hashes.SHA256()
# RFC 7518 section 3.5: the salt is as long as the digest, and no other length verifies.
_RSA_PADDING: Final[dict[str, padding.AsymmetricPadding]] = {
    "RS256": padding.PKCS1v15(),
    "PS256": padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.DIGEST_LENGTH),
}


def require_strong(algorithm: VerifyingAlgorithm, material: VerifyingMaterial) -> None:
    """Refuse a key that is too weak for ``algorithm`` or of another kind.

    Raises:
        WeakKey: a short or odd RSA modulus, a small exponent, another curve, a point of small order.
        BadKey: the key is of another type.
    """
    if isinstance(material, ec.EllipticCurvePublicKey) and algorithm in _ECDSA:
        if material.curve.name != _ECDSA[algorithm].curve:
            raise WeakKey(f"{algorithm} needs another curve")
    elif isinstance(material, rsa.RSAPublicKey) and algorithm in _RSA_PADDING:
        _require_strong_rsa(material)
    elif isinstance(material, ed25519.Ed25519PublicKey) and algorithm == "EdDSA":
        if not is_usable_point(material.public_bytes(Encoding.Raw, PublicFormat.Raw)):
            raise WeakKey("the Ed25519 key is not a point of large order")
    else:
        raise BadKey(f"the key is not of the type that {algorithm} needs")


def _require_strong_rsa(material: rsa.RSAPublicKey) -> None:
    numbers = material.public_numbers()
    if not MIN_RSA_BITS <= material.key_size <= MAX_RSA_BITS:
        raise WeakKey(f"an RSA key must have {MIN_RSA_BITS} to {MAX_RSA_BITS} bits")
    if not numbers.n & 1 or not numbers.e & 1:
        raise WeakKey("the RSA modulus and exponent must be odd")
    if not MIN_RSA_EXPONENT <= numbers.e <= MAX_RSA_EXPONENT:
        raise WeakKey(f"the RSA exponent must be between {MIN_RSA_EXPONENT} and {MAX_RSA_EXPONENT}")


def verifier(algorithm: VerifyingAlgorithm, material: VerifyingMaterial) -> Verifier:
    """Return the check of signatures by this key under this one algorithm.

    Raises:
        BadKey: the key is of another type. Its strength is looked at by what is returned.
    """
    if isinstance(material, ec.EllipticCurvePublicKey) and algorithm in _ECDSA:
        return _ecdsa_verifier(_ECDSA[algorithm], material)
    if isinstance(material, rsa.RSAPublicKey) and algorithm in _RSA_PADDING:
        return _rsa_verifier(_RSA_PADDING[algorithm], material)
    if isinstance(material, ed25519.Ed25519PublicKey) and algorithm == "EdDSA":
        return _ed25519_verifier(material)
    raise BadKey(f"the key is not of the type that {algorithm} needs")


def _ecdsa_verifier(kind: _Ecdsa, key: ec.EllipticCurvePublicKey) -> Verifier:
    size, bits, hashing = kind.size, kind.bits, kind.hashing

    def verifies(data: bytes, signature: bytes) -> bool:
        if key.key_size != bits:
            raise WeakKey("the key is on another curve")
        # RFC 7518 section 3.4: R and S at full length, side by side; the DER form has no place in a JWS.
        if len(signature) != 2 * size:
            return False
        r, s = int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
        try:
            key.verify(encode_dss_signature(r, s), data, hashing)
        except InvalidSignature:
            return False
        return True

    return verifies


def _rsa_verifier(pad: padding.AsymmetricPadding, key: rsa.RSAPublicKey) -> Verifier:
    size = (key.key_size + 7) // 8

    def verifies(data: bytes, signature: bytes) -> bool:
        if not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
            raise WeakKey("the RSA key is of another size than we use")
        if len(signature) != size:
            return False
        try:
            key.verify(signature, data, pad, _SHA256)
        except InvalidSignature:
            return False
        return True

    return verifies


def _ed25519_verifier(key: ed25519.Ed25519PublicKey) -> Verifier:
    usable = is_usable_point(key.public_bytes(Encoding.Raw, PublicFormat.Raw))

    def verifies(data: bytes, signature: bytes) -> bool:
        if not usable:
            raise WeakKey("the Ed25519 key is not a point of large order")
        if len(signature) != _ED25519_BYTES:
            return False
        try:
            key.verify(signature, data)
        except InvalidSignature:
            return False
        return True

    return verifies


def generate(algorithm: SigningAlgorithm) -> SigningMaterial:
    """Return a new key for ``algorithm``, from the system's randomness."""
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    if algorithm == "RS256":
        return rsa.generate_private_key(public_exponent=MIN_RSA_EXPONENT, key_size=MIN_RSA_BITS)
    return ed25519.Ed25519PrivateKey.generate()


def read_private(der: bytes) -> object:
    """Return the private key that is written as unencrypted PKCS#8 in DER, of whatever type.

    Raises:
        BadKey: it is none.
    """
    try:
        return load_der_private_key(der, password=None)
    except (ValueError, TypeError):
        raise BadKey("the private key cannot be read") from None


def require_signing(material: object) -> SigningMaterial:
    """Return ``material`` when it is of a type that signs here.

    Raises:
        BadKey: it is not.
    """
    if isinstance(material, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey):
        return material
    raise BadKey("the key is of a type that signs nothing here")


def signing_algorithm(material: SigningMaterial) -> SigningAlgorithm:
    """Return the one algorithm that a key of this type signs with."""
    if isinstance(material, ec.EllipticCurvePrivateKey):
        return "ES256"
    return "RS256" if isinstance(material, rsa.RSAPrivateKey) else "EdDSA"


def signer(material: SigningMaterial) -> Signer:
    """Return what signs with this key. The key has passed ``require_strong``."""
    if isinstance(material, ec.EllipticCurvePrivateKey):
        return _ecdsa_signer(material)
    if isinstance(material, rsa.RSAPrivateKey):
        pad = padding.PKCS1v15()
        return lambda data: material.sign(data, pad, _SHA256)
    return material.sign


def _ecdsa_signer(key: ec.EllipticCurvePrivateKey) -> Signer:
    size, hashing = _ECDSA["ES256"].size, _ECDSA["ES256"].hashing

    def sign(data: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(data, hashing))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")

    return sign
