"""What was asked, what may be decided on, what was decided.

``ExchangeRequest`` -> ``Proposal`` -> ``Permit`` or ``Refusal``, and then ``Issued`` (``core.issued``). The
permit is the only thing step 5 sees: what is minted follows from what was decided, never from what was asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from actas.core.abroad import GrantAbroad
from actas.core.agreement import Agreement
from actas.core.client import Client, PartyKind
from actas.core.confirmation import NO_KEY, Confirmation
from actas.core.details import Details
from actas.core.errors import OAuthError
from actas.core.family import Family, Renewal
from actas.core.impersonation import NO_REASON, Named, NamedPerson, Wanted, Why
from actas.core.lineage import Lineage
from actas.core.party import Actor, Identity, Otherwise, Party, PresentedToken
from actas.core.person import VouchedPerson
from actas.core.ports import Json
from actas.core.reasons import Reason
from actas.core.secret import Secret
from actas.core.sign_in import Authorization, PresentedCode
from actas.core.single import Single
from actas.core.target import Api
from actas.core.wire import GrantType, SigningAlgorithm, TokenFormat, TokenType


class Parties(NamedTuple):
    """Everybody in an exchange, proven.

    Attributes:
        subject: whom the new token is about.
        actor: the party of the actor token, or None.
        itself: the requester.
        named: who the subject is, when no token of theirs was presented.
    """

    subject: Party
    actor: Party | None
    itself: Party
    named: NamedPerson | None = None


class ExchangeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked: one shape whatever the grant.

    Attributes:
        subject: the presented subject token; None when the client speaks for itself.
        scope: the requested scopes, or None when the parameter was left out.
        refresh: the refresh token by which an earlier exchange is done again, or None.
        code: the authorization code by which a sign-in is concluded, or None.
        device: the code of a device by which one is, or None.
        named: whom an administrator wants to act as; ``actor`` is the administrator's token then, if any.
        why: the reason that is given, and the ticket.
        untyped: whether no type of token was asked for, so that what it is for may say it (IDC-14).
        redeemed: whether the grant is redeemed for the client, which asked for an access token.
        target_error: what a target is called that is none of ours; None for what it usually is.
        details: the authorization details that are asked for (RFC 9396).
    """

    grant_type: GrantType
    subject: PresentedToken | None
    requested: TokenType
    actor: PresentedToken | None = None
    audience: tuple[str, ...] = ()
    resource: tuple[str, ...] = ()
    scope: frozenset[str] | None = None
    refresh: PresentedToken | None = None
    code: PresentedCode | None = None
    device: Secret | None = None
    named: Named | None = None
    why: Why = NO_REASON
    untyped: bool = False
    redeemed: bool = False
    target_error: type[OAuthError] | None = None
    details: Details = ()

    def propose(
        self,
        *,
        at: float,
        client: Client,
        parties: Parties,
        targets: tuple[Api, ...],
        proven: Confirmation,
        authorization: Authorization | None = None,
    ) -> Proposal:
        """Return what was asked as the policy may see it, once everybody in it is proven.

        Args:
            at: when the decision is made, seconds since the epoch.
            proven: the keys that the requester proved to hold.
            authorization: what the subject let the client do when it signed in.
        """
        return Proposal(
            at=at,
            grant_type=self.grant_type,
            client=client,
            subject=parties.subject,
            actor=parties.actor,
            itself=parties.itself,
            requested=self.requested,
            targets=targets,
            scope=self.scope,
            proven=proven,
            authorization=authorization,
            named=parties.named,
            why=self.why,
            details=self.details or parties.subject.granted_details,
        )


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the policy may look at: all of it proven, none of it secret.

    Attributes:
        at: when the decision is made, seconds since the epoch.
        client: the authenticated requester.
        subject: whom the new token is about.
        actor: the party of the actor token, or None when none was sent.
        itself: the requester as a party: the actor when no actor token was sent.
        targets: the APIs asked for, each known and open to the client.
        proven: the keys that the requester proved to hold with this very request.
        renewal: the refresh token by which an earlier exchange is done again, or None.
        authorization: what the subject let the client do when it signed in, or None.
        named: the person that the subject is, when a name is all that was presented of them, or None.
        why: the reason that is given, and the ticket.
        details: the authorization details that are asked for, or that a grant says.
    """

    at: float
    grant_type: GrantType
    client: Client
    subject: Party
    actor: Party | None
    itself: Party
    requested: TokenType
    targets: tuple[Api, ...]
    scope: frozenset[str] | None
    proven: Confirmation = NO_KEY
    renewal: Renewal | None = None
    authorization: Authorization | None = None
    named: NamedPerson | None = None
    why: Why = NO_REASON
    details: Details = ()

    @property
    def acting(self) -> Party:
        """Who would act: the party of the actor token, else the client."""
        return self.itself if self.actor is None else self.actor


class Permit(msgspec.Struct, frozen=True, kw_only=True):
    """Exactly what may be issued. Nothing below sees the request.

    Attributes:
        rules: the names of the rules that allowed it.
        policy: the version of the policy that decided.
        kind: the kind of exchange.
        actors: the chain of the new token, newest first; with their other names as far as denies ask.
        expires_at: when it ends, seconds since the epoch; never later than any parent.
        not_after: the earliest end of its parents, for the re-reading.
        groups: the subject's groups that some rule may ask for at a later hop.
        otherwise: what else the subject is called, as far as a deny may ask for it at a later hop.
        claims: claims the rules add; never a reserved one.
        txn: the root of the lineage, or None to start one.
        confirmation: the key of the requester that the token is bound to, or None.
        lineage: what the new token comes from; its own mark is still to be added.
        format: what the token looks like.
        family: for a refresh token, what may be done again with it.
        renewal: the refresh token that another one follows, or None.
        authorization: what a sign-in let the client do, which an ID token tells; or None.
        begins: what may be done again by the refresh token that comes with it, or None.
        impersonation: the impersonation that has to run first, or None.
        single: the token that is used up by it, or None.
        newcomer: who is known here from now on, or None.
        matched: whom of ours somebody's grants mean, from before the token is made on; or None.
        agreement: what the person has to have agreed to before, or None.
        details: the authorization details that are granted.
        abroad: for a grant for another domain's server, what that is told; or None.
        resource: the resources that the answer names; empty when it names none.
    """

    rules: tuple[str, ...]
    policy: str
    kind: str
    client_id: str
    subject: Identity
    subject_kind: PartyKind
    origin: Identity
    actors: tuple[Actor, ...]
    token_type: TokenType
    audience: tuple[str, ...]
    scope: frozenset[str]
    issued_at: int
    expires_at: int
    lineage: Lineage
    not_after: int | None = None
    algorithm: SigningAlgorithm | None = None
    groups: tuple[str, ...] = ()
    otherwise: Otherwise | None = None
    claims: Mapping[str, Json] = msgspec.field(default_factory=dict[str, Json])
    txn: str | None = None
    confirmation: Confirmation | None = None
    format: TokenFormat = "jwt"
    family: Family | None = None
    renewal: Renewal | None = None
    authorization: Authorization | None = None
    begins: Family | None = None
    impersonation: Wanted | None = None
    abroad: GrantAbroad | None = None
    single: Single | None = None
    newcomer: VouchedPerson | None = None
    matched: VouchedPerson | None = None
    agreement: Agreement | None = None
    resource: tuple[str, ...] = ()
    details: Details = ()


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """No, and why.

    Attributes:
        error: what kind of error the caller gets.
        reason: the word of the closed set.
        detail: for administrators.
        rules: the rules that had a part in it.
        members: what the answer says beside the error.
    """

    error: type[OAuthError]
    reason: Reason
    detail: str
    rules: tuple[str, ...] = ()
    members: Mapping[str, str | int] = msgspec.field(default_factory=dict[str, str | int])

    def as_error(self) -> OAuthError:
        """Return the error to raise."""
        error = self.error(self.reason, detail=self.detail)
        if self.members:
            error.members = self.members
        return error


Decision = Permit | Refusal
