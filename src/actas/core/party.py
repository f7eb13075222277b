"""Who a token speaks of. The names say how far we trust them: presented, then proven."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from actas.core.client import PartyKind
from actas.core.confirmation import Confirmation
from actas.core.details import Details
from actas.core.lineage import Lineage
from actas.core.ports import Json
from actas.core.secret import Secret
from actas.core.wire import TokenType

OURSELVES = "actas"
"""The name of our own issuer in configuration and expressions. No trusted issuer may be called so."""


ANY_CLIENT: Final = frozenset({"*"})
"""Presenters of a token whose issuer's registration lets every client present it."""


Role = Literal["subject", "actor"]
"""As what a token is presented."""


class PresentedToken(msgspec.Struct, frozen=True):
    """A token as it arrived: nothing about it is believed yet."""

    type: TokenType
    value: Secret
    role: Role


class Identity(msgspec.Struct, frozen=True):
    """A name and who vouches for it. Neither half means anything alone."""

    issuer: str
    subject: str


class Actor(msgspec.Struct, frozen=True):
    """One member of a chain of authority.

    Attributes:
        identity: the issuer that vouches and the name it uses.
        kind: what it is, as far as that issuer said.
        names: what else somebody is called who came by a grant (``Otherwise``); no ``act`` says it.
    """

    identity: Identity
    kind: PartyKind = "unknown"
    names: tuple[str, ...] = ()


class MayAct(msgspec.Struct, frozen=True):
    """The ``may_act`` claim of a proven token (RFC 8693 section 4.4): its identity members only."""

    members: Mapping[str, str]


class Otherwise(msgspec.Struct, frozen=True):
    """Who somebody is by another token of their issuer. Only denies look at it.

    Attributes:
        names: what else they are called here.
        groups: the groups they are in there beside those they have here.
    """

    names: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """What a proven token says. Only a validator makes one, or step 3 for the client itself.

    Attributes:
        identity: who it is to us; this pair becomes ``sub`` and its issuer.
        origin: who it is to the issuer of the presented token: its ``iss`` and ``sub``.
        kind: person, service, agent or app.
        issuer_name: what the configuration calls the issuer; ``actas`` for our own.
        origin_name: what the configuration calls the issuer of ``origin``, also in a token of ours.
        token_type: the declared and proven type of the token.
        audience: its ``aud``.
        presenters: for a foreign token, the clients that its issuer's registration lets present it, or
            ``ANY_CLIENT``; None for our own tokens, where it follows from audience and client.
        client_id: for our own tokens, the client it was issued to.
        expires_at: its ``exp``, seconds since the epoch.
        issued_at: its ``iat``, seconds since the epoch.
        claims: all its claims, verified.
        scope: the scopes it holds; empty when unknown.
        groups: the groups its issuer's mapping gives.
        actors: its ``act`` chain, newest first.
        may_act: who alone may become its actor, or None.
        token_id: its ``jti``.
        digest: keyed digest of the token, for the minutes.
        txn: the root of its lineage, for our own tokens.
        impersonation: the id of the impersonation that the token was made under, or None.
        confirmation: the key that the token is bound to, or None; nobody has proved to hold it yet.
        lineage: what it comes from, itself and this party included.
        known: whether somebody whom another domain vouches for in a grant was here before, or is one of ours.
        matched: what it is kept under whom a grant was matched to, so that it stays the same; or None.
        otherwise: what else somebody is called who came by a grant, or None.
        details: the authorization details of a grant that is redeemed, and of a token of ours that came of
            one.
        encrypted_to: the key of ours to which it came encrypted, or None. Anybody can do that: it proves
            nothing.
    """

    identity: Identity
    origin: Identity
    kind: PartyKind
    issuer_name: str
    token_type: TokenType
    audience: tuple[str, ...]
    expires_at: int
    issued_at: int
    claims: Mapping[str, Json]
    lineage: Lineage
    origin_name: str = OURSELVES
    presenters: frozenset[str] | None = None
    client_id: str | None = None
    scope: frozenset[str] = frozenset()
    groups: tuple[str, ...] = ()
    actors: tuple[Actor, ...] = ()
    may_act: MayAct | None = None
    token_id: str | None = None
    digest: str | None = None
    txn: str | None = None
    impersonation: str | None = None
    confirmation: Confirmation | None = None
    known: bool = True
    matched: str | None = None
    otherwise: Otherwise | None = None
    details: Details = ()
    encrypted_to: str | None = None

    @property
    def is_ours(self) -> bool:
        """Whether we issued the token."""
        return self.issuer_name == OURSELVES

    @property
    def granted_details(self) -> Details:
        """The authorization details of a grant; of no other token are they carried on."""
        return () if self.is_ours else self.details

    @property
    def is_in_hand(self) -> bool:
        """Whether nobody acts for the subject but the agent that it gave this very token of ours to."""
        if not self.actors:
            return True
        agent, *others = self.actors
        own = agent.kind == "agent" and agent.identity == Identity(self.identity.issuer, self.client_id or "")
        return own and not others and self.is_ours

    def names_presenter(self, client_name: str) -> bool:
        """Whether the issuer's registration lets this client present the token."""
        presenters = self.presenters
        return presenters is not None and (presenters is ANY_CLIENT or client_name in presenters)


def is_impersonated(party: Party) -> bool:
    """Whether somebody acts as somebody else with a party's token, whether or not it says so."""
    return party.impersonation is not None


class Mapped(msgspec.Struct, frozen=True):
    """What an issuer's mapping makes of a foreign token: a local name and groups."""

    subject: str
    groups: tuple[str, ...] = ()


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who is on the other end of the connection, as the web floor saw it.

    Attributes:
        address: where it is, for the minutes and the limits: the peer, or whom a trusted proxy speaks for.
        authorization: the Authorization header's value, if one was sent.
        certificate: the certificate in DER whose key the caller proved to hold, on the connection or to a
            trusted proxy. That its owner is anybody in particular is not said by that.
        proofs: the values of the DPoP headers, none of them believed. One is a proof; several are refused.
        traceparents: the values of the headers by that name, none of them believed.
    """

    address: str
    authorization: Secret | None = None
    certificate: bytes | None = None
    proofs: tuple[Secret, ...] = ()
    traceparents: tuple[bytes, ...] = ()
