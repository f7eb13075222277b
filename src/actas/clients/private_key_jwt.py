"""``private_key_jwt``: an assertion that the client signs (RFC 7523 section 2.2).

The key is a registered one, or one of the set that the client publishes at its registered address; what the
assertion says of keys picks among those and adds none (AG-47).
"""

from __future__ import annotations

from typing import Protocol

from actas.clients.assertion import AssertionCheck
from actas.clients.authenticator import Credentials
from actas.core.client import Client
from actas.core.errors import BadToken, InvalidClient, TemporarilyUnavailable
from actas.core.wire import JWT_BEARER_CLIENT_ASSERTION
from actas.crypto import jose
from actas.trust.registry import TrustedIssuer


class KeySource(Protocol):
    """Finds keys that somebody publishes."""

    async def key(self, issuer: TrustedIssuer, *, kid: str | None, algorithm: str) -> jose.PublicKey:
        """Return the key.

        Raises:
            BadToken: there is no such key, or (``upstream_down``) the keys cannot be had.
        """
        ...


class PrivateKeyJwtMethod:
    """Checks assertions that clients sign.

    Args:
        check: what every assertion is checked for.
        published: finds the keys of clients that publish them.
    """

    def __init__(self, check: AssertionCheck, *, published: KeySource) -> None:
        self._check = check
        self._published = published
        self._keys: dict[int, tuple[Client, tuple[jose.PublicKey, ...] | TrustedIssuer]] = {}

    async def prove(self, client: Client | None, credentials: Credentials) -> None:
        if client is None or credentials.proof is None:
            raise InvalidClient(detail=f"the client {credentials.shown_id} is unknown")
        try:
            if credentials.assertion_type != JWT_BEARER_CLIENT_ASSERTION:
                raise BadToken("client_assertion_type is not jwt-bearer")
            jws = jose.parse(credentials.proof.reveal())
            await self._check.require(client, jws, key=await self._key(client, jws), exact=credentials.exact)
        except BadToken as bad:
            detail = f"client assertion of {client.name}: {bad.detail}"
            if bad.why == "upstream_down":
                raise TemporarilyUnavailable("upstream_down", detail=detail, retry_after=5) from bad
            raise InvalidClient(detail=detail) from bad

    async def _key(self, client: Client, jws: jose.ParsedJws) -> jose.PublicKey:
        kid = jws.unverified_kid
        keys = self._parsed(client)
        if isinstance(keys, TrustedIssuer):
            return await self._published.key(keys, kid=kid, algorithm=jws.unverified_algorithm)
        fitting = [key for key in keys if key.kid == kid] if kid is not None else list(keys)
        if len(fitting) != 1:
            raise BadToken("no registered key fits the assertion's kid")
        return fitting[0]

    def _parsed(self, client: Client) -> tuple[jose.PublicKey, ...] | TrustedIssuer:
        """Return the client's keys, or where they are: read once for each registration."""
        known = self._keys.get(id(client))
        if known is None or known[0] is not client:
            if len(self._keys) >= 4096:
                self._keys.clear()
            known = self._keys[id(client)] = (client, _keys_of(client))
        return known[1]


def _keys_of(client: Client) -> tuple[jose.PublicKey, ...] | TrustedIssuer:
    auth = client.auth
    if auth.keys_uri is None:
        return tuple(jose.PublicKey.from_jwk(jwk, algorithms=auth.algorithms) for jwk in auth.keys)
    # Fetched, bounded and kept as an issuer's keys are (SEC-41), and trusted for nothing but this client.
    return TrustedIssuer(
        name=client.name,
        issuer=client.name,
        kind="jwks",
        accepts=frozenset(),
        algorithms=frozenset(auth.algorithms),
        audiences={},
        jwks_uri=auth.keys_uri,
    )
