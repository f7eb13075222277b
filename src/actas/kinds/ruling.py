"""What the verdicts of the rules come to: refusals, claims to add, the rules that had a part. Pure."""

from __future__ import annotations

from actas.core.errors import InvalidGrant, InvalidTarget
from actas.core.permit import Proposal, Refusal
from actas.core.ports import Json
from actas.core.wire import JWT_BEARER
from actas.kinds.closed import why_closed
from actas.kinds.formats import of_two_formats
from actas.kinds.kind import Kind
from actas.kinds.renewal import refused_refresh
from actas.policy.connections import connection_of
from actas.policy.decide import Policy, Rule, Verdict
from actas.policy.expression import EvaluationError
from actas.policy.situation import Situation


def rule_refusals(
    situation: Situation, kind: Kind | None, verdicts: tuple[Verdict, ...], policy: Policy
) -> list[Refusal]:
    """Return why the rules refuse.

    Args:
        situation: the exchange.
        kind: the kind that they allow at every target, or None.
        verdicts: what they said there.
    """
    found: list[Refusal] = []
    proposal = situation.proposal
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
        found.append(_paused(proposal, verdicts, policy) or _closed(situation, verdicts, policy))
    return [*found, *refused_refresh(proposal, verdicts), *of_two_formats(proposal, policy.defaults)]


def _closed(situation: Situation, verdicts: tuple[Verdict, ...], policy: Policy) -> Refusal:
    detail = why_closed(situation, verdicts, policy) or "no rule allows this exchange"
    return Refusal(error=InvalidTarget, reason="no_rule", detail=detail)


def _paused(proposal: Proposal, verdicts: tuple[Verdict, ...], policy: Policy) -> Refusal | None:
    """Return the refusal of a grant at an API to which every connection of its client and issuer is paused.

    Others of the two may lead elsewhere, so ``kinds.redemption`` lets it come here. It only says why: what no
    rule allows is refused either way.
    """
    if proposal.grant_type != JWT_BEARER:
        return None
    theirs = policy.redeeming.of(proposal.client.name, issuer=proposal.subject.issuer_name)
    for api in proposal.targets:
        kinds = {verdict.kind for verdict in verdicts if verdict.api.name == api.name}
        ways = [one for one in theirs if one.kind in kinds and api.name in one.apis]
        if ways and all(one.disabled for one in ways):
            names = ", ".join(connection_of(one.name) for one in ways)
            detail = f"the connection {names} is paused"
            return Refusal(error=InvalidGrant, reason="connection_paused", detail=detail)
    return None


def _denied(rule: Rule, detail: str) -> Refusal:
    return Refusal(error=InvalidTarget, reason="denied_by_rule", detail=detail, rules=(rule.spec.name,))


def added_claims(
    situation: Situation, verdicts: tuple[Verdict, ...]
) -> tuple[dict[str, Json], Refusal | None]:
    """Return the claims that the rules add, or the refusal when they contradict each other."""
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


def rule_names(verdicts: tuple[Verdict, ...]) -> tuple[str, ...]:
    """The names of the rules that allow it, each once."""
    names = {rule.spec.name for verdict in verdicts for rule in verdict.allows}
    return tuple(sorted(names))
