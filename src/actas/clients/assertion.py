"""What every client assertion is checked for (RFC 7521 section 4.2, RFC 7523 section 3).

The audience is this server's issuer identifier and nothing else (AG-42, SEC-10); ``jti`` works once, recorded
after the signature check and before anything is minted (SEC-11). Which key proves an assertion is for the
methods to say.
"""

from __future__ import annotations

from typing import Final, Protocol

from actas.core import claims as read
from actas.core.client import Client
from actas.core.errors import BadToken, InvalidClient, InvalidRequest
from actas.core.metrics import REPLAYS_REFUSED, UNMETERED, Meter
from actas.core.params import Params
from actas.core.ports import Clock, MarkStore
from actas.core.secret import Secret
from actas.core.wire import JWT_BEARER_CLIENT_ASSERTION, JWT_SPIFFE_CLIENT_ASSERTION
from actas.crypto import jose

MAX_LIFE: Final = 300
"""Longest ``exp`` minus ``iat`` of an assertion, in seconds (AG-46)."""

_TYPES: Final[frozenset[str | None]] = frozenset({None, "JWT", "client-authentication+jwt"})


class Workloads(Protocol):
    """Finds clients that authenticate by a platform's tokens. Answers from memory."""

    def workload(self, iss: str, subject: str) -> Client | None:
        """Return the client whose tokens have exactly this ``iss`` and ``sub``, or None."""
        ...


class AssertedClient:
    """Reads whom an assertion claims to come from: whom to look up, nothing more.

    Args:
        workloads: finds a client by the name that its platform has for it.
    """

    def __init__(self, workloads: Workloads) -> None:
        self._workloads = workloads

    def __call__(self, form: Params, assertion: Secret | None) -> str:
        """Return the name of the client that the unverified ``iss`` and ``sub`` of the assertion lead to.

        Raises:
            InvalidRequest: assertion and type do not come together (AG-4).
            InvalidClient: the type is unknown (AG-40, AG-49) or the assertion cannot be read.
        """
        declared = form.get("client_assertion_type")
        if assertion is None or declared is None:
            raise InvalidRequest(
                "malformed_request", detail="client_assertion and client_assertion_type are sent together"
            )
        if declared not in (JWT_BEARER_CLIENT_ASSERTION, JWT_SPIFFE_CLIENT_ASSERTION):
            raise InvalidClient(detail="client_assertion_type is neither jwt-bearer nor jwt-spiffe")
        try:
            unverified = _peek(assertion.reveal()).unverified_claims
            name = read.name(unverified, "sub")
        except BadToken as bad:
            raise InvalidClient(detail=f"client assertion: {bad.detail}") from bad
        iss = unverified.get("iss")
        workload = self._workloads.workload(iss, name) if isinstance(iss, str) else None
        return name if workload is None else workload.name


def _peek(text: str) -> jose.ParsedJws:
    try:
        return jose.parse(text)
    except jose.OtherAlgorithm:
        # Only one that is authenticated by a secret, if any, is left to be read.
        return jose.parse(text, shared=True)


class AssertionCheck:
    """Checks what a client asserted of itself.

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

    async def require(
        self,
        client: Client,
        jws: jose.ParsedJws,
        *,
        key: jose.PublicKey | jose.SharedKey,
        exact: bool = False,
    ) -> None:
        """Return when the assertion is the client's, meant for us, and was never used.

        Args:
            exact: whether its audience must be our issuer identifier, whatever the client registered (AG-44).

        Raises:
            BadToken: it is not.
        """
        claims = jose.verify(
            jws,
            key=key,
            types=_TYPES,
            issuer=client.name,
            now=self._clock.now(),
            max_life=MAX_LIFE,
            max_age=MAX_LIFE,
        )
        if read.name(claims, "sub") != client.name:
            raise BadToken("iss and sub differ")
        audience = read.audience(claims)
        if audience != (self._issuer,) and not (
            client.auth.endpoint_audience and not exact and audience == (f"{self._issuer}/token",)
        ):
            raise BadToken("aud is not this server's issuer identifier alone")
        first = await self._marks.claim(
            purpose="client_assertion",
            issuer=client.name,
            token_id=read.name(claims, "jti"),
            issued_at=read.instant(claims, "iat"),
            expires_at=read.instant(claims, "exp"),
        )
        if not first:
            self._meter.count(REPLAYS_REFUSED, "client_assertion")
            raise BadToken("its jti was used before")
