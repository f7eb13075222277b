"""Scope, life and depth: only ever less. There is no operation here that widens (SEC-43)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from actas.core.client import Client
from actas.core.confirmation import Binding
from actas.core.target import Api
from actas.policy.decide import Rule, Verdict, scopes_of
from actas.policy.rule import PolicyDefaults

DEPTH_CAP = 10
"""No setting lets a chain name more actors than this (SEC-53)."""

NO_SCOPES: Final[frozenset[str]] = frozenset()


class ScopeTable(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the scopes at one target: the table that ``explain`` prints.

    Attributes:
        defines: what the API offers.
        buys: what the subject token's scopes buy under the matching rules.
        may_ask: what the client may ask for.
        denied: what a deny forbids.
        leaves: what all of them leave.
        holds: what the subject token holds, where that alone can be granted, and ``lets`` what the matching
            rules would let be of it: ``buys`` is what both say. None where scopes are sold for others.
    """

    api: Api
    defines: frozenset[str]
    buys: frozenset[str]
    may_ask: frozenset[str]
    denied: frozenset[str]
    leaves: frozenset[str]
    holds: frozenset[str] | None = None
    lets: frozenset[str] | None = None

    @property
    def without_denies(self) -> frozenset[str]:
        """What would be left if no rule denied anything."""
        return self.defines & self.buys & self.may_ask

    def only(self, held: frozenset[str]) -> ScopeTable:
        """Return the table cut to what was granted before."""
        return msgspec.structs.replace(self, buys=self.buys & held, leaves=self.leaves & held)

    def only_held(self, held: frozenset[str]) -> ScopeTable:
        """Return the table cut to what the subject token holds, which it tells apart."""
        return msgspec.structs.replace(self.only(held), holds=held, lets=self.buys)


def scope_table(
    verdict: Verdict, *, client: Client, held: frozenset[str], signed_in: bool = False
) -> ScopeTable:
    """Cut the scopes of one target.

    Args:
        verdict: what the rules said there.
        client: the requester.
        held: the scopes of the subject token; none when they are unknown.
        signed_in: whether that is an ID token, which holds none.
    """
    defines = frozenset(verdict.api.scopes)
    may_ask = scopes_of(verdict.api, client)
    buys: frozenset[str] = NO_SCOPES
    for rule in verdict.allows:
        buys |= bought_by(rule, held, signed_in=signed_in)
    denied: frozenset[str] = NO_SCOPES
    for rule in verdict.scope_denies:
        denied |= rule.spec.denied_scopes
    return ScopeTable(
        api=verdict.api,
        defines=defines,
        buys=buys,
        may_ask=may_ask,
        denied=denied,
        leaves=(defines & buys & may_ask) - denied,
    )


def bought_by(rule: Rule, held: frozenset[str], *, signed_in: bool = False) -> frozenset[str]:
    """Return the target scopes that ``held`` buys under one rule, or an ID token does."""
    scopes = rule.spec.scopes
    if scopes is None:
        return NO_SCOPES
    bought = scopes.anyway | held if scopes.same else scopes.anyway
    if signed_in:
        bought |= scopes.signed_in
    for scope in held:
        bought |= scopes.bought.get(scope, NO_SCOPES)
    return bought


def shared(tables: Iterable[ScopeTable]) -> frozenset[str]:
    """Return what every target leaves: scopes and targets are a full cross product (RFC 8693 2.1.1)."""
    left: frozenset[str] | None = None
    for table in tables:
        left = table.leaves if left is None else left & table.leaves
    return NO_SCOPES if left is None else left


def longest_life(verdicts: Iterable[Verdict], defaults: PolicyDefaults) -> int:
    """Return the longest life of the token in seconds: the least of rules and APIs, else the default."""
    limits: list[int] = []
    for verdict in verdicts:
        limits += [rule.spec.lifetime for rule in verdict.allows if rule.spec.lifetime is not None]
        if verdict.api.lifetime is not None:
            limits.append(verdict.api.lifetime)
    return min(limits) if limits else defaults.lifetime


def deepest_chain(verdicts: Iterable[Verdict], defaults: PolicyDefaults) -> int:
    """Return the most actors the token may name: the least of rules, APIs, default and cap."""
    limits = [defaults.max_depth, DEPTH_CAP]
    for verdict in verdicts:
        limits += [rule.spec.max_depth for rule in verdict.allows if rule.spec.max_depth is not None]
        if verdict.api.max_depth is not None:
            limits.append(verdict.api.max_depth)
    return min(limits)


def bindings(verdicts: Iterable[Verdict], defaults: PolicyDefaults) -> set[Binding]:
    """Return every word that rules, APIs and the defaults say about what the token is bound to."""
    words: set[Binding] = {defaults.binding}
    for verdict in verdicts:
        if verdict.api.binding is not None:
            words.add(verdict.api.binding)
        for rule in verdict.allows:
            if rule.spec.binding is not None:
                words.add(rule.spec.binding)
    return words
