"""THE token endpoint, in seven steps.

Every face of token exchange is the same sentence: a client asks that an actor may act for a subject at
a target with scopes; a rule decides; the answer is written down before it is given. There is no second
path that issues a token.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from actas.audit.log import AuditLog
from actas.audit.refusal import refused
from actas.audit.stream import Receipt
from actas.audit.trail import Trail
from actas.clients.authenticator import ClientAuthenticator
from actas.clients.dpop import ProofChecker
from actas.clients.throttle import Throttle
from actas.core.client import Client
from actas.core.confirmation import Confirmation
from actas.core.errors import OAuthError, UnsupportedGrantType
from actas.core.issued import Issued
from actas.core.lineage import Lineage, Marking
from actas.core.params import Params
from actas.core.party import Caller, Identity, Party
from actas.core.permit import ExchangeRequest, Permit, Proposal, Refusal
from actas.core.ports import JsonObject
from actas.core.tracing import UNTRACED, Tracing
from actas.core.wire import JWT_BEARER, JWT_DPOP, OF_PUBLIC_CLIENTS, GrantType
from actas.grants.grant import Grant
from actas.kinds.fulfilment import Fulfilment
from actas.kinds.judge import judge
from actas.kinds.kind import Kind
from actas.kinds.recording import record_judgement
from actas.kinds.redeeming import Ready, Redeems
from actas.kinds.renewal import again, renewed
from actas.presented import Presented
from actas.standing import (
    Standing,
    client_in,
    not_registered,
    require_registered,
    targets_in,
    typed_in,
)
from actas.subjects.itself import party_of
from actas.subjects.revoked import mark_of_party


class Answer(msgspec.Struct, frozen=True):
    """What the caller gets, and where the minutes have it.

    Attributes:
        body: the members of the JSON answer.
        entry: the id of the audit entry.
        receipt: proof that the entry is durable.
    """

    body: JsonObject
    entry: str
    receipt: Receipt | None


class Exchange:
    """The pipeline. One instance serves one configuration; what may be done is decided by that in force.

    Args:
        issuer: our own issuer identifier.
        grants: the forms of asking, one for each grant type.
        clients: step 2.
        proofs: step 2: which key the request proves.
        presented: step 3.
        standing: what tokens are for, here and in other domains, and step 4.
        in_force: returns that of the configuration in force: a request that waited for somebody's keys is not
            granted what was taken away meanwhile (SEC-58, REL-21).
        kinds: the kinds of exchange, the preferred first.
        fulfilment: step 5.
        audit: step 6.
        marking: makes the marks by which what is issued can be revoked.
        throttle: makes guessing at tokens slow.
        redeeming: redeems grants for clients that have no way to the server, after step 6, and says of every
            grant whether it still may be given.
        fresh: raises when what this process knows of the shared state may be out of date.
        tracing: follows requests and their steps.
    """

    def __init__(
        self,
        *,
        issuer: str,
        grants: Iterable[Grant],
        clients: ClientAuthenticator,
        proofs: ProofChecker,
        presented: Presented,
        standing: Standing,
        in_force: Callable[[], Standing],
        kinds: Sequence[Kind],
        fulfilment: Fulfilment,
        audit: AuditLog,
        marking: Marking,
        throttle: Throttle,
        redeeming: Redeems,
        fresh: Callable[[], None],
        tracing: Tracing = UNTRACED,
    ) -> None:
        self._issuer = issuer
        self._grants: dict[str, Grant] = {}
        for grant in grants:
            if grant.grant_type in self._grants:
                raise ValueError(f"two grants claim {grant.grant_type}")
            self._grants[grant.grant_type] = grant
        self._clients = clients
        self._proofs = proofs
        self._presented = presented
        self._standing = standing
        self._in_force = in_force
        self._kinds = tuple(kinds)
        self._fulfilment = fulfilment
        self._audit = audit
        self._marking = marking
        self._throttle = throttle
        self._redeeming = redeeming
        self._fresh = fresh
        self._tracing = tracing
        self._parties: dict[str, Party] = {}

    @property
    def grant_types(self) -> tuple[GrantType, ...]:
        """The grants that are implemented, for the metadata."""
        return tuple(grant.grant_type for grant in self._grants.values())

    async def __call__(self, body: bytes, caller: Caller) -> Answer:
        """Answer one request at the token endpoint.

        Args:
            body: the form, as received.
            caller: who sent it.

        Raises:
            OAuthError: it was refused. The refusal stands in the minutes, under ``entry``.
        """
        trail = self._audit.open(caller.address)
        try:
            # 1. Parse. Nothing is believed yet.
            form, grant, request = self._parsed(body, trail)
            # 2. Who is calling, and which key does it prove to hold?
            client, proven = await self._identified(form, caller, grant, trail)
            request = trail.request = typed_in(self._standing, request, client)
            # 3. What for, whose token is it, and who acts?
            renewal = await self._presented.renewal(request.refresh, grant, trail)
            authorization = await self._presented.authorization(request, grant, trail)
            asserted = await self._presented.asserted(request, grant, trail)
            asked = again(request, renewal, authorization)
            targets = trail.targets = targets_in(self._standing, asked, asserted, client)
            parties = await self._presented.parties(
                request, authorization or asserted, self._itself(client), grant=grant, trail=trail
            )
            # 4. May it be done, by what is in force by now? From here on, only the permit speaks.
            if (now := self._in_force()) is not self._standing:
                client = trail.client = client_in(now, client, grant)
                targets = trail.targets = targets_in(now, asked, asserted, client)
            proposal = request.propose(
                at=trail.at,
                client=client,
                parties=parties,
                targets=targets,
                proven=proven,
                authorization=authorization,
            )
            permit = self._decide(renewed(proposal, renewal), trail, now)
            # 5. Do it.
            there, issued = await self._perform(permit, trail, now)
            # 6. Write it down. If this fails, nothing leaves.
            receipt = await self._audit.close(trail)
        except Exception as exc:
            raise await self._refused(trail, exc) from exc
        await self._fulfilment.settle(permit)
        # 7. Answer: with what was made, or where the client has no way with it, with what came of it there.
        if there is not None:
            return await self._handed_on(permit, issued, there, trail, receipt)
        return Answer(grant.respond(issued), trail.entry, receipt)

    async def _handed_on(
        self, permit: Permit, issued: Issued, there: Ready, trail: Trail, receipt: Receipt | None
    ) -> Answer:
        came = await self._redeeming.redeem(permit, issued, at=there, trail=trail, receipt=receipt)
        return Answer(came.body, came.entry, receipt)

    async def _refused(self, trail: Trail, exc: Exception) -> OAuthError:
        """Every exception ends as a refusal, and a refusal takes the same road to the minutes (SEC-04)."""
        if trail.issued is not None:
            await self._fulfilment.withdraw(trail.issued)
        refusal = await refused(self._audit, trail, exc)
        if trail.revoked and refusal.entry is not None:
            await self._presented.written(trail)
        return refusal

    async def turn_away(self, caller: Caller, error: OAuthError) -> OAuthError:
        """Record a request that is not even a form, and return what to tell the caller."""
        return await refused(self._audit, self._audit.open(caller.address), error)

    def _parsed(self, body: bytes, trail: Trail) -> tuple[Params, Grant, ExchangeRequest]:
        form = trail.form = Params.parse(body)
        grant = self._grant(form)
        request = trail.request = grant.parse(form)
        self._fresh()
        return form, grant, request

    def _grant(self, form: Params) -> Grant:
        asked = form.require("grant_type")
        grant = self._grants.get(JWT_BEARER if asked == JWT_DPOP else asked)
        if grant is None:
            raise UnsupportedGrantType("unknown_grant", detail="grant_type is not one of ours")
        return grant

    async def _identified(
        self, form: Params, caller: Caller, grant: Grant, trail: Trail
    ) -> tuple[Client, Confirmation]:
        proof = self._proofs.read(caller)
        client = await self._authenticated(form, caller, grant, trail)
        trail.proven = await self._proofs.prove(proof, certificate=caller.certificate)
        return client, trail.proven

    async def _authenticated(self, form: Params, caller: Caller, grant: Grant, trail: Trail) -> Client:
        with self._tracing.step("actas.client"):
            known = await self._clients.authenticate(form, caller)
        client = known.client
        trail.client, trail.method = client, known.method
        if known.method == "none" and grant.grant_type not in OF_PUBLIC_CLIENTS:
            # A public client may not exchange even if a registration says so (TX-109, SEC-08).
            raise not_registered(client, grant)
        require_registered(client, grant)
        trail.trace = self._tracing.begin(caller.traceparents)
        self._throttle.require_patience("failed_tokens", client.name, caller.address)
        return client

    def _itself(self, client: Client) -> Party:
        """Return the client as a party: once for each client of the configuration, which are so many."""
        known = self._parties.get(client.name)
        if known is None:
            api = None if client.api is None else self._standing.api(client.api)
            mark = mark_of_party(self._marking, Identity(self._issuer, client.name))
            known = party_of(client, issuer=self._issuer, api=api, lineage=Lineage((mark,)))
            if client.registration == "configured":
                self._parties[client.name] = known
        return known

    async def _perform(self, permit: Permit, trail: Trail, now: Standing) -> tuple[Ready | None, Issued]:
        if now is not self._standing:
            self._redeeming.holds(permit)
        there = None if permit.abroad is None else await self._redeeming.ready(permit)
        with self._tracing.step("actas.sign"):
            issued = trail.issued = await self._fulfilment.perform(permit)
        if permit.abroad is not None:
            self._redeeming.holds(permit)  # a grant waits for another server's address or key
        return there, issued

    def _decide(self, proposal: Proposal, trail: Trail, now: Standing) -> Permit:
        with self._tracing.step("actas.policy"):
            judgement = judge(proposal, kinds=self._kinds, policy=now.policy)
        record_judgement(judgement, now.policy, trail)
        decision = judgement.decision
        if isinstance(decision, Refusal):
            raise decision.as_error()
        return decision
