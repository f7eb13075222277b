"""The judge: the specifications' musts, then the rules, then one decision with its reasons.

Pure. The same function decides a request and explains one, so that an explanation can never differ
from the decision. It goes on after the first refusal, so that ``explain`` can show every stage.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from actas.core.details import Details
from actas.core.lineage import Lineage, joined
from actas.core.party import Actor
from actas.core.permit import Decision, Permit, Proposal, Refusal
from actas.core.person import as_actor
from actas.core.ports import Json
from actas.core.wire import JWT_BEARER, REFRESH_TOKEN
from actas.kinds.acting import chain_of_acting
from actas.kinds.acting_as import acting_as, begun_first, hides, lineage_of, unmet, within
from actas.kinds.binding import Bound, bound
from actas.kinds.chained import as_asked_by_grant
from actas.kinds.checks import EVERY_KIND
from actas.kinds.cross_app import grant_abroad, token_tells_of_a_sign_in
from actas.kinds.details import granted
from actas.kinds.formats import algorithm_of, format_of
from actas.kinds.kind import Check, Kind
from actas.kinds.limits import (
    Limits,
    beyond_limits,
    parents_end,
    scope_tables,
)
from actas.kinds.on_behalf import as_can_be_asked_for
from actas.kinds.proposed import not_as_encrypted, resource_of
from actas.kinds.redemption import agreement_of, matched_of, newcomer_of, single_of
from actas.kinds.renewal import OF_REFRESH, family_of, life_of
from actas.kinds.ruling import added_claims, rule_names, rule_refusals
from actas.kinds.wording import worded
from actas.policy.decide import Policy, Verdict
from actas.policy.narrow import ScopeTable, deepest_chain
from actas.policy.situation import Situation


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was looked at, and what came of it.

    Attributes:
        situation: the exchange as the rules saw it.
        kind: the kind that was chosen, or None when no allow matched.
        kinds: every kind there is, the preferred first.
        verdicts: what the rules said, per target, for the chosen kind; for all open kinds when none was.
        tables: what became of the scopes, per target.
        granted: the scopes that would be granted; ``details`` are the authorization details.
        actors: the chain of the new token, newest first.
        depth_limit: the most actors it may name.
        lifetime: its life in seconds.
        bound: what it is bound to, and what was asked for.
        refusals: every refusal, in the order of the stages; empty when it was granted.
        permit: what may be issued, or None.
    """

    situation: Situation
    kind: Kind | None
    kinds: tuple[Kind, ...]
    verdicts: tuple[Verdict, ...]
    tables: tuple[ScopeTable, ...]
    granted: frozenset[str]
    details: Details
    actors: tuple[Actor, ...]
    depth_limit: int
    lifetime: int
    bound: Bound
    refusals: tuple[Refusal, ...]
    permit: Permit | None

    @property
    def considered(self) -> tuple[Kind, ...]:
        """The kinds that the shape of the request leaves open."""
        return tuple(_open(self.kinds, self.situation.proposal))

    @property
    def decision(self) -> Decision:
        """The permit, or the first refusal."""
        if self.permit is not None:
            return self.permit
        return self.refusals[0]


def judge(proposal: Proposal, *, kinds: Sequence[Kind], policy: Policy) -> Judgement:
    """Decide one exchange.

    Args:
        proposal: what is asked, all of it proven.
        kinds: the kinds of exchange, the preferred first.
        policy: the compiled rules.
    """
    refusals = _refused_by((*OF_REFRESH, *EVERY_KIND), proposal)
    situation = Situation(proposal=proposal, chain=_whole_chain(proposal), needed=policy.needed)
    kind, verdicts = _choose(situation, kinds, policy)
    refusals += _refused_by((token_tells_of_a_sign_in,) if kind is None else kind.checks, proposal)
    keys = _keys(proposal, verdicts, policy)
    found = [*rule_refusals(situation, kind, verdicts, policy), *not_as_encrypted(proposal, policy)]
    refusals += _first_of_keys(found, keys, proposal)

    asked = acting_as(situation, kind, verdicts, policy)
    tables = scope_tables(proposal, kind, verdicts)
    scope, details, beyond = granted(proposal, kind, tables, verdicts, policy.defaults)

    actors = () if kind is None or hides(asked) else kind.chain(proposal)
    depth_limit = deepest_chain(verdicts, policy.defaults)
    lifetime = within(asked, life_of(proposal, kind, verdicts, policy.defaults))
    lineage = _lineage(proposal) if asked is None else lineage_of(proposal, asked)
    limited = beyond_limits(len(actors), depth_limit, lifetime, lineage, proposal=proposal)
    refusals += [*beyond, *unmet(asked, proposal, policy), *limited, *keys.unmet]

    permit = None
    if kind is not None and not refusals:
        claims, claim_refusal = added_claims(situation, verdicts)
        if claim_refusal is not None:
            refusals.append(claim_refusal)
        else:
            limits = Limits(scope, actors, lifetime, keys.to, lineage, details)
            permit = _permit(proposal, kind, verdicts, policy=policy, limits=limits, claims=claims)
    return Judgement(
        situation=situation,
        kind=kind,
        kinds=tuple(kinds),
        verdicts=verdicts,
        tables=tables,
        granted=scope,
        details=details,
        actors=actors,
        depth_limit=depth_limit,
        lifetime=lifetime,
        bound=keys,
        refusals=worded(refusals, proposal, policy),
        permit=begun_first(permit, proposal, asked),
    )


def _keys(proposal: Proposal, verdicts: tuple[Verdict, ...], policy: Policy) -> Bound:
    """Return what the new token is bound to, be it ours or that of another server."""
    keys = as_asked_by_grant(bound(proposal, verdicts, policy.defaults), proposal, verdicts)
    return as_can_be_asked_for(keys, proposal)


def _first_of_keys(by_rules: list[Refusal], keys: Bound, proposal: Proposal) -> list[Refusal]:
    """Return what rules refuse, after the key of a grant that was not proven: who does not hold it hears no
    more (JAG-102, JAG-103). Of other tokens a rule says who may relay them, and comes first.
    """
    redeems = proposal.grant_type == JWT_BEARER
    return [*keys.unheld, *by_rules] if redeems else [*by_rules, *keys.unheld]


def _refused_by(checks: Iterable[Check], proposal: Proposal) -> list[Refusal]:
    found: list[Refusal] = []
    for check in checks:
        refusal = check(proposal)
        if refusal is not None:
            found.append(refusal)
    return found


def _whole_chain(proposal: Proposal) -> tuple[Actor, ...]:
    """The subject, then every actor, oldest first, the acting party last: whom a rule may forbid."""
    chain = chain_of_acting(proposal)
    if proposal.acting.identity == proposal.subject.identity:
        chain = chain[1:]
    return (as_actor(proposal.subject), *reversed(chain))


def _lineage(proposal: Proposal) -> Lineage:
    """Return the lineage of the new token: of its subject, its actor and the client that asks."""
    subject, itself, at = proposal.subject.lineage, proposal.itself.lineage, int(proposal.at)
    if proposal.actor is None:
        return joined(subject, itself, since=at)
    return joined(subject, proposal.actor.lineage, itself, since=at)


def _open(kinds: Iterable[Kind], proposal: Proposal) -> Iterator[Kind]:
    renewal = proposal.renewal
    for kind in kinds:
        if renewal is not None and renewal.family.kind != kind.name:
            continue
        if kind.names_subject != (proposal.named is not None):
            continue
        if proposal.requested in kind.yields and kind.fits(proposal):
            yield kind


def _choose(
    situation: Situation, kinds: Iterable[Kind], policy: Policy
) -> tuple[Kind | None, tuple[Verdict, ...]]:
    """The first kind that an allow permits at every target; the one that names the actor comes first."""
    seen: list[Verdict] = []
    targets = situation.proposal.targets
    for kind in _open(kinds, situation.proposal):
        verdicts = [policy.consult(situation, api=api, kind=kind.name) for api in targets]
        seen += verdicts
        allowed = bool(verdicts)
        broken = False
        for verdict in verdicts:
            allowed = allowed and bool(verdict.allows)
            broken = broken or bool(verdict.broken)
        if broken:
            # A rule that cannot be evaluated refuses, whichever kind it is for.
            return (kind if allowed else None), tuple(seen)
        if allowed:
            return kind, tuple(verdicts)
    return None, tuple(seen)


def _permit(
    proposal: Proposal,
    kind: Kind,
    verdicts: tuple[Verdict, ...],
    *,
    policy: Policy,
    limits: Limits,
    claims: dict[str, Json],
) -> Permit:
    subject = proposal.subject
    issued_at = int(proposal.at)
    family = family_of(proposal, verdicts, kind=kind.name, limits=limits)
    asked = family if proposal.requested == REFRESH_TOKEN else None
    return Permit(
        rules=rule_names(verdicts),
        policy=policy.version,
        kind=kind.name,
        client_id=proposal.client.name,
        subject=subject.identity,
        subject_kind=subject.kind,
        origin=subject.origin,
        actors=policy.carried.actors(limits.actors),
        token_type=proposal.requested,
        audience=tuple([api.audience for api in proposal.targets]),
        scope=limits.scope,
        issued_at=issued_at,
        expires_at=issued_at + limits.lifetime,
        lineage=limits.lineage,
        not_after=None if asked is not None else min(parents_end(proposal), default=None),
        algorithm=algorithm_of(proposal),
        claims=claims,
        groups=policy.carried.groups(subject.groups),
        otherwise=policy.carried.otherwise(subject.otherwise),
        txn=subject.txn,
        confirmation=limits.confirmation,
        # Of a refresh token there is one look only.
        format="reference" if asked is not None else format_of(proposal, policy.defaults),
        family=asked,
        renewal=proposal.renewal,
        authorization=proposal.authorization,
        begins=family if asked is None else None,
        abroad=grant_abroad(proposal),
        single=single_of(proposal, verdicts),
        newcomer=newcomer_of(proposal),
        matched=matched_of(proposal),
        agreement=agreement_of(proposal, limits.scope, limits.details),
        resource=resource_of(proposal, verdicts),
        details=limits.details,
    )
