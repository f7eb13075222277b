"""The compiled policy: any deny refuses, no allow refuses, order never matters.

Rules are indexed by client and target when they are compiled, so that the cost of a decision does not
grow with the policy. A rule whose expression cannot be evaluated refuses the request (SEC-42).
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import msgspec

from actas.core.claims import is_claim
from actas.core.client import Client
from actas.core.ports import Json
from actas.core.target import Api
from actas.crypto.jose import KNOWN_CLAIMS
from actas.policy.carried import Asking, Carried
from actas.policy.emptiness import refuse_emptiness
from actas.policy.expression import RULE_NAMES, EvaluationError, Expression, ExpressionError
from actas.policy.faces import faces_of, has_faces
from actas.policy.facts import ClaimsNeeded, sign_ins_asked_of
from actas.policy.impersonation import Approvals, Impersonating
from actas.policy.match import Condition, conditions_of
from actas.policy.redeeming import RedeemingRules
from actas.policy.rule import RESERVED_CLAIMS, KindWord, PolicyDefaults, RuleError, RuleSpec, covers
from actas.policy.situation import Situation

MAX_FOUND = 65_536
"""How many answers of the index are kept at hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One compiled rule."""

    spec: RuleSpec
    conditions: tuple[Condition, ...]
    when: tuple[Expression, ...]
    claims: tuple[tuple[str, Expression], ...]
    many_faced: bool

    def matches(self, situation: Situation) -> bool:
        """Whether every condition holds and, under one name for a deny, every expression.

        Raises:
            EvaluationError: an expression could not be evaluated.
        """
        for condition in self.conditions:
            if not condition.test(situation):
                return False
        if not self.when:
            return True
        faces = faces_of(situation) if self.many_faced else (situation,)
        return any(all(one.holds(face.context) for one in self.when) for face in faces)

    def added_claims(self, situation: Situation) -> dict[str, Json]:
        """Return the claims this rule adds to the token. One that may be missing is left out where it is.

        Raises:
            EvaluationError: an expression could not be evaluated, or gives something that is not JSON.
        """
        found: dict[str, Json] = {}
        for name, expression in self.claims:
            try:
                value = expression.value(situation.context)
            except EvaluationError:
                if name in self.spec.optional_claims:
                    continue
                raise
            if not is_claim(value):
                raise EvaluationError(f"{expression.source}: gives what no claim holds, or a number of 2^53")
            found[name] = value
        return found


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules say about one kind of exchange at one target.

    Attributes:
        allows: the allows that matched.
        denies: the denies that matched and forbid the whole target.
        scope_denies: the denies that matched and forbid some scopes only.
        broken: rules that could not be evaluated, each with why.
    """

    api: Api
    kind: KindWord
    allows: tuple[Rule, ...] = ()
    denies: tuple[Rule, ...] = ()
    scope_denies: tuple[Rule, ...] = ()
    broken: tuple[tuple[Rule, str], ...] = ()


class Policy:
    """All rules of one configuration, compiled.

    Args:
        specs: the rules as written.
        apis: the APIs they name.
        defaults: what holds where they say nothing.
        impersonating: what holds for every rule that lets somebody act as somebody else.

    Raises:
        RuleError: a rule cannot be compiled, or leaves out what an allow must say.
        ExpressionError: a condition of the section ``impersonation`` cannot be compiled.
    """

    def __init__(
        self,
        specs: Iterable[RuleSpec],
        *,
        apis: Iterable[Api],
        defaults: PolicyDefaults | None = None,
        impersonating: Impersonating | None = None,
    ) -> None:
        self.defaults = defaults or PolicyDefaults()
        self.impersonating = impersonating or Impersonating()
        audiences = {api.name: api.audience for api in apis}
        self.rules = tuple(_compile(spec, audiences) for spec in specs)
        self.approvals = _approvals(self.rules, self.impersonating)
        named = [*self.approvals.expressions, *_expressions(self.rules)]
        asked = sign_ins_asked_of([rule.spec for rule in self.rules], self.impersonating.terms)
        keyed = any(rule.spec.honours_key for rule in self.rules)
        self.needed = ClaimsNeeded.of(named, sign_ins_of=asked, keys_asked_for=keyed)
        self.carried = Carried(
            [Asking(one.spec, one.when, tuple([what for _, what in one.claims])) for one in self.rules],
            roles=self.impersonating.administrators.groups_elsewhere,
        )
        self.redeeming = RedeemingRules(rule.spec for rule in self.rules)
        self.version = _version(self.rules, self.defaults, self.impersonating)
        self._allows: dict[tuple[str, str, str], tuple[Rule, ...]] = {}
        self._denies: dict[tuple[str | None, str | None], tuple[Rule, ...]] = {}
        self._found: dict[tuple[str, str, KindWord], tuple[tuple[Rule, ...], tuple[Rule, ...]]] = {}
        for rule in self.rules:
            if not rule.spec.disabled:
                self._index(rule)

    def _index(self, rule: Rule) -> None:
        spec = rule.spec
        clients = [*spec.client.names, *map(_kind_key, spec.client.kinds)]
        clients += map(_registration_key, spec.client.registrations)
        if spec.effect == "allow":
            for client in clients:
                for api in spec.apis:
                    key = (client, api, spec.kind)
                    self._allows[key] = (*self._allows.get(key, ()), rule)
            return
        anyone: list[str | None] = [*clients] or [None]
        anything: list[str | None] = [*spec.apis] or [None]
        for place in itertools.product(anyone, anything):
            self._denies[place] = (*self._denies.get(place, ()), rule)

    def allows(self, client: Client, api: Api, kind: KindWord) -> tuple[Rule, ...]:
        """Return the allows that name this client, target and kind, whatever else they ask for."""
        by_name = self._allows.get((client.name, api.name, kind), ())
        ours = client.registration == "configured"
        group = _kind_key(client.kind) if ours else _registration_key(client.registration)
        by_group = self._allows.get((group, api.name, kind), ())
        return by_name if not by_group else (*by_name, *by_group)

    def denies(self, client: Client, api: Api) -> tuple[Rule, ...]:
        """Return the denies that could concern this client and target, whatever else they ask for."""
        found: tuple[Rule, ...] = ()
        if self._denies:
            for who in (client.name, _kind_key(client.kind), _registration_key(client.registration), None):
                for target in (api.name, None):
                    found += self._denies.get((who, target), ())
        return found

    def consult(self, situation: Situation, *, api: Api, kind: KindWord) -> Verdict:
        """Return what the rules say about one kind of exchange at one target. Pure.

        Args:
            situation: the exchange.
            api: the target.
            kind: the kind of exchange.
        """
        allows, denies = self._candidates(situation.proposal.client, api, kind)
        if not allows and not denies:
            return Verdict(api=api, kind=kind)
        broken: list[tuple[Rule, str]] = []
        matched = _matching(denies, situation, broken)
        return Verdict(
            api=api,
            kind=kind,
            allows=_matching(allows, situation, broken),
            denies=tuple([rule for rule in matched if not rule.spec.denied_scopes]),
            scope_denies=tuple([rule for rule in matched if rule.spec.denied_scopes]),
            broken=tuple(broken),
        )

    def _candidates(
        self, client: Client, api: Api, kind: KindWord
    ) -> tuple[tuple[Rule, ...], tuple[Rule, ...]]:
        """Return the allows and denies that could match, found once for each client, target and kind."""
        place = (client.name, api.name, kind)
        known = self._found.get(place)
        if known is None:
            denies = self.denies(client, api)
            known = (
                self.allows(client, api, kind),
                tuple(rule for rule in denies if covers(rule.spec.kind, kind)),
            )
            if len(self._found) >= MAX_FOUND:
                self._found.clear()
            self._found[place] = known
        return known


def _expressions(rules: Iterable[Rule]) -> Iterator[Expression]:
    return (one for rule in rules for one in (*rule.when, *(value for _, value in rule.claims)))


def _approvals(rules: Iterable[Rule], impersonating: Impersonating) -> Approvals:
    asked = [*impersonating.terms.approvals]
    for rule in rules:
        terms = rule.spec.impersonation
        if terms is None or terms.approval is None:
            continue
        try:
            Approvals.of([terms.approval])
        except ExpressionError as exc:
            raise RuleError(rule.spec.name, "impersonation.approval.when", str(exc)) from exc
        asked.append(terms.approval)
    return Approvals.of(asked)


def _matching(
    rules: tuple[Rule, ...], situation: Situation, broken: list[tuple[Rule, str]]
) -> tuple[Rule, ...]:
    if not rules:
        return ()
    found: list[Rule] = []
    for rule in rules:
        try:
            if rule.matches(situation):
                found.append(rule)
        except EvaluationError as exc:
            broken.append((rule, str(exc)))
    return tuple(found)


def _kind_key(kind: str) -> str:
    return f"kind:{kind}"  # No client can be called so: a name holds no colon.


def _registration_key(registration: str) -> str:
    return f"registration:{registration}"


def _compile(spec: RuleSpec, audiences: dict[str, str]) -> Rule:
    refuse_emptiness(spec)
    when = tuple(_expression(spec, f"when[{i}]", source) for i, source in enumerate(spec.when))
    claims: list[tuple[str, Expression]] = []
    for name, source in spec.claims.items():
        folded = name.casefold()
        if folded in RESERVED_CLAIMS or not name:
            raise RuleError(spec.name, f"token.claims.{name}", "is a reserved claim, which no rule may set")
        if folded != name and folded in KNOWN_CLAIMS:
            # Readers that fold case would take it for the claim it resembles (SEC-07).
            raise RuleError(spec.name, f"token.claims.{name}", f"differs from {folded} by its case only")
        claims.append((name, _expression(spec, f"token.claims.{name}", source)))
    conditions = conditions_of(spec, audiences)
    faced = spec.effect == "deny" and has_faces(when)
    return Rule(spec=spec, conditions=conditions, when=when, claims=tuple(claims), many_faced=faced)


def _expression(spec: RuleSpec, field: str, source: str) -> Expression:
    try:
        return Expression(source, names=RULE_NAMES)
    except ExpressionError as exc:
        raise RuleError(spec.name, field, str(exc)) from exc


def _version(rules: tuple[Rule, ...], defaults: PolicyDefaults, impersonating: Impersonating) -> str:
    """Return what names this policy in the minutes. Where a rule is written does not change it."""
    specs = sorted((replace(rule.spec, place="") for rule in rules), key=lambda spec: spec.name)
    text = msgspec.json.encode([specs, defaults, impersonating], order="sorted")
    return hashlib.sha256(text).hexdigest()[:16]


def scopes_of(api: Api, client: Client) -> frozenset[str]:
    """Return the scopes of ``api`` that ``client`` may ask for at all."""
    defined = frozenset(api.scopes)
    limit: Mapping[str, frozenset[str]] = client.scopes
    return defined & limit[api.name] if api.name in limit else defined
