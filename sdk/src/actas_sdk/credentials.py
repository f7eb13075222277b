"""How this service proves who it is to the server."""

from __future__ import annotations

import base64
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol, Self
from urllib.parse import quote_plus

from joserfc.jwk import OctKey

from actas_sdk.errors import Misconfigured
from actas_sdk.flow import World
from actas_sdk.jws import encode, said_by
from actas_sdk.keys import SigningKey
from actas_sdk.strict_json import Json, NotStrict, encodable

__all__ = [
    "ClientKey",
    "ClientSecret",
    "ClientSecretJwt",
    "Credentials",
    "MutualTls",
    "Proof",
    "Workload",
    "credentials_of",
]

_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SPIFFE_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe"
_ASSERTION_LIFE: Final = 60
"""Seconds. Long enough for a slow network and a clock that drifts, too short to be worth stealing."""

_SHORTEST_SHARED: Final = 32
"""Bytes of a secret that authenticates with HS256 (RFC 7518 section 3.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a token request carries to show who sends it. Does not print."""

    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    form: tuple[tuple[str, str], ...] = field(default=(), repr=False)


class Credentials(Protocol):
    """A way of proving who this service is."""

    @property
    def client_id(self) -> str:
        """The registered name of this service."""
        ...

    def proof(self, *, issuer: str, world: World) -> Proof:
        """Return a proof for one request to ``issuer``. A repeat needs a new one."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSecret:
    """A shared secret, sent as ``client_secret_basic`` (RFC 6749 section 2.3.1)."""

    client_id: str
    secret: str = field(repr=False)

    def proof(self, *, issuer: str, world: World) -> Proof:
        del issuer, world  # the same for every request
        # Both halves are form-encoded before they are joined, so that a colon or a letter outside
        # ASCII survives (TX-101). Many clients forget, and fail only for some secrets.
        pair = f"{quote_plus(self.client_id)}:{quote_plus(self.secret)}"
        said = base64.b64encode(pair.encode("ascii")).decode("ascii")
        return Proof(headers={"Authorization": f"Basic {said}"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientKey:
    """A private key that signs an assertion for each request, ``private_key_jwt`` (RFC 7523 section 2.2)."""

    client_id: str
    key: SigningKey

    @classmethod
    def from_jwk(cls, client_id: str, jwk: Mapping[str, Json]) -> Self:
        """Return it with a private JWK.

        Raises:
            Misconfigured: it is not a private key that can sign.
        """
        return cls(client_id=client_id, key=SigningKey.from_jwk(jwk))

    @classmethod
    def from_file(cls, client_id: str, path: str | os.PathLike[str]) -> Self:
        """Return it with the private JWK in a file.

        Raises:
            Misconfigured: the file cannot be read, or is not such a key.
        """
        return cls(client_id=client_id, key=SigningKey.from_file(path))

    def proof(self, *, issuer: str, world: World) -> Proof:
        header = {"typ": "client-authentication+jwt", "alg": self.key.algorithm}
        if self.key.kid is not None:
            header["kid"] = self.key.kid
        claims = _claims(self.client_id, issuer=issuer, world=world)
        return _asserted(encode(claims, header=header, key=self.key.key))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientSecretJwt:
    """A shared secret that authenticates an assertion for each request, ``client_secret_jwt``, with HS256.

    Raises:
        Misconfigured: the secret has less than 32 bytes, or is not text that can be sent.
    """

    client_id: str
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        if not encodable(self.secret) or len(self.secret.encode("utf-8")) < _SHORTEST_SHARED:
            raise Misconfigured("the client secret has less than 32 bytes, or is not text that can be sent")

    def proof(self, *, issuer: str, world: World) -> Proof:
        claims = _claims(self.client_id, issuer=issuer, world=world)
        header = {"typ": "client-authentication+jwt", "alg": "HS256"}
        return _asserted(encode(claims, header=header, key=OctKey.import_key(self.secret.encode("utf-8"))))


@dataclass(frozen=True, slots=True, kw_only=True)
class MutualTls:
    """A certificate shown in the TLS handshake (RFC 8705).

    With a client of your own (``http=``) that client has to show it.

    Attributes:
        certificate: the path of a PEM file with the certificate, and with the key unless that is elsewhere.
        key: the path of a PEM file with its key.
        authorities: the path of a PEM file of the authorities that the server is trusted by; None for the
            system's.
    """

    client_id: str
    certificate: str | os.PathLike[str]
    key: str | os.PathLike[str] | None = None
    authorities: str | os.PathLike[str] | None = None

    def proof(self, *, issuer: str, world: World) -> Proof:
        del issuer, world  # the connection is the proof
        return Proof(form=(("client_id", self.client_id),))

    def context(self) -> ssl.SSLContext:
        """Return how to speak TLS with this certificate.

        Raises:
            Misconfigured: a file cannot be read, the key has a passphrase, or certificate and key do not
                belong together.
        """
        context = ssl.create_default_context()
        try:
            if self.authorities is not None:
                context.load_verify_locations(self.authorities)
            # Without one, OpenSSL would wait at the terminal for somebody to type it.
            context.load_cert_chain(self.certificate, self.key, password="")
        except OSError:
            raise Misconfigured(f"the certificate cannot be used: {os.fspath(self.certificate)}") from None
        return context


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """A token that the platform keeps in a file: a projected service-account token, or a JWT-SVID.

    The file is read for each request, so that a renewed token is used as soon as it is there.

    Attributes:
        path: of the file.
    """

    client_id: str
    path: str | os.PathLike[str]

    def proof(self, *, issuer: str, world: World) -> Proof:
        """Return the token as it is now.

        Raises:
            Misconfigured: the file cannot be read, or holds no JWT.
        """
        del issuer, world  # the platform said for whom it is
        try:
            token = Path(self.path).read_text(encoding="ascii").strip()
            subject = said_by(token).get("sub")
        except (OSError, UnicodeDecodeError, NotStrict):
            raise Misconfigured(f"there is no token in {os.fspath(self.path)}") from None
        is_spiffe = isinstance(subject, str) and subject.startswith("spiffe://")
        return _asserted(token, kind=_SPIFFE_TYPE if is_spiffe else _ASSERTION_TYPE)


def require_id(client_id: str) -> None:
    """Do nothing if ``client_id`` can be the name of a client.

    Raises:
        Misconfigured: it cannot.
    """
    if not client_id or not encodable(client_id):
        raise Misconfigured("the client id is missing, or is not text that can be sent")


def _claims(client_id: str, *, issuer: str, world: World) -> dict[str, Json]:
    now = int(world.now())
    return {
        "iss": client_id,
        "sub": client_id,
        # The issuer and nothing else: an assertion that also names an endpoint can be
        # carried to another server that likes that endpoint (7523bis section 4).
        "aud": issuer,
        "iat": now,
        "exp": now + _ASSERTION_LIFE,
        "jti": world.new_id(),
    }


def _asserted(assertion: str, *, kind: str = _ASSERTION_TYPE) -> Proof:
    return Proof(form=(("client_assertion_type", kind), ("client_assertion", assertion)))


def credentials_of(
    client_id: str,
    secret: str | None,
    key: SigningKey | Mapping[str, Json] | str | os.PathLike[str] | None,
    other: Credentials | None,
) -> Credentials:
    """Return the one way that was given.

    Args:
        client_id: the registered name of this service.
        secret: its shared secret, or None.
        key: its private key, as a JWK, the path of a file with one, or None.
        other: another way, in place of these three, or None.

    Raises:
        Misconfigured: none was given, or two, or the key cannot be used.
    """
    if other is not None:
        if client_id or secret is not None or key is not None:
            raise Misconfigured("give credentials, or client_id with a secret or a key; not both")
        require_id(other.client_id)
        return other
    require_id(client_id)
    if (secret is None) == (key is None):
        raise Misconfigured("give the client a secret or a key, one of the two")
    if secret is not None:
        # An environment variable that is not UTF-8 reaches Python with surrogates in it.
        if not secret or not encodable(secret):
            raise Misconfigured("the client secret is empty, or is not text that can be sent")
        return ClientSecret(client_id=client_id, secret=secret)
    if isinstance(key, SigningKey):
        return ClientKey(client_id=client_id, key=key)
    if isinstance(key, str | os.PathLike):
        return ClientKey(client_id=client_id, key=SigningKey.from_file(key))
    return ClientKey(client_id=client_id, key=SigningKey.from_jwk(key or {}))
