"""What administrative impersonation asks for: by rule, and for all of them. Only ever more, never less.

Of several rules that allow one, and of the section ``impersonation``, whatever asks for more wins: a reason
that one of them wants is wanted, the shortest time holds, everybody who must approve must.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from actas.core.administrators import Administrators, covers
from actas.core.impersonation import Why
from actas.core.party import Party
from actas.core.person import Person, VouchedPerson
from actas.policy.expression import RULE_NAMES, Context, EvaluationError, Expression, compile_all

LONGEST_LIFE: Final = 60 * 60
"""Seconds that a token of an impersonation lives at most, whatever a configuration says (SEC-48)."""

LONGEST_IMPERSONATION: Final = 8 * 60 * 60
"""Seconds that an impersonation lasts at most, however many tokens it had."""

OLDEST_SIGN_IN: Final = 12 * 60 * 60
"""Seconds since the sign-in that an ID token of ours may tell of, where no ``max_age`` says more or less."""

LONGEST_APPROVAL: Final = 24 * 60 * 60
"""Seconds that an approval may take at most, and that it is good for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Four eyes.

    Attributes:
        by: the group, a member of which has to approve.
        when: CEL conditions: it is needed when all of them hold; always, when there is none.
    """

    by: str
    when: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is asked of whoever wants to act as somebody else.

    Attributes:
        reason: whether a reason is wanted.
        tickets: patterns, all of which the ticket must match; empty when none is wanted.
        max_age: seconds since the administrator signed in, at most; None for any.
        acr: how they signed in: one of each of these.
        lifetime: the longest life of a token, in seconds.
        lasts: seconds from the beginning of the impersonation to its end.
        approvals: who has to approve, and when.
        at_once: how many of one administrator may run at once; ``per_hour`` how many may begin in an hour.
    """

    reason: bool = True
    tickets: frozenset[str] = frozenset()
    max_age: int | None = None
    acr: tuple[frozenset[str], ...] = ()
    lifetime: int = 15 * 60
    lasts: int = 60 * 60
    approvals: tuple[Approval, ...] = ()
    at_once: int = 1
    per_hour: int = 10

    def unmet_ticket(self, why: Why) -> str | None:
        """Return the pattern that a ticket does not match, or None."""
        for pattern in sorted(self.tickets):
            if re.fullmatch(pattern, why.ticket) is None:
                return pattern
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTerms:
    """What one rule says about it. None: nothing beyond what holds for all.

    Attributes:
        names_actor: whether the token names the administrator.
        by_identifier: whether the client itself is who acts, with no token of anybody (SEC-46).
    """

    names_actor: bool = True
    by_identifier: bool = False
    reason: bool = False
    ticket: str | None = None
    max_age: int | None = None
    acr: frozenset[str] = frozenset()
    lasts: int | None = None
    approval: Approval | None = None
    at_once: int | None = None
    per_hour: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Impersonating:
    """The section ``impersonation``: what holds for every rule.

    Attributes:
        approval_within: seconds that an approval may take, and that it is good for.
        protected_groups: as whose members nobody acts; ``protected_names`` as whom nobody does.
        must_be_told: whether nobody acts as a person who cannot be told by letter.
        administrators: who manages this server: nobody acts as one who holds more than they do.
    """

    terms: Terms = field(default_factory=Terms)
    approval_within: int = 60 * 60
    protected_groups: frozenset[str] = frozenset()
    protected_names: frozenset[str] = frozenset()
    must_be_told: bool = False
    administrators: Administrators = field(default_factory=Administrators)

    def protects(self, person: Person | VouchedPerson) -> str | None:
        """Return why nobody may act as a person, or None."""
        names = {person.subject}
        if isinstance(person, Person):
            names.add(person.name)
            if person.disabled:
                return f"{person.subject} is disabled"
        if not self.protected_names.isdisjoint(names):
            return f"{person.subject} is protected by name"
        if person.groups is None:
            told = "whose groups nobody told, may be in a protected one"
            return f"{person.subject}, {told}" if self.protected_groups else None
        groups = self.protected_groups.intersection(person.groups)
        return f"{person.subject} is in the protected group {min(groups)}" if groups else None

    def above(self, person: Person | VouchedPerson, subject: Party, acting: Party) -> str | None:
        """Return why somebody may not act as a person who holds a higher role, or None (SEC-47).

        Of whom nobody told the groups, it is the highest that one of their issuer's may hold.

        Args:
            subject: the same person, as whom ``acting`` would act.
        """
        held = self.administrators.of_party(subject)
        if person.groups is None:
            held = self.administrators.highest_of(subject.origin_name)
        if held is None:
            return None
        own = self.administrators.of_party(acting)
        if covers(own, held):
            return None
        whom, who = subject.identity.subject, acting.identity.subject
        return f"{whom} is {held}, and {who} is {own or 'no administrator'}"


def together(rules: Iterable[RuleTerms], overall: Terms) -> Terms:
    """Return what is asked when all of these speak: whatever asks for more."""
    said = list(rules)
    ages = [age for age in (overall.max_age, *(one.max_age for one in said)) if age is not None]
    approvals = [one.approval for one in said if one.approval is not None]
    at_once = [one.at_once for one in said if one.at_once is not None]
    per_hour = [one.per_hour for one in said if one.per_hour is not None]
    return Terms(
        reason=overall.reason or any(one.reason for one in said),
        tickets=overall.tickets | {one.ticket for one in said if one.ticket is not None},
        max_age=min(ages, default=None),
        acr=(*overall.acr, *(one.acr for one in said if one.acr)),
        lifetime=min(overall.lifetime, LONGEST_LIFE),
        lasts=min([overall.lasts, *(one.lasts for one in said if one.lasts is not None)]),
        approvals=(*overall.approvals, *approvals),
        at_once=min(at_once) if at_once else overall.at_once,
        per_hour=min(per_hour) if per_hour else overall.per_hour,
    )


@dataclass(frozen=True, slots=True)
class Approvals:
    """The approvals of a policy, compiled.

    Attributes:
        conditions: of each.
    """

    conditions: dict[Approval, tuple[Expression, ...]]

    @classmethod
    def of(cls, asked: Iterable[Approval]) -> Approvals:
        """Compile what rules and the section ask for.

        Raises:
            ExpressionError: a condition cannot be compiled.
        """
        return cls({one: compile_all(one.when, names=RULE_NAMES) for one in asked})

    @property
    def expressions(self) -> tuple[Expression, ...]:
        """Every condition."""
        return tuple(one for many in self.conditions.values() for one in many)

    def needed(self, asked: Iterable[Approval], context: Context) -> tuple[str, ...]:
        """Return the groups whose member has to approve. What cannot be evaluated wants approval."""
        return tuple(sorted({one.by for one in asked if self._holds(one, context)}))

    def _holds(self, approval: Approval, context: Context) -> bool:
        try:
            return all(one.holds(context) for one in self.conditions[approval])
        except EvaluationError:
            return True
