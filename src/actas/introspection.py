"""Says whether a token is good (RFC 7662).

The caller authenticates as at the token endpoint, and hears of a token only when it is the token's audience
or the client it was issued to; to everybody else no token is active (SEC-85). A token is looked at as when it
is presented for an exchange: its signature, its time, and everybody in it against live state (SEC-23). That
costs no read from a database.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

import msgspec

from actas.audit.log import AuditLog
from actas.audit.refusal import refused
from actas.clients.authenticator import ClientAuthenticator
from actas.core.client import Client
from actas.core.errors import BadToken, InvalidClient, OAuthError
from actas.core.params import Params
from actas.core.party import Caller, Party, PresentedToken
from actas.core.ports import JsonObject
from actas.core.secret import Secret
from actas.core.target import Api
from actas.core.wire import ACCESS_TOKEN

INACTIVE: Final[JsonObject] = {"active": False}
"""All that is said of a token that is unknown, expired, revoked or somebody else's (RFC 7662 section 2.2)."""

TOLD: Final = (
    *("scope", "client_id", "exp", "iat", "nbf", "sub", "aud", "iss", "jti"),
    *("act", "may_act", "cnf", "txn", "sub_id", "sub_profile", "groups"),
)
"""The claims of an active token that are told, by the names they have in the token."""


class Tokens(Protocol):
    """Proves tokens of ours."""

    async def validate(self, token: PresentedToken) -> Party:
        """Return whom a token speaks of.

        Raises:
            BadToken: it is not proven.
        """
        ...


class Apis(Protocol):
    """Finds APIs. Answers from memory."""

    def api(self, name: str) -> Api | None:
        """Return the API called ``name``, or None."""
        ...


class Told(msgspec.Struct, frozen=True):
    """What the caller hears.

    Attributes:
        client: who asked.
        body: the members of the answer.
    """

    client: Client
    body: JsonObject


class Introspection:
    """Answers the introspection endpoint.

    Args:
        clients: says who asks.
        tokens: proves access tokens of ours.
        apis: says what a client is the audience of.
        audit: takes the refusals; an answer is no entry.
        fresh: raises when what this process knows of the shared state may be out of date.
    """

    def __init__(
        self,
        *,
        clients: ClientAuthenticator,
        tokens: Tokens,
        apis: Apis,
        audit: AuditLog,
        fresh: Callable[[], None],
    ) -> None:
        self._clients = clients
        self._tokens = tokens
        self._apis = apis
        self._audit = audit
        self._fresh = fresh

    async def __call__(self, body: bytes, caller: Caller) -> Told:
        """Answer one request.

        Args:
            body: the form, as received.
            caller: who sent it.

        Raises:
            OAuthError: the request is malformed, or the caller did not prove who it is. The refusal stands in
                the minutes, under ``entry``.
        """
        trail = self._audit.open(caller.address, door="introspection")
        try:
            form = trail.form = Params.parse(body)
            self._fresh()
            known = await self._clients.authenticate(form, caller)
            trail.client, trail.method = known.client, known.method
            if known.method == "none":
                # RFC 7662 section 2.1: whoever could ask without proof could scan for tokens.
                raise InvalidClient(detail=f"{known.client.name} did not prove who it is")
            return Told(known.client, await self._told(known.client, form.require("token")))
        except Exception as exc:
            raise await refused(self._audit, trail, exc) from exc

    async def turn_away(self, caller: Caller, error: Exception) -> OAuthError:
        """Record a request that is no form, or an answer that cannot be written; return what to tell."""
        return await refused(self._audit, self._audit.open(caller.address, door="introspection"), error)

    async def _told(self, client: Client, token: str) -> JsonObject:
        try:
            party = await self._tokens.validate(PresentedToken(ACCESS_TOKEN, Secret(token), "subject"))
        except BadToken:
            return INACTIVE
        if not self._concerns(client, party):
            return INACTIVE
        claims = party.claims
        return {
            "active": True,
            "token_type": _token_type(party),
            **{name: claims[name] for name in TOLD if name in claims},
        }

    def _concerns(self, client: Client, party: Party) -> bool:
        if party.client_id == client.name:
            return True
        api = None if client.api is None else self._apis.api(client.api)
        return api is not None and not api.disabled and api.audience in party.audience


def _token_type(party: Party) -> str:
    """How the token is used (RFC 9449 section 6.2). Bound to a certificate it is a bearer token still."""
    key = party.confirmation
    return "DPoP" if key is not None and key.jkt is not None else "Bearer"
