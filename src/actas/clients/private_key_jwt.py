"""Client assertions: ``private_key_jwt`` (RFC 7523 section 2.2, RFC 7521 section 4.2).

The audience is this server's issuer identifier and nothing else (AG-42, SEC-10); ``jti`` works once,
recorded after the signature check and before anything is minted (SEC-11).
"""

from __future__ import annotations

from typing import Final, Protocol

from actas.clients.authenticator import Credentials
from actas.core import claims as read
from actas.core.client import Client
from actas.core.errors import BadToken, InvalidClient, InvalidRequest
from actas.core.metrics import REPLAYS_REFUSED, UNMETERED, Meter
from actas.core.params import Params
from actas.core.ports import Clock
from actas.core.secret import Secret
from actas.core.wire import JWT_BEARER_CLIENT_ASSERTION
from actas.crypto import jose

MAX_LIFE: Final = 300
"""Longest ``exp`` minus ``iat`` of an assertion, in seconds (AG-46)."""

_TYPES: Final[frozenset[str | None]] = frozenset({None, "JWT", "client-authentication+jwt"})


class MarkStore(Protocol):
    """Remembers what may happen once."""

    async def claim(self, *, purpose: str, issuer: str, token_id: str, expires_at: int) -> bool:
        """Return True the first time, False ever after, for one (purpose, issuer, token id).

        Raises:
            Exception: it could not be recorded; the request is refused then, never assumed unused.
        """
        ...


def asserted_name(form: Params, assertion: Secret | None) -> str:
    """Return the unverified ``sub`` of a client assertion: whom to look up, nothing more.

    Raises:
        InvalidRequest: assertion and type do not come together (AG-4).
        InvalidClient: the type is unknown (AG-40) or the assertion cannot be read.
    """
    declared = form.get("client_assertion_type")
    if assertion is None or declared is None:
        raise InvalidRequest(
            "malformed_request", detail="client_assertion and client_assertion_type are sent together"
        )
    if declared != JWT_BEARER_CLIENT_ASSERTION:
        raise InvalidClient(detail="client_assertion_type is not jwt-bearer")
    try:
        return read.name(jose.parse(assertion.reveal()).unverified_claims, "sub")
    except BadToken as bad:
        raise InvalidClient(detail=f"client assertion: {bad.detail}") from bad


class PrivateKeyJwtMethod:
    """Checks client assertions.

    Args:
        issuer: this server's issuer identifier, the only acceptable audience.
        marks: where a used ``jti`` is remembered.
        meter: told of every assertion that was used before.
    """

    def __init__(self, *, issuer: str, marks: MarkStore, clock: Clock, meter: Meter = UNMETERED) -> None:
        self._issuer = issuer
        self._marks = marks
        self._clock = clock
        self._meter = meter
        self._keys: dict[int, tuple[Client, tuple[jose.PublicKey, ...]]] = {}

    async def prove(self, client: Client | None, credentials: Credentials) -> None:
        if client is None or credentials.proof is None:
            raise InvalidClient(detail=f"the client {credentials.client_id[:64]!r} is unknown")
        try:
            claims = self._verified(client, jose.parse(credentials.proof.reveal()))
            token_id = read.name(claims, "jti")
            expires_at = read.instant(claims, "exp")
        except BadToken as bad:
            raise InvalidClient(detail=f"client assertion of {client.name}: {bad.detail}") from bad
        first = await self._marks.claim(
            purpose="client_assertion", issuer=client.name, token_id=token_id, expires_at=expires_at
        )
        if not first:
            self._meter.count(REPLAYS_REFUSED, "client_assertion")
            raise InvalidClient(detail=f"client assertion of {client.name}: its jti was used before")

    def _verified(self, client: Client, jws: jose.ParsedJws) -> jose.SignedClaims:
        claims = jose.verify(
            jws,
            key=self._key(client, jws),
            types=_TYPES,
            issuer=client.name,
            now=self._clock.now(),
            max_life=MAX_LIFE,
            max_age=MAX_LIFE,
        )
        if read.name(claims, "sub") != client.name:
            raise BadToken("iss and sub differ")
        if read.audience(claims) != (self._issuer,):
            raise BadToken("aud is not this server's issuer identifier alone")
        return claims

    def _key(self, client: Client, jws: jose.ParsedJws) -> jose.PublicKey:
        kid = jws.unverified_kid
        keys = self._parsed(client)
        fitting = [key for key in keys if key.kid == kid] if kid is not None else list(keys)
        if len(fitting) != 1:
            raise BadToken("no registered key fits the assertion's kid")
        return fitting[0]

    def _parsed(self, client: Client) -> tuple[jose.PublicKey, ...]:
        known = self._keys.get(id(client))
        if known is None or known[0] is not client:
            keys = tuple(
                jose.PublicKey.from_jwk(jwk, algorithms=client.auth.algorithms) for jwk in client.auth.keys
            )
            if len(self._keys) >= 4096:
                self._keys.clear()
            known = self._keys[id(client)] = (client, keys)
        return known[1]
