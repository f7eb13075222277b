"""Scope, life and depth: the small sums behind every grant."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.fakes.changed import changed
from tests.fakes.house import APIS, ORDERS_TO_INVENTORY, RULES, client

from actas.policy.decide import Policy, Rule, Verdict
from actas.policy.narrow import DEPTH_CAP, bought_by, deepest_chain, longest_life, scope_table, shared
from actas.policy.rule import PolicyDefaults, RuleSpec, ScopeMap

INVENTORY = APIS[1]
BOTH = frozenset({"orders:read", "orders:write"})


def rule(spec: RuleSpec = ORDERS_TO_INVENTORY, **changes: object) -> Rule:
    return Policy([replace(spec, **changes)], apis=APIS).rules[0]  # type: ignore[arg-type]


def verdict(*allows: Rule, denies: tuple[Rule, ...] = ()) -> Verdict:
    return Verdict(api=INVENTORY, kind="delegation", allows=allows, scope_denies=denies)


@pytest.mark.requirement("SEC-43")
@pytest.mark.parametrize(
    ("scopes", "held", "bought"),
    [
        (ScopeMap(bought={"a": frozenset({"x", "y"})}), {"a"}, {"x", "y"}),
        (ScopeMap(bought={"a": frozenset({"x"})}), {"b"}, set()),
        (ScopeMap(anyway=frozenset({"x"})), set(), {"x"}),
        (ScopeMap(same=True), {"a", "b"}, {"a", "b"}),
        (ScopeMap(same=True, anyway=frozenset({"x"})), {"a"}, {"a", "x"}),
    ],
)
def test_what_held_scopes_buy(scopes: ScopeMap, held: set[str], bought: set[str]) -> None:
    assert bought_by(rule(scopes=scopes), frozenset(held)) == bought


@pytest.mark.requirement("SEC-43")
def test_the_scope_table_cuts_by_each_of_its_columns() -> None:
    deny = rule(RULES[2])
    asker = client("x", scopes={"inventory": frozenset({"stock:read", "stock:write"})})
    table = scope_table(verdict(rule(), denies=(deny,)), client=asker, held=BOTH)
    assert table.defines == table.buys == table.may_ask == {"stock:read", "stock:write"}
    assert table.denied == {"stock:write"}
    assert table.leaves == {"stock:read"}
    assert scope_table(verdict(rule()), client=asker, held=frozenset()).leaves == frozenset()
    assert scope_table(verdict(), client=asker, held=BOTH).leaves == frozenset()


@pytest.mark.requirement("SEC-43", "TX-19")
def test_two_rules_sell_together_and_two_targets_share() -> None:
    read = rule(scopes=ScopeMap(anyway=frozenset({"stock:read"})))
    write = rule(scopes=ScopeMap(anyway=frozenset({"stock:write"})))
    one = scope_table(verdict(read, write), client=client("x"), held=frozenset())
    other = scope_table(verdict(read), client=client("x"), held=frozenset())
    assert one.leaves == {"stock:read", "stock:write"}
    assert shared([one, other]) == {"stock:read"}
    assert shared([]) == frozenset()


@pytest.mark.requirement("SEC-43")
def test_the_shortest_life_counts_and_the_default_where_nobody_says_one() -> None:
    plain = replace(INVENTORY, lifetime=None)
    silent = Verdict(api=plain, kind="delegation", allows=(rule(),))
    defaults = PolicyDefaults(lifetime=77)
    assert longest_life([silent], defaults) == 77
    assert longest_life([changed(silent, allows=(rule(lifetime=500),))], defaults) == 500
    assert longest_life([changed(silent, allows=(rule(lifetime=500), rule(lifetime=40)))], defaults) == 40
    assert longest_life([verdict(rule(lifetime=500))], defaults) == 120
    assert longest_life([silent, verdict(rule())], defaults) == 120


@pytest.mark.requirement("SEC-53", "TX-58")
def test_the_least_depth_counts_and_none_lifts_the_cap() -> None:
    assert deepest_chain([verdict(rule(max_depth=None))], PolicyDefaults()) == 5
    assert deepest_chain([verdict(rule(max_depth=3), rule(max_depth=2))], PolicyDefaults()) == 2
    deep = Verdict(api=replace(INVENTORY, max_depth=99), kind="delegation", allows=(rule(max_depth=99),))
    assert deepest_chain([deep], PolicyDefaults(max_depth=99)) == DEPTH_CAP
