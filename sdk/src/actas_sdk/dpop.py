"""A key that this service proves to hold with every request (RFC 9449), so that a stolen token is worth
nothing.

Left to others: when to prove (`requests`, `auth`), and whether somebody else's proof holds (`possession`).
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final, NoReturn, Self, cast, final
from urllib.parse import urlsplit

from joserfc.jwk import ECKey

from actas_sdk.errors import Misconfigured
from actas_sdk.flow import REAL, World
from actas_sdk.jws import encode
from actas_sdk.keys import SigningKey
from actas_sdk.strict_json import Json, JsonObject

__all__ = ["DPOP_JWT", "DpopKey", "digest", "members_of", "thumbprint"]

DPOP_JWT: Final = "dpop+jwt"
"""``typ`` of a proof (RFC 9449 section 4.2)."""

_MEMBERS: Final[dict[str, tuple[str, ...]]] = {
    "EC": ("crv", "kty", "x", "y"),
    "OKP": ("crv", "kty", "x"),
    "RSA": ("e", "kty", "n"),
}
_MOST_NONCES: Final = 64
_LONGEST_NONCE: Final = 512


@final
class DpopKey:
    """A private key and the nonces that servers gave to it. Prints nothing of itself and is not pickled.

    One key per process is what most services want: ``Actas(..., dpop=True)`` makes it. A key of one's own is
    for tokens that outlive the process.

    Attributes:
        thumbprint: what a token bound to it has in ``cnf.jkt`` (RFC 7638).
    """

    __slots__ = ("_key", "_lock", "_nonces", "_public", "_world", "thumbprint")

    def __init__(self, key: SigningKey, *, world: World = REAL) -> None:
        self._key = key
        self._public = members_of(cast("JsonObject", key.key.as_dict(private=False)))
        self._world = world
        self._nonces: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()
        self.thumbprint = thumbprint(self._public)

    @classmethod
    def generate(cls, *, world: World = REAL) -> Self:
        """Return a new key, P-256, from the system's randomness."""
        return cls(SigningKey(kid=None, algorithm="ES256", key=ECKey.generate_key("P-256")), world=world)

    @classmethod
    def from_jwk(cls, jwk: Mapping[str, Json], *, world: World = REAL) -> Self:
        """Read a private JWK.

        Raises:
            Misconfigured: it is not a private EC, OKP or RSA key that can sign.
        """
        return cls(SigningKey.from_jwk(jwk), world=world)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], *, world: World = REAL) -> Self:
        """Read a private JWK from a JSON file.

        Raises:
            Misconfigured: the file cannot be read, or is not such a key.
        """
        return cls(SigningKey.from_file(path), world=world)

    def private_jwk(self) -> JsonObject:
        """Return the whole key, to be kept where nobody else reads it."""
        return cast("JsonObject", self._key.key.as_dict(private=True))

    def proof(self, method: str, url: str, *, token: str | None = None) -> str:
        """Return a proof for one request, and for no other (RFC 9449 section 4.2).

        Args:
            method: of the request.
            url: of the request, whole; query and fragment are left out of the proof.
            token: the access token that the request shows, if any.

        Raises:
            Misconfigured: ``url`` is no address.
        """
        claims: JsonObject = {
            "jti": self._world.new_id(),
            "htm": method.upper(),
            "htu": _target(url),
            "iat": int(self._world.now()),
        }
        if token is not None:
            claims["ath"] = digest(token.encode("ascii"))
        with self._lock:
            nonce = self._nonces.get(_origin(url))
        if nonce is not None:
            claims["nonce"] = nonce
        header: JsonObject = {"typ": DPOP_JWT, "alg": self._key.algorithm, "jwk": {**self._public}}
        return encode(claims, header=header, key=self._key.key)

    def learn(self, url: str, nonce: str | None) -> bool:
        """Keep the nonce that a server gave; say whether it was not known (RFC 9449 section 8.2)."""
        if not nonce or len(nonce) > _LONGEST_NONCE or not nonce.isascii() or not nonce.isprintable():
            return False
        origin = _origin(url)
        with self._lock:
            known = self._nonces.get(origin) == nonce
            self._nonces[origin] = nonce
            self._nonces.move_to_end(origin)
            while len(self._nonces) > _MOST_NONCES:
                self._nonces.popitem(last=False)
        return not known

    def __repr__(self) -> str:
        return f"DpopKey({self.thumbprint[:8]}…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a private key is not pickled")


def members_of(jwk: Mapping[str, Json]) -> JsonObject:
    """Return the members that make a public key, and nothing else of a JWK (RFC 7638 section 3.2)."""
    return {name: jwk[name] for name in _MEMBERS[str(jwk["kty"])]}


def thumbprint(members: Mapping[str, Json]) -> str:
    """Return the SHA-256 thumbprint of a public key, given by `members_of` (RFC 7638)."""
    return digest(json.dumps(dict(members), separators=(",", ":"), sort_keys=True).encode("utf-8"))


def digest(data: bytes) -> str:
    """Return the SHA-256 digest in base64url, 43 characters: ``ath``, ``jkt`` and ``x5t#S256`` are such."""
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode("ascii")


def _target(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise Misconfigured("a proof is for one request: say its method and its whole address")
    return f"{parts.scheme}://{parts.netloc}{parts.path or '/'}"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()
