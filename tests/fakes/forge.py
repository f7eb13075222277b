"""Keys and tokens of every kind, right and wrong, made without the product's own code."""

from __future__ import annotations

import base64
import functools
import hashlib
import hmac
import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

Algorithm = Literal["ES256", "ES384", "RS256", "PS256", "EdDSA"]
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

_CURVES: Final[Mapping[str, tuple[ec.EllipticCurve, str, int, hashes.HashAlgorithm]]] = {
    "ES256": (ec.SECP256R1(), "P-256", 32, hashes.SHA256()),
    "ES384": (ec.SECP384R1(), "P-384", 48, hashes.SHA384()),
}
_HMAC: Final = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}
_numbers = itertools.count(1)


def b64(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


@functools.cache
def _rsa(slot: int) -> rsa.RSAPrivateKey:
    """RSA keys are slow to make, so the n-th one is the same in every test."""
    del slot
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key of a hostile issuer.

    Attributes:
        kid: as published; None publishes none.
    """

    algorithm: Algorithm
    kid: str | None
    private: PrivateKey

    @classmethod
    def generate(cls, algorithm: Algorithm = "ES256", *, kid: str | None = "", slot: int = 0) -> SigningKey:
        """Make a key.

        Args:
            kid: empty for a fresh one, None for none.
            slot: which of the remembered RSA keys to use.
        """
        private: PrivateKey
        if algorithm in _CURVES:
            private = ec.generate_private_key(_CURVES[algorithm][0])
        elif algorithm == "EdDSA":
            private = ed25519.Ed25519PrivateKey.generate()
        else:
            private = _rsa(slot)
        return cls(algorithm, f"key-{next(_numbers)}" if kid == "" else kid, private)

    def named(self, kid: str | None) -> SigningKey:
        """The same key under another ``kid``."""
        return replace(self, kid=kid)

    def jwk(self, **members: Any) -> dict[str, Any]:
        """Return the public JWK; ``members`` are added, and those given as ``...`` left out."""
        found: dict[str, Any] = {"alg": self.algorithm, "use": "sig", **self._public(), **members}
        if self.kid is not None:
            found.setdefault("kid", self.kid)
        return {name: value for name, value in found.items() if value is not ...}

    def private_jwk(self) -> dict[str, Any]:
        """Return a JWK that gives the private key away."""
        private = self.private
        if isinstance(private, ec.EllipticCurvePrivateKey):
            size = _CURVES[self.algorithm][2]
            return self.jwk(d=b64(private.private_numbers().private_value.to_bytes(size, "big")))
        if isinstance(private, ed25519.Ed25519PrivateKey):
            return self.jwk(d=b64(private.private_bytes_raw()))
        return self.jwk(d=_uint(private.private_numbers().d))

    def pem(self) -> bytes:
        """Return the public key as PEM: what an HMAC confusion attack uses as its secret."""
        return self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, data: bytes) -> bytes:
        """Return the JWS signature over ``data``."""
        private = self.private
        if isinstance(private, ed25519.Ed25519PrivateKey):
            return private.sign(data)
        if isinstance(private, ec.EllipticCurvePrivateKey):
            _, _, size, digest = _CURVES[self.algorithm]
            r, s = utils.decode_dss_signature(private.sign(data, ec.ECDSA(digest)))
            return r.to_bytes(size, "big") + s.to_bytes(size, "big")
        if self.algorithm == "PS256":
            pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
            return private.sign(data, pss, hashes.SHA256())
        return private.sign(data, padding.PKCS1v15(), hashes.SHA256())

    def _public(self) -> dict[str, Any]:
        public = self.private.public_key()
        if isinstance(public, ed25519.Ed25519PublicKey):
            return {"kty": "OKP", "crv": "Ed25519", "x": b64(public.public_bytes_raw())}
        if isinstance(public, rsa.RSAPublicKey):
            numbers = public.public_numbers()
            return {"kty": "RSA", "n": _uint(numbers.n), "e": _uint(numbers.e)}
        _, curve, size, _ = _CURVES[self.algorithm]
        point = public.public_numbers()
        return {
            "kty": "EC",
            "crv": curve,
            "x": b64(point.x.to_bytes(size, "big")),
            "y": b64(point.y.to_bytes(size, "big")),
        }


def forge(
    claims: Mapping[str, Any] | bytes,
    *,
    key: SigningKey | bytes,
    alg: str | None = None,
    headers: Mapping[str, Any] | bytes | None = None,
) -> str:
    """Return a compact JWS over anything, signed by anything.

    Args:
        claims: claims, or the payload's very bytes (duplicate members, ``NaN``).
        key: a key, or the bytes of an HMAC secret.
        alg: what the header says, and for ``none`` and ``HS...`` what is done. The key's own when left
            out. ``HS256`` with a key signs with the PEM of its public half.
        headers: added to the header, ``...`` leaves a member out; or the header's very bytes.
    """
    named = alg or (key.algorithm if isinstance(key, SigningKey) else "HS256")
    if isinstance(headers, bytes):
        head = headers
    else:
        kid = key.kid if isinstance(key, SigningKey) else None
        members: dict[str, Any] = {"alg": named, "typ": "JWT", **({} if kid is None else {"kid": kid})}
        members.update(headers or {})
        head = json.dumps({name: value for name, value in members.items() if value is not ...}).encode()
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    data = f"{b64(head)}.{b64(payload)}"
    return f"{data}.{b64(_signature(data.encode('ascii'), key, named))}"


def _signature(data: bytes, key: SigningKey | bytes, alg: str) -> bytes:
    if alg.lower() == "none":
        return b""
    if alg in _HMAC:
        secret = key if isinstance(key, bytes) else key.pem()
        return hmac.new(secret, data, _HMAC[alg]).digest()
    if isinstance(key, bytes):
        return key
    return key.sign(data)


def _uint(value: int) -> str:
    return b64(value.to_bytes((value.bit_length() + 7) // 8, "big"))
