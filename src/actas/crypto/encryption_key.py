"""Keys that JWTs are encrypted to, and keys that decrypt them (RFC 7516, RFC 7518 sections 4 and 5).

Each of ours is pinned to one algorithm, as keys that sign are: what a token says of itself never chooses how
a key is used (SEC-16), and a key of one kind is not read as one of the other (SEC-91). What comes in was
taken apart by ``jwe`` already. The work itself is joserfc's, of which this module and ``private_jwk`` are the
importers.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import suppress
from typing import Final, NoReturn, Self, cast, final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from actas.core.errors import BadToken
from actas.core.ports import Json, JsonObject
from actas.core.wire import ContentEncryption, EncryptionAlgorithm, RecipientAlgorithm
from actas.crypto.jwe import CONTENT, Encrypted
from actas.crypto.jwk import PRIVATE, members_of, read_kid, read_material
from actas.crypto.signature import BadKey, WeakKey, read_private, require_strong
from actas.crypto.thumbprint import thumbprint

_Public = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
_Private = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

ENCRYPTION_ALGORITHMS: Final[tuple[EncryptionAlgorithm, ...]] = ("ECDH-ES+A256KW", "RSA-OAEP-256")
"""Those of our keys."""

_REACHING: Final[dict[str, tuple[RecipientAlgorithm, ...]]] = {
    "EC": ("ECDH-ES+A256KW", "ECDH-ES+A128KW", "ECDH-ES"),
    "RSA": ("RSA-OAEP-256",),
}
CONTENTS: Final[tuple[ContentEncryption, ...]] = ("A256GCM", "A128GCM", "A256CBC-HS512", "A128CBC-HS256")
"""What content is encrypted with for others, the preferred first; for us with fewer (``jwe.CONTENT``)."""

_OPERATIONS: Final = frozenset({"encrypt", "wrapKey", "deriveKey", "deriveBits"})
_WRAPPING_ADDS: Final = 8  # RFC 3394: a wrapped key has so many bytes more
_UNREADABLE: Final = "it cannot be decrypted: it was changed, cut off, or encrypted to another key"


@final
class EncryptingKey:
    """A public key of a server, to which tokens for it are encrypted.

    Attributes:
        kid: what that server calls it.
        algorithms: those by which it may be reached, the preferred first.
        thumbprint: RFC 7638, SHA-256, base64url.
    """

    __slots__ = ("_key", "_members", "algorithms", "kid", "thumbprint")

    def __init__(
        self, material: _Public, *, algorithms: tuple[RecipientAlgorithm, ...], kid: str | None = None
    ) -> None:
        self._members = members_of(material)
        self.thumbprint = thumbprint({**self._members})
        self.algorithms = algorithms
        self.kid = self.thumbprint if kid is None else kid
        self._key = _imported({**self._members})

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Json]) -> Self:
        """Return the key that ``jwk`` describes.

        Raises:
            BadKey: it is no public key that is for encryption (``use``), has no ``kid``, or is for algorithms
                that are not used here.
            WeakKey: it is too weak: RSA below 2048 bits, an unlisted curve, an invalid point, symmetric.
        """
        kty = jwk.get("kty")
        if kty == "oct":
            raise WeakKey("a symmetric key is no public key")
        if not PRIVATE.isdisjoint(jwk):
            raise BadKey("the key has private members; only its public half belongs here")
        if jwk.get("use") != "enc":
            raise BadKey("the use of the key is not enc")
        operations = jwk.get("key_ops", ["encrypt"])
        if not isinstance(operations, list) or _OPERATIONS.isdisjoint(map(str, operations)):
            raise BadKey("the key_ops of the key hold nothing by which one encrypts")
        reached = _REACHING.get(str(kty), ())
        algorithms: list[RecipientAlgorithm] = [one for one in reached if jwk.get("alg", one) == one]
        if not algorithms:
            raise BadKey("the key is of a type, or for an algorithm, that is not used here")
        if kty == "EC" and jwk.get("crv") not in ("P-256", "P-384"):
            raise WeakKey("the curve is not P-256 or P-384")
        kid = read_kid(jwk)
        if kid is None:
            raise BadKey("the key has no kid, by which a token says which key it is for")
        material = read_material(jwk)
        if isinstance(material, rsa.RSAPublicKey):
            require_strong("RS256", material)
        return cls(cast("_Public", material), algorithms=tuple(algorithms), kid=kid)

    def encrypt(
        self, token: str, *, typ: str, algorithm: RecipientAlgorithm, content: ContentEncryption
    ) -> str:
        """Return a signed token encrypted to this key (RFC 7519 section 5.2).

        Args:
            typ: what the whole says that it is, as the token in it does.

        Raises:
            ValueError: ``algorithm`` is none of this key's.
        """
        if algorithm not in self.algorithms:
            raise ValueError("the key is not for that algorithm")
        header = {"alg": algorithm, "enc": content, "kid": self.kid, "typ": typ, "cty": "JWT"}
        registry = jwe.JWERegistry(algorithms=[algorithm, content])
        return jwe.encrypt_compact(header, token, self._key, registry=registry)

    def jwk(self) -> JsonObject:
        """Return the JWK: public members, ``kid``, ``use``, and ``alg`` where there is one only (SEC-92)."""
        one = {"alg": self.algorithms[0]} if len(self.algorithms) == 1 else {}
        return {**self._members, "kid": self.kid, **one, "use": "enc"}

    def __repr__(self) -> str:
        return f"EncryptingKey(kid={self.kid!r}, algorithms={self.algorithms!r})"


@final
class DecryptingKey:
    """A key that decrypts, and does nothing else. It prints nothing of itself and is not pickled.

    Attributes:
        algorithm: the one algorithm by which it is reached, which follows from its type.
        public: its public half.
        kid: its thumbprint, so that two nodes name one key alike.
    """

    __slots__ = ("_key", "_material", "_registry", "_size", "algorithm", "kid", "public")

    def __init__(self, material: _Private) -> None:
        self._material = material
        self.algorithm: EncryptionAlgorithm = (
            "ECDH-ES+A256KW" if isinstance(material, ec.EllipticCurvePrivateKey) else "RSA-OAEP-256"
        )
        self._size = material.key_size // 8
        public = material.public_key()
        require_strong("ES256" if isinstance(public, ec.EllipticCurvePublicKey) else "RS256", public)
        self.public = EncryptingKey(public, algorithms=(self.algorithm,))
        self.kid = self.public.kid
        self._key = _imported(material)
        # What may be done is said here; a token that names anything else meets nothing that does it. Members
        # without a meaning are passed over, as RFC 7516 section 4 has it: those with one were looked at.
        allowed = [self.algorithm, *(str(one) for one in CONTENT)]
        self._registry = jwe.JWERegistry(algorithms=allowed, strict_check_header=False)

    @classmethod
    def generate(cls, algorithm: EncryptionAlgorithm) -> Self:
        """Return a new key: P-256 for ECDH-ES, RSA of 2048 bits for RSA-OAEP."""
        if algorithm == "RSA-OAEP-256":
            return cls(rsa.generate_private_key(public_exponent=65_537, key_size=2048))
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def from_bytes(cls, der: bytes) -> Self:
        """Return the key that ``to_bytes`` wrote.

        Raises:
            BadKey: it is not an unencrypted PKCS#8 key of a type that decrypts here.
            WeakKey: it is too weak.
        """
        material = read_private(der)
        if not isinstance(material, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
            raise BadKey("the key is of a type that decrypts nothing here")
        return cls(material)

    def to_bytes(self) -> bytes:
        """Return the key as PKCS#8 in DER, unencrypted: for sealing, and for nothing else."""
        return self._material.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())

    def decrypt(self, token: Encrypted) -> str:
        """Return what is in a token that was encrypted to this key. It proves nothing of who did that.

        What goes wrong with the key of the content costs as much as what goes wrong with the content, and is
        told alike, so that nobody learns which it was (RFC 7516 section 11.5).

        Raises:
            BadToken: it cannot be decrypted, by this key and its algorithm.
        """
        header = token.header
        if header.algorithm != self.algorithm:
            raise BadToken("the alg of the encrypted token is not the one of the key that its kid names")
        wrapped = self._size if self.algorithm == "RSA-OAEP-256" else CONTENT[header.content] + _WRAPPING_ADDS
        if len(token.wrapped) != wrapped:
            raise BadToken("the wrapped key of the encrypted token does not have the length of one")
        if self.algorithm != "RSA-OAEP-256":
            _require_usable(header.members.get("epk"))
        try:
            content = jwe.decrypt_compact(token.text, self._key, registry=self._registry).plaintext
            return (content or b"").decode("ascii")
        except (JoseError, ValueError, TypeError, AssertionError) as failed:
            if not isinstance(failed.__cause__, InvalidTag):
                _spend(token)
            raise BadToken(_UNREADABLE) from None

    def __repr__(self) -> str:
        return f"DecryptingKey(kid={self.kid!r}, algorithm={self.algorithm!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a private key is not pickled")


def _require_usable(epk: Json) -> None:
    """Refuse an ephemeral key that is no point of the curve of our key: agreeing on a key with a point of
    another curve tells of ours, bit by bit (RFC 8725 section 3.4, CVE-2017-16007).
    """
    if not isinstance(epk, dict) or epk.get("kty") != "EC" or epk.get("crv") != "P-256":
        raise BadToken("the epk of the encrypted token is no key on the curve of ours")
    if not PRIVATE.isdisjoint(epk):
        raise BadToken("the epk of the encrypted token is no public key")
    try:
        read_material(epk)
    except BadKey as refused:
        raise BadToken(f"the epk of the encrypted token is refused: {refused}") from None


def _spend(token: Encrypted) -> None:
    """Do the work that was not done because the key of the content was not to be had."""
    with suppress(InvalidTag):
        key = secrets.token_bytes(CONTENT[token.header.content])
        AESGCM(key).decrypt(token.iv, token.ciphertext + token.tag, token.protected)


def _imported(material: Mapping[str, str] | _Private) -> ECKey | RSAKey:
    if isinstance(material, Mapping):
        kind = ECKey if material["kty"] == "EC" else RSAKey
        return kind.import_key(dict(material))
    return (ECKey if isinstance(material, ec.EllipticCurvePrivateKey) else RSAKey).import_key(
        material.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
