"""What of people goes into tokens of ours for the rules of the next hop, and no more than rules ask for.

A deny by name or group must still see the name and the group there, where the token is one of ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from actas.core.party import Actor, Otherwise
from actas.policy.expression import Expression
from actas.policy.rule import RuleSpec


class Asking(NamedTuple):
    """A rule, and its expressions: those that decide, and those of the claims that it adds."""

    spec: RuleSpec
    when: tuple[Expression, ...]
    claims: tuple[Expression, ...]


class Carried:
    """Cuts what is known of people down to what some rule of a policy asks for.

    Args:
        rules: all of them.
        roles: the groups that hold a role in the server.
    """

    def __init__(self, rules: Iterable[Asking], *, roles: frozenset[str]) -> None:
        asking = tuple(rules)
        self._groups = _groups_named(asking, roles)
        self._names = _denied_names(asking)

    def groups(self, groups: tuple[str, ...]) -> tuple[str, ...]:
        """Return the groups of somebody that rules name, or that hold a role."""
        if self._groups is None:
            return groups
        return tuple([group for group in groups if group in self._groups]) if self._groups else ()

    def otherwise(self, known: Otherwise | None) -> Otherwise | None:
        """Return who somebody is otherwise, as far as denies ask for it; None where they do not."""
        if known is None:
            return None
        names, groups = self._denied(known.names), self.groups(known.groups)
        return Otherwise(names, groups) if names or groups else None

    def actors(self, actors: tuple[Actor, ...]) -> tuple[Actor, ...]:
        """Return a chain with those other names of its members that denies ask for."""
        if self._names is None or not any(one.names for one in actors):
            return actors
        return tuple([msgspec.structs.replace(one, names=self._denied(one.names)) for one in actors])

    def _denied(self, names: tuple[str, ...]) -> tuple[str, ...]:
        denied = self._names
        return names if denied is None else tuple([one for one in names if one in denied])


def _groups_named(rules: tuple[Asking, ...], roles: frozenset[str]) -> frozenset[str] | None:
    """Return the groups that rules name, or that hold a role; None when an expression may name any."""
    found = {*roles}
    for spec, when, claims in rules:
        for selector in (spec.subject, spec.actor):
            found |= selector.groups if selector is not None else set()
        for expression in (*when, *claims):
            parties = [path for path in expression.paths if path[0] in ("subject", "actor")]
            if any(path[1:2] in ((), ("groups",)) for path in parties):
                return None
    return frozenset(found)


def _denied_names(rules: tuple[Asking, ...]) -> frozenset[str] | None:
    """Return the names for which there are denies; None when an expression of one may ask for any."""
    found: set[str] = set()
    for spec, when, _ in rules:
        if spec.effect != "deny":
            continue
        for selector in (spec.subject, spec.actor, spec.chain):
            found |= set() if selector is None else selector.names
        if asks_who(when):
            return None
    return frozenset(found)


def asks_who(expressions: Iterable[Expression]) -> bool:
    """Whether expressions ask what somebody is called."""
    return any(_asks_who(path) for one in expressions for path in one.paths)


def _asks_who(path: tuple[str, ...]) -> bool:
    if path[0] == "chain":
        return path[1:2] in ((), ("names",), ("members",))
    return path[0] in ("subject", "actor") and path[1:2] in ((), ("id",))
