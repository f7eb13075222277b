"""Says whether a token is good (RFC 7662).

The caller authenticates as at the token endpoint, and hears of a token only when it is the token's audience
or the client it was issued to; to everybody else no token is active (SEC-85). A token is looked at as when it
is presented for an exchange: its signature, its time, and everybody in it against live state (SEC-23). That
costs no read from a database.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

import msgspec

from actas.audit.log import AuditLog
from actas.audit.trail import Trail
from actas.clients.authenticator import ClientAuthenticator
from actas.core.client import Client
from actas.core.errors import BadToken, InvalidRequest
from actas.core.impersonation import Impersonation
from actas.core.opaque import REFRESH, begins_like
from actas.core.params import Params
from actas.core.party import Party, PresentedToken, is_impersonated
from actas.core.ports import JsonObject
from actas.core.secret import Secret
from actas.core.target import ApiStore
from actas.core.wire import ACCESS_TOKEN
from actas.desk import Desk
from actas.issuers.claims import act_of
from actas.subjects.named import NamedPeople
from actas.subjects.refresh_token import Renewals
from actas.subjects.validator import SubjectTokenValidator

INACTIVE: Final[JsonObject] = {"active": False}
"""All that is said of a token that is unknown, expired, revoked or somebody else's (RFC 7662 section 2.2)."""

TOLD: Final = (
    *("scope", "client_id", "exp", "iat", "nbf", "sub", "aud", "iss", "jti"),
    *("act", "may_act", "cnf", "txn", "sub_id", "sub_profile", "groups", "authorization_details"),
)
"""The claims of an active token that are told, by the names they have in the token."""


class Told(msgspec.Struct, frozen=True):
    """What the caller hears.

    Attributes:
        client: who asked.
        body: the members of the answer.
    """

    client: Client
    body: JsonObject


class Introspection(Desk[Told]):
    """Answers the introspection endpoint. An answer is no entry.

    Callers prove who they are: whoever could ask without could scan for tokens (RFC 7662 section 2.1).

    Args:
        clients: as for ``Desk``; ``audit`` and ``fresh`` likewise.
        tokens: proves access tokens of ours.
        renewals: proves refresh tokens of ours, of which only their client hears.
        named: knows who acts as somebody else.
        auditors: the clients that hold a role, and are told of it.
        apis: says what a client is the audience of.
    """

    door = "introspection"

    def __init__(
        self,
        *,
        clients: ClientAuthenticator,
        tokens: SubjectTokenValidator,
        renewals: Renewals,
        named: NamedPeople,
        auditors: Collection[str],
        apis: ApiStore,
        audit: AuditLog,
        fresh: Callable[[], None],
    ) -> None:
        super().__init__(clients=clients, audit=audit, fresh=fresh)
        self._tokens = tokens
        self._renewals = renewals
        self._named = named
        self._auditors = frozenset(auditors)
        self._apis = apis

    async def _answer(self, client: Client, form: Params, trail: Trail) -> Told:
        del trail
        return Told(client, await self._told(client, form.require("token")))

    async def _told(self, client: Client, token: str) -> JsonObject:
        if begins_like(token, REFRESH):
            return await self._renewal(client, token)
        try:
            party = await self._tokens.validate(PresentedToken(ACCESS_TOKEN, Secret(token), "subject"))
        except BadToken:
            return INACTIVE
        if not self._concerns(client, party):
            return INACTIVE
        try:
            behind = await self._named.behind(party)
        except InvalidRequest:
            return INACTIVE  # the impersonation that it was made under has ended
        claims = party.claims
        told: JsonObject = {
            "active": True,
            "token_type": _token_type(party),
            **{name: claims[name] for name in TOLD if name in claims},
        }
        if behind is not None and client.name in self._auditors:
            told["impersonation"] = _impersonation(behind)
        return told

    async def _renewal(self, client: Client, token: str) -> JsonObject:
        try:
            renewal = await self._renewals.prove(token)
        except BadToken:
            return INACTIVE
        family = renewal.family
        if family.client != client.name:
            return INACTIVE
        told: JsonObject = {
            "active": True,
            "token_type": "N_A",
            "iss": family.subject.identity.issuer,
            "sub": family.subject.identity.subject,
            "client_id": family.client,
            # This server alone takes it: an API whose client holds one must not take it for an access token.
            "aud": family.subject.identity.issuer,
            "scope": " ".join(sorted(family.scope)),
            "iat": family.began,
            "exp": renewal.until,
            "jti": family.id,
            "txn": family.txn,
        }
        if family.actors:
            told["act"] = act_of(family.actors)
        if family.confirmation is not None:
            told["cnf"] = family.confirmation.claim()
        return told

    def _concerns(self, client: Client, party: Party) -> bool:
        if party.client_id == client.name:
            return True
        if is_impersonated(party) and client.name in self._auditors:
            return True
        api = None if client.api is None else self._apis.api(client.api)
        return api is not None and not api.disabled and api.audience in party.audience


def _impersonation(one: Impersonation) -> JsonObject:
    """What auditors hear of who acts: the same whether or not the token says so."""
    administrator = one.administrator.identity
    return {
        "id": one.id,
        "administrator": {"iss": administrator.issuer, "sub": administrator.subject},
        "reason": one.why.reason,
        "ticket": one.why.ticket,
        "ends_at": one.until,
    }


def _token_type(party: Party) -> str:
    """How the token is used (RFC 9449 section 6.2). Bound to a certificate it is a bearer token still."""
    key = party.confirmation
    return "DPoP" if key is not None and key.jkt is not None else "Bearer"
