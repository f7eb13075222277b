"""The judge: the specifications' musts, then the rules, then one decision with its reasons.

Pure. The same function decides a request and explains one, so that an explanation can never differ
from the decision. It goes on after the first refusal, so that ``explain`` can show every stage.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from actas.core.errors import InvalidTarget
from actas.core.lineage import Lineage, joined
from actas.core.party import Actor
from actas.core.permit import Decision, Permit, Proposal, Refusal
from actas.core.ports import Json
from actas.core.wire import SigningAlgorithm
from actas.kinds.binding import Bound, bound
from actas.kinds.checks import EVERY_KIND
from actas.kinds.kind import Check, Kind
from actas.kinds.limits import (
    Limits,
    beyond_limits,
    granted_scopes,
    lifetime_of,
    parents_end,
    scope_tables,
)
from actas.policy.decide import Policy, Rule, Verdict
from actas.policy.expression import EvaluationError
from actas.policy.match import Situation
from actas.policy.narrow import ScopeTable, deepest_chain, longest_life


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was looked at, and what came of it.

    Attributes:
        situation: the exchange as the rules saw it.
        kind: the kind that was chosen, or None when no allow matched.
        kinds: every kind there is, the preferred first.
        verdicts: what the rules said, per target, for the chosen kind; for all open kinds when none was.
        tables: what became of the scopes, per target.
        granted: the scopes that would be granted.
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
    refusals = _refused_by(EVERY_KIND, proposal)
    situation = Situation(proposal=proposal, chain=_whole_chain(proposal), needed=policy.needed)
    kind, verdicts = _choose(situation, kinds, policy)
    if kind is not None:
        refusals += _refused_by(kind.checks, proposal)
    refusals += _rule_refusals(kind, verdicts)

    tables = scope_tables(proposal, kind, verdicts)
    granted, scope_refusal = granted_scopes(proposal.scope, tables, verdicts, policy.defaults.on_excess_scope)
    if scope_refusal is not None and kind is not None:
        refusals.append(scope_refusal)

    actors = () if kind is None else kind.chain(proposal)
    depth_limit = deepest_chain(verdicts, policy.defaults)
    lifetime = lifetime_of(proposal, kind, longest_life(verdicts, policy.defaults))
    lineage = _lineage(proposal)
    refusals += beyond_limits(len(actors), depth_limit, lifetime, lineage)
    keys = bound(proposal, verdicts, policy.defaults)
    refusals += keys.refusals

    permit = None
    if kind is not None and not refusals:
        claims, claim_refusal = _added_claims(situation, verdicts)
        if claim_refusal is not None:
            refusals.append(claim_refusal)
        else:
            limits = Limits(granted, actors, lifetime, keys.to, lineage)
            permit = _permit(proposal, kind, verdicts, policy=policy, limits=limits, claims=claims)
    return Judgement(
        situation=situation,
        kind=kind,
        kinds=tuple(kinds),
        verdicts=verdicts,
        tables=tables,
        granted=granted,
        actors=actors,
        depth_limit=depth_limit,
        lifetime=lifetime,
        bound=keys,
        refusals=tuple(refusals),
        permit=permit,
    )


def _refused_by(checks: Iterable[Check], proposal: Proposal) -> list[Refusal]:
    found: list[Refusal] = []
    for check in checks:
        refusal = check(proposal)
        if refusal is not None:
            found.append(refusal)
    return found


def _whole_chain(proposal: Proposal) -> tuple[Actor, ...]:
    """The subject, then every actor, oldest first, the acting party last: whom a rule may forbid."""
    subject = proposal.subject
    acting = proposal.acting
    members = [subject.as_actor(), *reversed(subject.actors), *reversed(acting.actors)]
    if acting.identity != subject.identity:
        members.append(acting.as_actor())
    return tuple(members)


def _lineage(proposal: Proposal) -> Lineage:
    """Return the lineage of the new token: of its subject, its actor and the client that asks."""
    subject, itself, at = proposal.subject.lineage, proposal.itself.lineage, int(proposal.at)
    if proposal.actor is None:
        return joined(subject, itself, since=at)
    return joined(subject, proposal.actor.lineage, itself, since=at)


def _open(kinds: Iterable[Kind], proposal: Proposal) -> Iterator[Kind]:
    for kind in kinds:
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


def _rule_refusals(kind: Kind | None, verdicts: tuple[Verdict, ...]) -> list[Refusal]:
    found: list[Refusal] = []
    for verdict in verdicts:
        found += [
            _denied(rule, f"the rule {rule.spec.name} could not be evaluated: {why}")
            for rule, why in verdict.broken
        ]
        found += [
            _denied(rule, f"the rule {rule.spec.name} denies {verdict.api.name}: {rule.spec.reason}")
            for rule in verdict.denies
        ]
    if kind is None and not found:
        found.append(Refusal(error=InvalidTarget, reason="no_rule", detail="no rule allows this exchange"))
    return found


def _denied(rule: Rule, detail: str) -> Refusal:
    return Refusal(error=InvalidTarget, reason="denied_by_rule", detail=detail, rules=(rule.spec.name,))


def _added_claims(
    situation: Situation, verdicts: tuple[Verdict, ...]
) -> tuple[dict[str, Json], Refusal | None]:
    claims: dict[str, Json] = {}
    for verdict in verdicts:
        for rule in verdict.allows:
            if not rule.claims:
                continue
            try:
                added = rule.added_claims(situation)
            except EvaluationError as exc:
                return {}, _denied(
                    rule, f"a claim of the rule {rule.spec.name} could not be evaluated: {exc}"
                )
            for name, value in added.items():
                if name in claims and claims[name] != value:
                    return {}, _denied(rule, f"two rules set the claim {name} to different values")
                claims[name] = value
    return claims, None


def _names(verdicts: tuple[Verdict, ...]) -> tuple[str, ...]:
    """The names of the rules that allow it, each once."""
    names = {rule.spec.name for verdict in verdicts for rule in verdict.allows}
    return tuple(sorted(names))


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
    algorithms: set[SigningAlgorithm | None] = {api.algorithm for api in proposal.targets}
    return Permit(
        rules=_names(verdicts),
        policy=policy.version,
        kind=kind.name,
        client_id=proposal.client.name,
        subject=subject.identity,
        subject_kind=subject.kind,
        origin=subject.origin,
        actors=limits.actors,
        token_type=proposal.requested,
        audience=tuple([api.audience for api in proposal.targets]),
        scope=limits.scope,
        issued_at=issued_at,
        expires_at=issued_at + limits.lifetime,
        lineage=limits.lineage,
        not_after=min(parents_end(proposal), default=None),
        algorithm=algorithms.pop() if len(algorithms) == 1 else None,
        claims=claims,
        groups=policy.carried_groups(subject.groups),
        txn=subject.txn,
        confirmation=limits.confirmation,
    )
