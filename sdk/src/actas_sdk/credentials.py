"""How this service proves who it is to the server, and how that is read from the environment."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol
from urllib.parse import quote_plus

from actas_sdk.errors import Misconfigured
from actas_sdk.flow import World
from actas_sdk.jws import encode
from actas_sdk.keys import SigningKey
from actas_sdk.strict_json import Json, encodable

__all__ = ["ClientKey", "ClientSecret", "Credentials", "Proof", "from_environment"]

_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_LIFE: Final = 60
"""Seconds. Long enough for a slow network and a clock that drifts, too short to be worth stealing."""


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

    def proof(self, *, issuer: str, world: World) -> Proof:
        now = int(world.now())
        header = {"typ": "client-authentication+jwt", "alg": self.key.algorithm}
        if self.key.kid is not None:
            header["kid"] = self.key.kid
        assertion = encode(
            {
                "iss": self.client_id,
                "sub": self.client_id,
                # The issuer and nothing else: an assertion that also names an endpoint can be
                # carried to another server that likes that endpoint (7523bis section 4).
                "aud": issuer,
                "iat": now,
                "exp": now + _ASSERTION_LIFE,
                "jti": world.new_id(),
            },
            header=header,
            key=self.key.key,
        )
        return Proof(form=(("client_assertion_type", _ASSERTION_TYPE), ("client_assertion", assertion)))


def credentials(
    client_id: str,
    *,
    secret: str | None,
    key: SigningKey | Mapping[str, Json] | str | os.PathLike[str] | None,
) -> Credentials:
    """Return the one way that was given.

    Args:
        client_id: the registered name of this service.
        secret: its shared secret, or None.
        key: its private key, as a JWK, the path of a file with one, or None.

    Raises:
        Misconfigured: none was given, or both, or the key cannot be used.
    """
    if not client_id or not encodable(client_id):
        raise Misconfigured("the client id is missing, or is not text that can be sent")
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What the environment says about this service. The secret does not print."""

    issuer: str
    client_id: str
    client_secret: str | None = field(repr=False)
    client_key: str | None


def from_environment(environ: Mapping[str, str]) -> Environment:
    """Read ``ACTAS_ISSUER``, ``ACTAS_CLIENT_ID`` and one of ``ACTAS_CLIENT_SECRET`` and ``ACTAS_CLIENT_KEY``.

    Raises:
        Misconfigured: one is missing or both of the last two are set. Names the variables, never
            their values.
    """
    found = {name: environ.get(name) or None for name in _VARIABLES}
    issuer, client_id = found["ACTAS_ISSUER"], found["ACTAS_CLIENT_ID"]
    secret, key = found["ACTAS_CLIENT_SECRET"], found["ACTAS_CLIENT_KEY"]
    if issuer is None or client_id is None:
        missing = [name for name in ("ACTAS_ISSUER", "ACTAS_CLIENT_ID") if found[name] is None]
        raise Misconfigured(f"not set: {', '.join(missing)}")
    if (secret is None) == (key is None):
        raise Misconfigured("set one of ACTAS_CLIENT_SECRET and ACTAS_CLIENT_KEY (a file with a private JWK)")
    return Environment(issuer=issuer, client_id=client_id, client_secret=secret, client_key=key)


_VARIABLES: Final = ("ACTAS_ISSUER", "ACTAS_CLIENT_ID", "ACTAS_CLIENT_SECRET", "ACTAS_CLIENT_KEY")
