"""An exchange up to the decision and no further: nothing is issued, nothing is written.

The same parsers, validators and judge that answer requests are used; there is no second engine (SEC-45).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from actas.admin.afterwards import as_it_was
from actas.admin.entries import early, whose_of
from actas.admin.explanation import Explanation, Suggestion, explain_early, explain_judgement
from actas.admin.made_up import (
    authorization_from_event,
    confirmation_from_event,
    named_from_event,
    party_from_event,
)
from actas.clients.authenticator import ClientStore
from actas.core.claims import parse_scope
from actas.core.client import Client
from actas.core.confirmation import NO_KEY, Confirmation
from actas.core.errors import (
    BadToken,
    InvalidClient,
    InvalidRequest,
    OAuthError,
    UnauthorizedClient,
)
from actas.core.impersonation import Named, Why
from actas.core.lineage import Lineage
from actas.core.party import Party, PresentedToken
from actas.core.permit import ExchangeRequest, Parties, Proposal
from actas.core.person import People
from actas.core.ports import Clock
from actas.core.target import Api, ApiStore
from actas.core.wire import (
    ACCESS_TOKEN,
    AUTHORIZATION_CODE,
    JWT_BEARER,
    REFRESH,
    SIGN_IN,
    TOKEN_EXCHANGE,
    GrantType,
    TokenType,
)
from actas.core.wording import as_called
from actas.kinds.judge import Judgement, judge
from actas.kinds.kind import Kind
from actas.kinds.redemption import as_granted
from actas.kinds.servers import typed_by_target
from actas.kinds.targets import ConnectionStore, targets_of
from actas.policy.decide import Policy
from actas.policy.narrow import shared
from actas.subjects.itself import party_of
from actas.subjects.named import LookedUp
from actas.subjects.validator import Validators


class NotExplainable(Exception):
    """An entry of the minutes cannot be put before the policy again. The message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """Explains exchanges under one configuration.

    Attributes:
        issuer: our own issuer identifier.
        named: looks up somebody who is only named.
        people: those of ours.
    """

    issuer: str
    clients: ClientStore
    apis: ApiStore
    connections: ConnectionStore
    subjects: Validators
    named: Callable[[Named | None], Awaitable[LookedUp]]
    people: People
    kinds: Sequence[Kind]
    policy: Policy
    clock: Clock

    async def of_request(
        self, client_name: str, request: ExchangeRequest, *, proven: Confirmation = NO_KEY
    ) -> Explanation:
        """Explain what would happen if ``client_name`` asked this now.

        Args:
            client_name: who would ask; that it can authenticate is taken for granted.
            request: what would be asked.
            proven: the keys that it would prove to hold.
        """
        stage, passed = 1, dict[int, str]()
        try:
            client = self._client(client_name, request.grant_type)
            request = typed_by_target(request, client, self.apis, self.connections)
            passed[1] = f"{client.name} ({client.kind})"
            asserted = None
            if request.grant_type == JWT_BEARER:  # the grant itself says what it is for
                stage = 2
                asserted = await self._prove(request.subject, request)
                stage = 1
                if asserted is not None:
                    passed[2] = whose_of(asserted)
            wanted = as_granted(request, asserted, client, self.connections)
            targets = targets_of(wanted, client, self.apis, self.connections)
            stage = 2
            itself = self._itself(client)
            looked = await self.named(request.named)
            subject = asserted or await self._prove(request.subject, request) or looked.party or itself
            passed[2] = subject.identity.subject
            stage = 3
            actor = await self._prove(request.actor, request)
        except OAuthError as refused:
            return explain_early(refused, stage=stage, passed=passed, policy=self.policy.version)
        return self.of_proposal(
            request.propose(
                at=self.clock.now(),
                client=client,
                parties=Parties(subject, actor, itself, looked.person),
                targets=targets,
                proven=proven,
            )
        )

    def of_event(self, event: Mapping[str, Any]) -> Explanation:
        """Explain a past attempt from its entry in the minutes, under the policy of today.

        Raises:
            NotExplainable: the entry is no attempt, or its client or API no longer exists.
        """
        if event.get("outcome") not in ("granted", "refused"):
            raise NotExplainable(f"{event.get('id')} is {event.get('event')}, which is not an attempt")
        if "policy" not in event or _is_of_the_sign_in(event):
            return early(event, policy=self.policy.version)
        found = self.of_proposal(self._proposal_of(event))
        return as_it_was(found, event)

    def of_proposal(self, proposal: Proposal) -> Explanation:
        """Explain a proposal."""
        judgement = judge(proposal, kinds=self.kinds, policy=self.policy)
        return explain_judgement(
            judgement, policy=self.policy, kinds=self.kinds, suggestion=self._suggestion(judgement)
        )

    def _suggestion(self, judgement: Judgement) -> Suggestion | None:
        """Try the largest part of the request that is left; suggest it only if it is granted."""
        if judgement.permit is not None or not judgement.tables:
            return None
        proposal = judgement.situation.proposal
        left = shared(judgement.tables)
        wanted = left & proposal.scope if proposal.scope is not None else left
        for scope in (wanted, left):
            if scope and scope != proposal.scope:
                again = judge(
                    msgspec.structs.replace(proposal, scope=scope), kinds=self.kinds, policy=self.policy
                )
                if again.permit is not None:
                    return Suggestion(scope=tuple(sorted(again.permit.scope)))
        return None

    def _client(self, name: str, grant_type: GrantType) -> Client:
        client = self.clients.client(name)
        if client is None or client.disabled:
            raise InvalidClient(
                detail=f"the client {name!r} is {'unknown' if client is None else 'disabled'}"
            )
        if grant_type not in client.grants or client.auth.method == "none":
            raise UnauthorizedClient(
                "client_may_not_exchange", detail=f"{name} is not registered for {grant_type}"
            )
        return client

    def _targets(self, event: Mapping[str, Any]) -> tuple[Api, ...]:
        """Return the targets as they are now: of another domain, with the APIs there that were asked for."""
        found = [self.apis.api(name) or self.connections.target(name) for name in event["apis"]]
        targets = [api for api in found if api is not None]
        if len(targets) != len(found):
            gone = "a connection" if "abroad" in event else "an API"
            raise NotExplainable(f"{gone} that was asked for no longer exists")
        abroad, said = event.get("abroad", {}), event.get("asked", {})  # of what we redeem the first has them
        named = abroad.get("resources", ()) if abroad.get("redeems") else said.get("resource", ())
        asked = tuple(str(one) for one in named)
        return tuple(self._as_asked(api, asked) for api in targets)

    def _as_asked(self, api: Api, asked: tuple[str, ...]) -> Api:
        if api.abroad is None or api.abroad.grant == "jwt" or not asked:
            return api
        if not set(asked) <= {*api.abroad.resources}:
            named = api.abroad.connection
            raise NotExplainable(f"the connection {named} no longer has the resource {', '.join(asked)}")
        return replace(api, abroad=replace(api.abroad, resources=asked))

    def _itself(self, client: Client) -> Party:
        api = None if client.api is None else self.apis.api(client.api)
        return party_of(client, issuer=self.issuer, api=api, lineage=Lineage())

    async def _prove(self, token: PresentedToken | None, request: ExchangeRequest) -> Party | None:
        if token is None:
            return None
        requested = None if request.redeemed else request.requested
        error = as_called(InvalidRequest, grant_type=request.grant_type, requested=requested)
        try:
            return await self.subjects.prove(token)
        except BadToken as bad:
            raise bad.refusal(token.role, error) from bad

    def _proposal_of(self, event: Mapping[str, Any]) -> Proposal:
        client = self.clients.client(str(event["client"]["name"]))
        if client is None:
            raise NotExplainable(f"the client {event['client']['name']} no longer exists")
        targets = self._targets(event)
        at = datetime.fromisoformat(str(event["at"])).timestamp()
        itself = self._itself(client)
        subject = party_from_event(event["subject"], at=int(at))
        asked = event.get("asked", {})
        named = named_from_event(event, subject, people=self.people)
        if named is None and subject.token_id is None and subject.digest is None:
            subject = itself
        scope = asked.get("scope")
        actor = event.get("actor")
        signed_in = _signed_in(event)
        grant = GrantType(str(event["grant"]))
        if grant == REFRESH:  # what began the family, done again
            grant = AUTHORIZATION_CODE if signed_in else TOKEN_EXCHANGE
        return Proposal(
            at=at,
            grant_type=grant,
            authorization=authorization_from_event(event, subject) if signed_in else None,
            client=client,
            subject=subject,
            actor=None if actor is None else party_from_event(actor, at=int(at)),
            itself=itself,
            requested=TokenType(str(asked.get("type", ACCESS_TOKEN))),
            targets=targets,
            scope=None if scope is None else parse_scope(scope),
            proven=confirmation_from_event(event.get("proven")) or NO_KEY,
            named=named,
            why=Why(str(asked.get("reason", "")), str(asked.get("ticket", ""))),
            details=tuple(asked.get("authorization_details", ())) or subject.granted_details,
        )


def _signed_in(event: Mapping[str, Any]) -> bool:
    """Whether the attempt was an app's, with what somebody let it have when they signed in."""
    return bool(event["subject"].get("type") == SIGN_IN)


def _is_of_the_sign_in(event: Mapping[str, Any]) -> bool:
    """Whether it was refused for what the person had been asked, of which the entry tells no more."""
    return _signed_in(event) and event.get("reason") in ("bad_code", "unknown_target")
