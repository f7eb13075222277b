"""``client_secret_jwt``: an assertion that the client authenticates with its secret (OpenID Connect Core 9).

A MAC is checked with the secret itself, so the secret of such a client stays in this process's memory for as
long as its configuration is in force, and is written nowhere.
"""

from __future__ import annotations

from actas.clients.assertion import AssertionCheck
from actas.clients.authenticator import Credentials
from actas.core.client import Client
from actas.core.errors import BadToken, InvalidClient
from actas.core.ports import Clock
from actas.core.wire import JWT_BEARER_CLIENT_ASSERTION, HmacAlgorithm
from actas.crypto import jose


class ClientSecretJwtMethod:
    """Checks assertions that clients authenticate with their secrets.

    Args:
        check: what every assertion is checked for.
    """

    def __init__(self, check: AssertionCheck, *, clock: Clock) -> None:
        self._check = check
        self._clock = clock

    async def prove(self, client: Client | None, credentials: Credentials) -> None:
        if client is None or credentials.proof is None:
            raise InvalidClient(detail=f"the client {credentials.shown_id} is unknown")
        try:
            if credentials.assertion_type != JWT_BEARER_CLIENT_ASSERTION:
                raise BadToken("client_assertion_type is not jwt-bearer")
            jws = jose.parse(credentials.proof.reveal(), shared=True)
            await self._check.require(client, jws, key=self._key(client, jws), exact=credentials.exact)
        except BadToken as bad:
            raise InvalidClient(detail=f"client assertion of {client.name}: {bad.detail}") from bad

    def _key(self, client: Client, jws: jose.ParsedJws) -> jose.SharedKey:
        """Return the live secret under which the MAC is right; every one is tried."""
        algorithm = _registered(client, jws)
        right: jose.SharedKey | None = None
        for secret in client.auth.live_keys(self._clock.now()):
            try:
                key = jose.SharedKey(secret, algorithm=algorithm)
            except jose.WeakKey as weak:
                raise BadToken(str(weak)) from None
            if key.verifies(jws.compact.signing_input, jws.compact.signature):
                right = key
        if right is None:
            raise BadToken("the signature of the token does not verify")
        return right


def _registered(client: Client, jws: jose.ParsedJws) -> HmacAlgorithm:
    for algorithm in client.auth.hmac_algorithms:
        if algorithm == jws.unverified_algorithm:
            return algorithm
    raise BadToken("the client is not registered for the assertion's algorithm")
