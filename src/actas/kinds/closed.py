"""Why no connection opened, in a sentence: for the minutes, where somebody asks the next morning. Pure.

A connection is a rule, and of rules the log says only that none allows. But whoever looks after one knows it
by its people: somebody was never here, is in none of its groups, or a condition of it does not hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from actas.core.permit import Proposal
from actas.core.wire import JWT_BEARER
from actas.policy.connections import connection_of, is_of_connection
from actas.policy.decide import Policy, Rule, Verdict
from actas.policy.expression import EvaluationError, Expression
from actas.policy.match import Condition
from actas.policy.situation import Situation

_MOST: Final = 3
"""Connections that are told of at most."""

_WORDS: Final = {
    "subject.known": "{who} was never here, and {name} lets nobody new in (people.unknown: refuse)",
    "subject.groups": "{name} is for the groups {wanted}, and the groups of {who} are {seen}",
    "subject.names": "{name} is for {wanted}, and not for {seen}",
    "subject.from": "{name} is for people of {wanted}, and for {who} vouches {seen}",
    "subject.origin": "{name} is for people of {wanted}, and {who} is of {seen}",
    "subject.token_types": "{name} wants one of {wanted} to show people, and this is {seen}",
}
"""What is said of a condition that did not hold, by its field."""

_ANY: Final = "{name} wants as {field} {wanted}, and saw {seen}"


def why_closed(situation: Situation, verdicts: tuple[Verdict, ...], policy: Policy) -> str | None:
    """Return why none of the connections opened by which this could be; None where it is about none.

    Args:
        verdicts: what the rules said, of every kind that was considered.
    """
    proposal = situation.proposal
    if proposal.grant_type != JWT_BEARER and all(api.abroad is None for api in proposal.targets):
        return None
    said = [one for verdict in verdicts for one in _of_one_target(situation, verdict, policy)]
    return "; ".join(dict.fromkeys(said)) or None


def _of_one_target(situation: Situation, verdict: Verdict, policy: Policy) -> Iterator[str]:
    """Yield it of one kind of exchange at one target, the connection that came nearest first."""
    if verdict.allows:
        return
    proposal = situation.proposal
    ways = [
        rule
        for rule in policy.allows(proposal.client, verdict.api, verdict.kind)
        if is_of_connection(rule.spec) and (proposal.grant_type != JWT_BEARER or _is_of(rule, proposal))
    ]
    if not ways and proposal.grant_type == JWT_BEARER:
        yield _leads_elsewhere(proposal, verdict, policy)
    missed = sorted([[*_missed(rule, situation)] for rule in ways], key=len)
    for sentences in missed[:_MOST]:
        yield from sentences


def _is_of(rule: Rule, proposal: Proposal) -> bool:
    subject = rule.spec.subject
    return subject is not None and proposal.subject.issuer_name in subject.issuers


def _leads_elsewhere(proposal: Proposal, verdict: Verdict, policy: Policy) -> str:
    issuer, client = proposal.subject.issuer_name, proposal.client.name
    ways = [one for one in policy.redeeming.of(client, issuer=issuer) if one.kind == verdict.kind]
    apis = ", ".join(sorted({api for one in ways for api in one.apis}))
    there = f"; its connections for them lead to {apis}" if apis else ""
    return f"no connection lets {client} redeem grants of {issuer} for {verdict.api.name}{there}"


def _missed(rule: Rule, situation: Situation) -> Iterator[str]:
    """Yield what did not hold of one connection."""
    name = f"the connection {connection_of(rule.spec.name)}"
    for condition in rule.conditions:
        if not condition.test(situation):
            yield _said(condition, situation, name=name)
    for expression in rule.when:
        if (problem := _problem(expression, situation)) is not None:
            seen = [f"{path} = {value!r}" for path, value in expression.seen(situation.values).items()]
            saw = ", ".join([*seen, problem] if problem else seen) or "nothing"
            yield f"a condition of {name} does not hold: {expression.source} (saw {saw})"


def _said(condition: Condition, situation: Situation, *, name: str) -> str:
    return _WORDS.get(condition.field, _ANY).format(
        name=name,
        field=condition.field,
        wanted=condition.wanted,
        seen=condition.seen(situation),
        who=situation.proposal.subject.identity.subject,
    )


def _problem(expression: Expression, situation: Situation) -> str | None:
    """Return why an expression could not be evaluated, empty where it is false; None where it holds."""
    try:
        return None if expression.holds(situation.context) else ""
    except EvaluationError as exc:
        return str(exc)
