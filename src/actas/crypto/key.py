"""Keys that are pinned to one algorithm. A token never chooses how its key is used (SEC-16).

Which key belongs to whom, and for what purpose, is known above: by the ring for ours, by the trust store
for those of issuers, by the registration for those of clients.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NoReturn, Self, final

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from actas.core.ports import Json, JsonObject
from actas.core.wire import SigningAlgorithm, VerifyingAlgorithm
from actas.crypto.jwk import members_of, read_algorithm, read_kid, read_material
from actas.crypto.signature import (
    SigningMaterial,
    VerifyingMaterial,
    generate,
    read_private,
    require_signing,
    require_strong,
    signer,
    signing_algorithm,
    verifier,
)
from actas.crypto.thumbprint import thumbprint


@final
class PublicKey:
    """A key that verifies signatures under exactly one algorithm.

    Made by ``from_jwk`` or taken from a ``PrivateKey``.

    Attributes:
        algorithm: the one algorithm it is for.
        kid: the ``kid`` of its JWK, or its thumbprint when the JWK has none.
        thumbprint: RFC 7638, SHA-256, base64url.
        verifies: whether the second argument is a signature over the first, both as bytes. Raises
            ``WeakKey`` when the key should not have come this far.
    """

    __slots__ = ("_members", "algorithm", "kid", "thumbprint", "verifies")

    def __init__(
        self, material: VerifyingMaterial, *, algorithm: VerifyingAlgorithm, kid: str | None = None
    ) -> None:
        self._members = members_of(material)
        self.algorithm: VerifyingAlgorithm = algorithm
        self.thumbprint = thumbprint({**self._members})
        self.kid = self.thumbprint if kid is None else kid
        self.verifies = verifier(algorithm, material)

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Json], *, algorithms: Collection[str] | None) -> Self:
        """Return the key that ``jwk`` describes.

        Args:
            algorithms: the algorithms that the key's owner may use, or None for all of ours. The key is
                pinned to its own ``alg``, else to what its type implies (``jwk.read_algorithm``).

        Raises:
            BadKey: it is no public key for verifying signatures, or not under an allowed algorithm.
            WeakKey: it is too weak: RSA below 2048 bits, an unlisted curve, an invalid point, symmetric.
        """
        algorithm = read_algorithm(jwk, allowed=algorithms)
        kid = read_kid(jwk)
        material = read_material(jwk)
        require_strong(algorithm, material)
        return cls(material, algorithm=algorithm, kid=kid)

    def jwk(self) -> JsonObject:
        """Return the JWK: public members, ``kid``, ``alg`` and ``use``, nothing else (SEC-92)."""
        return {**self._members, "kid": self.kid, "alg": self.algorithm, "use": "sig"}

    def __repr__(self) -> str:
        return f"PublicKey(kid={self.kid!r}, algorithm={self.algorithm!r})"


@final
class PrivateKey:
    """A key that signs. It prints nothing of itself and is not pickled.

    Attributes:
        algorithm: the one algorithm it signs with, which follows from its type.
        public: its public half.
        kid: its thumbprint, so that two nodes name one key alike.
        sign: returns the signature over bytes, in the form RFC 7518 section 3 gives it.
    """

    __slots__ = ("_material", "algorithm", "kid", "public", "sign")

    def __init__(self, material: SigningMaterial) -> None:
        self._material = material
        self.algorithm: SigningAlgorithm = signing_algorithm(material)
        require_strong(self.algorithm, material.public_key())
        self.public = PublicKey(material.public_key(), algorithm=self.algorithm)
        self.kid = self.public.kid
        self.sign = signer(material)

    @classmethod
    def generate(cls, algorithm: SigningAlgorithm) -> Self:
        """Return a new key: P-256 for ES256, RSA of 2048 bits for RS256, Ed25519 for EdDSA."""
        return cls(generate(algorithm))

    @classmethod
    def from_bytes(cls, der: bytes) -> Self:
        """Return the key that ``to_bytes`` wrote.

        Raises:
            BadKey: it is not an unencrypted PKCS#8 key of a type that signs here.
            WeakKey: it is too weak.
        """
        return cls(require_signing(read_private(der)))

    def to_bytes(self) -> bytes:
        """Return the key as PKCS#8 in DER, unencrypted: for sealing, and for nothing else."""
        return self._material.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())

    def __repr__(self) -> str:
        return f"PrivateKey(kid={self.kid!r}, algorithm={self.algorithm!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a private key is not pickled")
