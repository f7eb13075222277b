"""The rules of one decision, condition by condition, and which of them came nearest."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.fakes.house import (
    APIS,
    ASSISTANT_FOR_SUPPORT,
    NO_AGENT_WRITES_STOCK,
    ORDERS_TO_INVENTORY,
    allow,
)
from tests.unit.policy.test_match import situation

from actas.policy.decide import Policy
from actas.policy.explain import RuleLine, nearest, rule_lines
from actas.policy.rule import PartySelector, RuleSpec


def lines(*rules: RuleSpec) -> tuple[RuleLine, ...]:
    policy = Policy(rules, apis=APIS)
    return rule_lines(policy, situation(), apis=(APIS[1],), kinds=["delegation", "impersonation"])


NOBODY = replace(
    ORDERS_TO_INVENTORY,
    name="nobody",
    subject=PartySelector(issuers=frozenset({"x"}), groups=frozenset({"y"}), names=frozenset({"z"})),
)
CLOSE = replace(ORDERS_TO_INVENTORY, name="close", when=("subject.kind == 'agent'",))
BROKEN = replace(ORDERS_TO_INVENTORY, name="broken", when=("subject.claims.nowhere == 1",))


@pytest.mark.requirement("SEC-45")
def test_rules_that_matched_come_first_and_denies_before_allows() -> None:
    found = lines(NOBODY, ORDERS_TO_INVENTORY, NO_AGENT_WRITES_STOCK, CLOSE)
    assert [line.name for line in found] == [
        "no-agent-writes-stock",
        "orders-to-inventory",
        "close",
        "nobody",
    ]
    assert [line.matched for line in found] == [True, True, False, False]
    assert [line.effect for line in found] == ["denies", "allows", "allows", "allows"]
    assert found[0].scopes == ("stock:write",)


def test_rules_of_others_are_left_out() -> None:
    other = allow("other", "delegation", "web", "inventory")
    elsewhere = replace(NO_AGENT_WRITES_STOCK, name="elsewhere", apis=frozenset({"orders"}))
    narrowing = allow("narrowing", "downscope", "orders", "inventory")
    assert [line.name for line in lines(other, elsewhere, narrowing, ASSISTANT_FOR_SUPPORT)] == []


@pytest.mark.requirement("SEC-45")
def test_each_condition_says_what_it_saw() -> None:
    (line,) = lines(CLOSE)
    assert [one.field for one in line.missed] == ["when[0]"]
    assert line.missed[0].wanted == "subject.kind == 'agent'"
    assert line.missed[0].seen == "subject.kind = 'person'"


@pytest.mark.requirement("SEC-42", "SEC-45")
def test_a_rule_that_cannot_be_evaluated_is_neither_matched_nor_missed() -> None:
    (line,) = lines(BROKEN)
    assert line.matched is None
    assert line.missed[0].holds is None
    assert "subject.claims.nowhere" in line.missed[0].seen


def test_a_rule_whose_fields_miss_is_missed_whatever_its_expressions_do() -> None:
    (line,) = lines(replace(BROKEN, subject=NOBODY.subject))
    assert line.matched is False


def test_the_nearest_is_the_allow_that_missed_least() -> None:
    near = nearest(lines(NOBODY, CLOSE, NO_AGENT_WRITES_STOCK))
    assert near is not None
    assert near.name == "close"
    assert nearest(lines(ORDERS_TO_INVENTORY)) is None
    assert nearest(()) is None
