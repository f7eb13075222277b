"""What ``explain`` says: seven stages, every condition with its values, the scopes, the smallest change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from actas.admin.told_of_parties import actor_text, chain_text, client_text, party_text
from actas.core.errors import OAuthError
from actas.core.permit import Permit, Proposal, Refusal
from actas.core.spans import span
from actas.core.wire import JWT_BEARER
from actas.kinds.judge import Judgement
from actas.kinds.kind import Kind
from actas.policy.decide import Policy
from actas.policy.explain import RuleLine, nearest, rule_lines
from actas.policy.narrow import ScopeTable
from actas.policy.rule import KindWord

STAGES = ("client", "subject", "actor", "rules", "scopes", "chain", "lifetime")
"""The seven stages of a decision, as the configuration reference numbers them. What refuses after them is an
eighth (``afterwards``).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stage.

    Attributes:
        number: from 1.
        passed: None when the stage was not reached.
        text: what was found, in one line.
    """

    number: int
    name: str
    passed: bool | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """The smallest change that would have been granted, tried before it is suggested.

    Attributes:
        scope: ask for exactly these scopes.
    """

    scope: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why an exchange was, or would be, granted or refused.

    Attributes:
        error: the OAuth error, or None when granted.
        reason: the word of the closed set, or None when granted.
        detail: the decisive sentence.
        rules: the rules that concern this client at these targets.
        tables: the scope table of each target.
        near_miss: the allow that came nearest, when no rule allowed it.
        suggestion: the smallest change that would have been granted, if there is one.
        refused_by: the rules that had a part in the refusal.
        policy: the version of the policy that this explanation used.
        drawn: the chain: the subject, then every actor, oldest first.
    """

    granted: bool
    kind: str | None
    error: str | None
    reason: str | None
    detail: str
    stages: tuple[Stage, ...]
    rules: tuple[RuleLine, ...]
    tables: tuple[ScopeTable, ...]
    requested: tuple[str, ...] | None
    scopes: tuple[str, ...]
    near_miss: RuleLine | None
    suggestion: Suggestion | None
    policy: str
    refused_by: tuple[str, ...] = ()
    proposal: Proposal | None = None
    permit: Permit | None = None

    @property
    def redeems(self) -> bool:
        """Whether a grant of another domain was to be redeemed, whether or not a kind was chosen for it."""
        return self.proposal is not None and self.proposal.grant_type == JWT_BEARER


def explain_early(
    error: OAuthError, *, stage: int, passed: Mapping[int, str], policy: str, whose: str = ""
) -> Explanation:
    """Explain a refusal that came before the rules were asked.

    Args:
        error: the refusal.
        stage: the number of the stage that refused.
        passed: the texts of those that were passed, by number: a grant that is redeemed is proven before it
            is known what it is for.
        policy: the version of the policy.
        whose: whose token was refused, where that much is proven.
    """
    texts = {**passed, stage: f"{whose}: {error.detail}" if whose else error.detail}
    stages = tuple(
        Stage(
            number=number,
            name=name,
            passed=number != stage if number in texts else None,
            text=texts.get(number, "not reached"),
        )
        for number, name in enumerate(STAGES, 1)
    )
    return Explanation(
        granted=False,
        kind=None,
        error=error.code,
        reason=error.reason,
        detail=error.detail,
        stages=stages,
        rules=(),
        tables=(),
        requested=None,
        scopes=(),
        near_miss=None,
        suggestion=None,
        policy=policy,
    )


def explain_judgement(
    judgement: Judgement, *, policy: Policy, kinds: Sequence[Kind], suggestion: Suggestion | None
) -> Explanation:
    """Explain a decision.

    Args:
        judgement: the decision with everything it looked at.
        policy: the rules that decided.
        kinds: the kinds of exchange.
        suggestion: the smallest change that would have been granted.
    """
    proposal = judgement.situation.proposal
    decision = judgement.decision
    refusal = decision if isinstance(decision, Refusal) else None
    considered: list[KindWord] = [kind.name for kind in (judgement.considered or tuple(kinds))]
    lines = rule_lines(policy, judgement.situation, apis=proposal.targets, kinds=considered)
    return Explanation(
        granted=refusal is None,
        kind=None if judgement.kind is None else judgement.kind.name,
        error=None if refusal is None else refusal.error.code,
        reason=None if refusal is None else refusal.reason,
        detail="" if refusal is None else refusal.detail,
        stages=_stages(judgement, lines),
        rules=lines,
        tables=judgement.tables,
        requested=None if proposal.scope is None else tuple(sorted(proposal.scope)),
        scopes=tuple(sorted(judgement.granted)),
        near_miss=None if judgement.kind is not None else nearest(lines),
        suggestion=suggestion,
        policy=policy.version,
        refused_by=() if refusal is None else refusal.rules,
        proposal=proposal,
        permit=judgement.permit,
    )


_STAGE_OF = {
    "unknown_target": 1,
    "connection_paused": 1,
    "formats_differ": 1,
    "wrong_audience": 2,
    "bad_subject": 2,
    "key_not_proven": 2,
    "bad_actor": 3,
    "actor_not_allowed": 3,
    "malformed_request": 3,
    "no_rule": 4,
    "excess": 5,
    "bad_details": 5,
    "chain_too_deep": 6,
    "expired": 7,
    "binding_needed": 7,
    "protected_subject": 2,
    "cannot_be_told": 2,
    "impersonated": 3,
}


def _stage_of(refusal: Refusal, proposal: Proposal) -> int:
    if refusal.reason == "denied_by_rule":
        return 5 if refusal.error.code == "invalid_scope" else 4
    if refusal.reason == "sign_in_again":  # of the administrator, when somebody acts as another
        return 2 if proposal.named is None else 3
    if refusal.reason == "expired":
        for party, stage in ((proposal.subject, 2), (proposal.actor, 3)):
            if party is not None and party is not proposal.itself and party.expires_at <= int(proposal.at):
                return stage
    return _STAGE_OF.get(refusal.reason, 4)


def _stages(judgement: Judgement, lines: Sequence[RuleLine]) -> tuple[Stage, ...]:
    proposal = judgement.situation.proposal
    refused: dict[int, str] = {}
    for refusal in judgement.refusals:
        refused.setdefault(_stage_of(refusal, proposal), refusal.detail)
    found = (
        client_text(proposal),
        party_text(proposal.subject, proposal.at),
        actor_text(proposal),
        _rules_text(lines, proposal.scope),
        _scopes_text(judgement),
        chain_text(judgement),
        _lifetime_text(judgement),
    )
    unopened = _unopened(judgement)
    return tuple(
        Stage(
            number=number,
            name=name,
            passed=None if number in unopened else number not in refused,
            text=unopened.get(number) or refused.get(number, found[number - 1]),
        )
        for number, name in enumerate(STAGES, 1)
    )


def _unopened(judgement: Judgement) -> dict[int, str]:
    """Return what is said of stages that mean nothing where a connection did not open, by number."""
    proposal = judgement.situation.proposal
    if judgement.kind is not None or not (
        proposal.grant_type == JWT_BEARER or any(api.abroad is not None for api in proposal.targets)
    ):
        return {}
    paused = any(one.reason == "connection_paused" for one in judgement.refusals)
    said = "not reached: it is paused" if paused else "not reached: no connection opened"
    return dict.fromkeys((4, 5, 6, 7) if paused else (5, 6, 7), said)


def _concerns(line: RuleLine, requested: frozenset[str] | None) -> bool:
    """Whether a deny took something away: the whole target, or a scope that was asked for."""
    return not line.scopes or requested is None or not requested.isdisjoint(line.scopes)


def _rules_text(lines: Sequence[RuleLine], requested: frozenset[str] | None) -> str:
    matched = [line for line in lines if line.matched]
    allows = [line.name for line in matched if line.effect == "allows"]
    denies = [line.name for line in matched if line.effect == "denies" and _concerns(line, requested)]
    said = [f"allowed by {', '.join(allows)}"] if allows else []
    said += [f"cut by {', '.join(denies)}"] if denies else []
    return "; ".join(said) or "no rule concerns this"


def _scopes_text(judgement: Judgement) -> str:
    scopes = " ".join(sorted(judgement.granted)) or "none"
    types = ", ".join(sorted({str(one["type"]) for one in judgement.details}))
    return f"{scopes}, and authorization details of the type {types}" if types else scopes


def _lifetime_text(judgement: Judgement) -> str:
    proposal = judgement.situation.proposal
    left = proposal.subject.expires_at - int(proposal.at)
    key = judgement.bound.to
    tied = "" if key is None else f"; bound to the {key.words}"
    if proposal.subject is not proposal.itself and judgement.lifetime >= left:
        return f"{span(judgement.lifetime)}: what the subject token has left{tied}"
    return f"{span(judgement.lifetime)}: the shortest of rule, API and default{tied}"
