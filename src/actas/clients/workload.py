"""Workload identity: a token that a platform gave to one of its workloads proves which client it is.

A projected service-account token of Kubernetes, or a JWT-SVID of SPIFFE. It is used again until it is
renewed, so that single use cannot hold for it, as it does for assertions that clients make themselves
(SEC-11): what bounds a stolen one is its audience, which is this server alone, and its life, which is at most
an hour. Bind what is issued to a key where that is not enough.

An issuer is trusted for this by itself: that its tokens may be exchanged does not let them authenticate
clients, nor the other way round (AG-11).
"""

from __future__ import annotations

from typing import Final, Protocol

from actas.clients.authenticator import Credentials
from actas.clients.private_key_jwt import KeySource
from actas.core import claims as read
from actas.core.client import Client
from actas.core.errors import BadToken, InvalidClient, TemporarilyUnavailable
from actas.core.party import Mapped
from actas.core.ports import Clock
from actas.core.wire import JWT_SPIFFE_CLIENT_ASSERTION
from actas.crypto import jose
from actas.trust.registry import TrustedIssuer, TrustRegistry

MAX_LIFE: Final = 3600 + 60
"""Longest ``exp`` minus ``iat`` of a workload's token: an hour, and what platforms add to it."""

_TYPES: Final[frozenset[str | None]] = frozenset({None, "JWT", "JOSE"})


class Conditions(Protocol):
    """The conditions that an issuer's registration puts on its tokens."""

    def map(self, issuer: TrustedIssuer, claims: jose.SignedClaims) -> Mapped:
        """Return who the token speaks of.

        Raises:
            BadToken: a condition is false or cannot be evaluated.
        """
        ...


class WorkloadMethod:
    """Checks tokens of platforms.

    Args:
        ourselves: our own issuer identifier, the only acceptable audience.
        trust: finds the platform's issuer.
        keys: finds its keys.
        conditions: what its registration asks of its tokens.
    """

    def __init__(
        self, *, ourselves: str, trust: TrustRegistry, keys: KeySource, conditions: Conditions, clock: Clock
    ) -> None:
        self._ourselves = ourselves
        self._trust = trust
        self._keys = keys
        self._conditions = conditions
        self._clock = clock

    async def prove(self, client: Client | None, credentials: Credentials) -> None:
        if client is None or credentials.proof is None or client.auth.workload is None:
            raise InvalidClient(detail=f"the client {credentials.shown_id} is unknown")
        iss, subject = client.auth.workload
        try:
            claims = await self._verified(self._issuer(iss), jose.parse(credentials.proof.reveal()))
            if read.name(claims, "sub") != subject:
                raise BadToken("sub is not the registered workload")
            is_spiffe = credentials.assertion_type == JWT_SPIFFE_CLIENT_ASSERTION
            if is_spiffe and not subject.startswith("spiffe://"):
                raise BadToken("client_assertion_type is jwt-spiffe, and sub no SPIFFE ID")
        except BadToken as bad:
            detail = f"workload token of {client.name}: {bad.detail}"
            if bad.why == "upstream_down":
                raise TemporarilyUnavailable("upstream_down", detail=detail, retry_after=5) from bad
            raise InvalidClient(detail=detail) from bad

    def _issuer(self, iss: str) -> TrustedIssuer:
        issuer = self._trust.issuer(iss)
        if issuer is None or issuer.disabled or not issuer.workloads:
            raise BadToken("its issuer is not trusted for authenticating clients")
        return issuer

    async def _verified(self, issuer: TrustedIssuer, jws: jose.ParsedJws) -> jose.SignedClaims:
        algorithm = jws.unverified_algorithm
        claims = jose.verify(
            jws,
            key=await self._keys.key(issuer, kid=jws.unverified_kid, algorithm=algorithm),
            types=_TYPES,
            issuer=issuer.issuer,
            now=self._clock.now(),
            max_life=min(issuer.max_life, MAX_LIFE),
            max_age=issuer.max_age,
        )
        if read.audience(claims) != (self._ourselves,):
            raise BadToken("aud is not this server's issuer identifier alone")
        if "cnf" in claims:
            raise BadToken("it is bound to a key that was not proved")
        self._conditions.map(issuer, claims)
        return claims
