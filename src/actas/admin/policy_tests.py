"""The policy tests of a configuration, run against its own rules by the judge that answers requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from actas.admin.made_up import party_from_case, party_of_grant, person_from_case
from actas.clients.document import DocumentTerms, is_document_id
from actas.core.abroad import Acceptance
from actas.core.client import Client
from actas.core.confirmation import Confirmation
from actas.core.errors import BadToken, InvalidGrant
from actas.core.lineage import Lineage
from actas.core.party import Party
from actas.core.permit import Parties, Permit, Proposal, Refusal
from actas.core.person import Person
from actas.core.reasons import Reason
from actas.core.target import Api
from actas.core.wire import (
    ACCESS_TOKEN,
    CLIENT_CREDENTIALS,
    ID_JAG,
    JWT,
    JWT_BEARER,
    TOKEN_EXCHANGE,
    TokenType,
)
from actas.kinds.judge import Judgement, judge
from actas.kinds.kind import Kind
from actas.policy.cases import AskedToken, PolicyTest
from actas.policy.connections import Connections, name_of
from actas.policy.decide import Policy
from actas.policy.explain import nearest, rule_lines
from actas.subjects.itself import party_of
from actas.subjects.tenants import require_tenant
from actas.trust.registry import TrustedIssuer

EVERY_PROOF: Final = Confirmation(jkt="-" * 43, x5t="-" * 43)
"""That the client proves the keys it must is taken for granted, as that it authenticates."""


@dataclass(frozen=True, slots=True)
class TestResult:
    """What came of one policy test.

    Attributes:
        problems: how the decision differs from what the test expects; empty when it passed.
    """

    __test__ = False  # a name that a test collector would take for a suite

    test: PolicyTest
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTester:
    """Runs policy tests.

    Attributes:
        ourselves: our own issuer identifier.
        clients: those of the configuration; ``documents`` says what holds for those known by their document.
        people: the users, by name.
        connections: to other domains; what they lead to is among what ``clients`` may ask for.
        at: the instant of the tests, seconds since the epoch.
    """

    ourselves: str
    clients: Mapping[str, Client]
    apis: Mapping[str, Api]
    issuers: Mapping[str, TrustedIssuer]
    documents: DocumentTerms | None = None
    people: Mapping[str, Person] = field(default_factory=dict[str, Person])
    connections: Connections = field(default_factory=Connections)
    kinds: Sequence[Kind]
    policy: Policy
    at: int

    def run(self, test: PolicyTest) -> TestResult:
        """Run one test. Pure: nothing is issued and nothing is written."""
        if (early := self._early(test)) is not None:
            return TestResult(test, tuple(_refused_early(test, early)))
        judgement = judge(self._proposal(test), kinds=self.kinds, policy=self.policy)
        return TestResult(test, tuple(self._differences(test, judgement)))

    def _early(self, test: PolicyTest) -> Refusal | None:
        """Return why a grant is not redeemed, when that is settled before any rule is asked."""
        accepted = self._accepted(test)
        if accepted is None:
            return None
        person = None if accepted.match == "subject" else self.people.get(_user_of(test))
        if person is not None and person.disabled:
            return _refusal("bad_subject", f"{person.subject} is disabled")
        if test.subject is not None:
            try:
                require_tenant(test.subject.claims, accepted)
            except BadToken as bad:
                return _refusal("wrong_tenant", bad.detail)
        ways = self.connections.redeeming(test.client, issuer=accepted.issuer, grant=accepted.grant)
        if not all(one.paused for one in ways):
            return None
        names = ", ".join(one.name for one in ways)
        return _refusal("connection_paused", f"the connection {names} is paused")

    def _accepted(self, test: PolicyTest) -> Acceptance | None:
        """Return the connection by which a test redeems a grant; None when it asks for something else."""
        return None if test.connection is None else self.connections.acceptance(test.connection)

    def _proposal(self, test: PolicyTest) -> Proposal:
        clients = self._clients(test)
        client = clients[test.client]
        own = None if client.api is None else self.apis[client.api]
        itself = party_of(client, issuer=self.ourselves, api=own, lineage=Lineage())
        parties = self._parties(test, itself, clients)
        alone = test.subject is None and test.requested_subject is None
        redeems = self._accepted(test) is not None
        targets = self._targets(test)
        grant_type = CLIENT_CREDENTIALS if alone else JWT_BEARER if redeems else TOKEN_EXCHANGE
        return Proposal(
            at=float(self.at),
            grant_type=grant_type,
            client=client,
            subject=parties.subject,
            actor=parties.actor,
            itself=itself,
            named=parties.named,
            why=test.why,
            requested=_requested(targets),
            targets=targets,
            scope=test.scope,
            details=test.details,
            proven=EVERY_PROOF,
        )

    def _clients(self, test: PolicyTest) -> Mapping[str, Client]:
        """Return the clients by name, with those that the test names by the address of their document."""
        named = {test.client}
        for token in (test.subject, test.actor):
            named |= set() if token is None else {token.user, *token.via}
        terms = self.documents
        found = [] if terms is None else [terms.assumed(name) for name in named if is_document_id(name)]
        return {**self.clients, **{client.name: client for client in found if client is not None}}

    def _targets(self, test: PolicyTest) -> tuple[Api, ...]:
        if test.connection is None:
            return tuple(self.apis[name] for name in test.apis)
        if (accepted := self._accepted(test)) is not None:
            return (self.apis[accepted.api],)
        target = self.connections.target(name_of(test.connection))
        if target is None:
            raise LookupError(f"there is no connection {test.connection}")
        return (target,)

    def _parties(self, test: PolicyTest, itself: Party, clients: Mapping[str, Client]) -> Parties:
        """Return who is there: an administrator is the actor of the user that is named."""
        shown = None if test.subject is None else self._party(test.subject, test.client, clients)
        if test.requested_subject is None:
            actor = None if test.actor is None else self._party(test.actor, test.client, clients)
            if shown is not None and (accepted := self._accepted(test)) is not None:
                shown = self._told_of(shown, test, accepted)
            elif shown is not None and test.connection is not None:
                shown = self._just_signed_in(shown)
            return Parties(itself if shown is None else shown, actor, itself)
        named, person = person_from_case(
            test.requested_subject,
            administrator=test.subject,
            ourselves=self.ourselves,
            people=self.people,
            at=self.at,
        )
        return Parties(named, None if shown is None else self._just_signed_in(shown), itself, person)

    def _told_of(self, party: Party, test: PolicyTest, accepted: Acceptance) -> Party:
        return party_of_grant(
            party,
            accepted,
            known=test.subject is None or test.subject.known,
            ourselves=self.ourselves,
            people=self.people,
        )

    def _just_signed_in(self, party: Party) -> Party:
        """Return a party that signed in this instant, unless the test says when it did."""
        return msgspec.structs.replace(party, claims={"auth_time": self.at, **party.claims})

    def _party(self, asked: AskedToken, presenter: str, clients: Mapping[str, Client]) -> Party:
        return party_from_case(
            asked,
            ourselves=self.ourselves,
            issuers=self.issuers,
            clients=clients,
            presenter=presenter,
            at=self.at,
        )

    def _differences(self, test: PolicyTest, judgement: Judgement) -> Iterator[str]:
        decision = judgement.decision
        if isinstance(decision, Refusal):
            yield from self._refused(test, judgement, decision)
        else:
            yield from _granted(test, decision)
        if test.kind is not None:
            seen = "none" if judgement.kind is None else judgement.kind.name
            if seen != test.kind:
                yield f"expected the kind {test.kind}, got {seen}"

    def _refused(self, test: PolicyTest, judgement: Judgement, refusal: Refusal) -> Iterator[str]:
        if test.granted is not None:
            yield f"expected it granted, got {refusal.reason}: {refusal.detail}"
            return
        if refusal.reason != test.refused:
            yield f"expected {test.refused}, got {refusal.reason}: {refusal.detail}"
        lines = rule_lines(
            self.policy,
            judgement.situation,
            apis=judgement.situation.proposal.targets,
            kinds=[kind.name for kind in judgement.considered],
        )
        had_a_part = {line.name for line in lines if line.matched is not False}
        if test.rule is not None and test.rule not in had_a_part:
            yield f"expected the rule {test.rule} to have refused it"
        if test.near_miss is not None:
            near = nearest(lines)
            if near is None or near.name != test.near_miss:
                yield f"expected {test.near_miss} to come nearest, got {near.name if near else 'none'}"


def _requested(targets: tuple[Api, ...]) -> TokenType:
    """Return what is asked for: for what a connection leads to, the grant that it is for."""
    abroad = targets[0].abroad
    return ACCESS_TOKEN if abroad is None else ID_JAG if abroad.grant == "id_jag" else JWT


def _refusal(reason: Reason, detail: str) -> Refusal:
    return Refusal(error=InvalidGrant, reason=reason, detail=detail)


def _user_of(test: PolicyTest) -> str:
    return "" if test.subject is None else test.subject.user


def _refused_early(test: PolicyTest, refusal: Refusal) -> Iterator[str]:
    if test.granted is not None:
        yield f"expected it granted, got {refusal.reason}: {refusal.detail}"
    elif refusal.reason != test.refused:
        yield f"expected {test.refused}, got {refusal.reason}: {refusal.detail}"
    if test.rule is not None:
        yield f"expected the rule {test.rule} to have refused it, and none was asked"


def _granted(test: PolicyTest, permit: Permit) -> Iterator[str]:
    if test.granted is None:
        yield f"expected {test.refused}, got granted: {' '.join(sorted(permit.scope))}"
        return
    if permit.scope != test.granted:
        yield f"expected {' '.join(sorted(test.granted))}, got {' '.join(sorted(permit.scope))}"
    if test.granted_details is not None and permit.details != test.granted_details:
        wanted, got = (msgspec.json.encode(one).decode() for one in (test.granted_details, permit.details))
        yield f"expected the authorization details {wanted}, got {got}"
    lifetime = permit.expires_at - permit.issued_at
    if test.lifetime is not None and lifetime != test.lifetime:
        yield f"expected a life of {test.lifetime} s, got {lifetime} s"
    if test.rule is not None and test.rule not in permit.rules:
        yield f"expected the rule {test.rule} to allow it, got {', '.join(permit.rules)}"
    needed = frozenset(() if permit.impersonation is None else permit.impersonation.approval)
    if test.approval is not None and needed != test.approval:
        wanted = " ".join(sorted(test.approval))
        yield f"expected the approval of {wanted}, got {' '.join(sorted(needed)) or 'none'}"
    if test.chain is not None:
        chain = (permit.subject.subject, *(actor.identity.subject for actor in reversed(permit.actors)))
        if not _same_chain(test.chain, chain):
            yield f"expected the chain {' '.join(test.chain)}, got {' '.join(chain)}"


def _same_chain(expected: Sequence[str], got: Sequence[str]) -> bool:
    """Tests may write short names: ``alice`` for alice@acme.example, or for corp:alice."""
    return len(expected) == len(got) and all(
        want in (have, have.partition("@")[0], have.partition(":")[2])
        for want, have in zip(expected, got, strict=True)
    )
