"""Why yes, why no, and what came nearest: the rules of one decision, condition by condition.

The same condition objects that decided are asked again, so that an explanation cannot differ from the
decision.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from actas.core.target import Api
from actas.policy.decide import Policy, Rule
from actas.policy.expression import EvaluationError, Expression
from actas.policy.faces import faces_of
from actas.policy.rule import KindWord, covers
from actas.policy.situation import Situation


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionLine:
    """One condition as it was.

    Attributes:
        field: its path in the rule.
        wanted: what it asks for, or the expression.
        holds: whether it held; None when it could not be evaluated.
        seen: the values it looked at, in words.
    """

    field: str
    wanted: str
    holds: bool | None
    seen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLine:
    """One rule as it was.

    Attributes:
        effect: ``allows`` or ``denies``.
        place: ``file:line`` of the rule.
        matched: whether it had a part in the decision; None when it could not be evaluated.
        scopes: for a deny of scopes only, which.
    """

    name: str
    effect: str
    kind: str
    place: str
    matched: bool | None
    reason: str
    scopes: tuple[str, ...]
    conditions: tuple[ConditionLine, ...]

    @property
    def missed(self) -> tuple[ConditionLine, ...]:
        """The conditions that did not hold."""
        return tuple(one for one in self.conditions if one.holds is not True)


def rule_lines(
    policy: Policy, situation: Situation, *, apis: Sequence[Api], kinds: Sequence[KindWord]
) -> tuple[RuleLine, ...]:
    """Return every rule that concerns this client at these targets: those that matched first.

    Args:
        policy: the rules.
        situation: the exchange.
        apis: its targets.
        kinds: the kinds of exchange that its shape leaves open.
    """
    client = situation.proposal.client
    found: dict[str, Rule] = {}
    for api in apis:
        for kind in kinds:
            found |= {rule.spec.name: rule for rule in policy.allows(client, api, kind)}
        found |= {
            rule.spec.name: rule
            for rule in policy.denies(client, api)
            if any(covers(rule.spec.kind, kind) for kind in kinds)
        }
    lines = [_line(rule, situation) for rule in found.values()]
    return tuple(sorted(lines, key=_weight))


def nearest(lines: Sequence[RuleLine]) -> RuleLine | None:
    """Return the allow that came nearest without matching, or None when there is none."""
    missed = [line for line in lines if line.effect == "allows" and line.matched is not True]
    return min(missed, key=lambda line: (len(line.missed), line.name), default=None)


def _weight(line: RuleLine) -> tuple[bool, bool, int, str]:
    return (line.matched is False, line.effect == "allows", len(line.missed), line.name)


def _as_asked(rule: Rule, situation: Situation) -> Situation:
    """Return an exchange under the name under which the expressions of a deny hold, if there is one."""
    if rule.many_faced:
        for face in faces_of(situation):
            try:
                if all(one.holds(face.context) for one in rule.when):
                    return face
            except EvaluationError:
                return face
    return situation


def _line(rule: Rule, situation: Situation) -> RuleLine:
    of_fields = (*_structured(rule, situation),)
    conditions = (*of_fields, *_expressions(rule, _as_asked(rule, situation)))
    holds = [one.holds for one in conditions]
    structured = all(one.holds for one in of_fields)
    return RuleLine(
        name=rule.spec.name,
        effect="allows" if rule.spec.effect == "allow" else "denies",
        kind=rule.spec.kind,
        place=rule.spec.place,
        matched=None if structured and None in holds else all(holds),
        reason=rule.spec.reason,
        scopes=tuple(sorted(rule.spec.denied_scopes)),
        conditions=conditions,
    )


def _structured(rule: Rule, situation: Situation) -> Iterator[ConditionLine]:
    for condition in rule.conditions:
        holds = condition.test(situation)
        if not (condition.quiet and holds):
            yield ConditionLine(
                field=condition.field,
                wanted=condition.wanted,
                holds=holds,
                seen=condition.seen(situation),
            )


def _expressions(rule: Rule, situation: Situation) -> Iterator[ConditionLine]:
    for number, expression in enumerate(rule.when):
        holds, problem = _holds(expression, situation)
        seen = [f"{path} = {value!r}" for path, value in expression.seen(situation.values).items()]
        yield ConditionLine(
            field=f"when[{number}]",
            wanted=expression.source,
            holds=holds,
            seen=", ".join([*seen, problem] if problem else seen),
        )


def _holds(expression: Expression, situation: Situation) -> tuple[bool | None, str]:
    try:
        return expression.holds(situation.context), ""
    except EvaluationError as exc:
        return None, str(exc)
