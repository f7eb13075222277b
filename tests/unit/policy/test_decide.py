"""The compiled policy: what it finds, and what its version says."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from tests.fakes.house import APIS, CLIENTS, NO_AGENT_WRITES_STOCK, RULES, allow, client

from actas.policy.decide import Policy, scopes_of
from actas.policy.rule import ClientSelector, PolicyDefaults, RuleError, RuleSpec

BY_NAME = {one.name: one for one in CLIENTS}
API = {one.name: one for one in APIS}
KINDED = allow("kinds", "delegation", "x", "inventory", client=ClientSelector(kinds=frozenset({"agent"})))


def names(rules: tuple[object, ...]) -> list[str]:
    return sorted(rule.spec.name for rule in rules)  # type: ignore[attr-defined]


def test_allows_are_found_by_name_and_by_kind_of_client() -> None:
    named = allow("named", "delegation", "assistant", "inventory")
    policy = Policy([KINDED, named], apis=APIS)
    assert names(policy.allows(BY_NAME["assistant"], API["inventory"], "delegation")) == ["kinds", "named"]
    assert names(policy.allows(BY_NAME["orders"], API["inventory"], "delegation")) == []
    assert names(policy.allows(BY_NAME["assistant"], API["orders"], "delegation")) == []
    assert names(policy.allows(BY_NAME["assistant"], API["inventory"], "impersonation")) == []


@pytest.mark.requirement("SEC-02")
def test_a_client_called_like_a_kind_is_not_found_by_kind() -> None:
    policy = Policy([KINDED], apis=APIS)
    odd = client("agent", kind="service")
    assert policy.allows(odd, API["inventory"], "delegation") == ()


def test_a_deny_that_leaves_out_client_and_target_concerns_everybody() -> None:
    deny = RuleSpec(name="no", effect="deny", kind="any", reason="No.")
    policy = Policy([deny], apis=APIS)
    for one, api in itertools.product(CLIENTS, APIS):
        assert names(policy.denies(one, api)) == ["no"]


def test_a_deny_is_found_once_for_each_way_it_concerns_a_request() -> None:
    deny = RuleSpec(
        name="no",
        effect="deny",
        kind="any",
        reason="No.",
        client=ClientSelector(names=frozenset({"orders"})),
        apis=frozenset({"inventory"}),
    )
    policy = Policy([deny], apis=APIS)
    assert names(policy.denies(BY_NAME["orders"], API["inventory"])) == ["no"]
    assert names(policy.denies(BY_NAME["web"], API["inventory"])) == []
    assert names(policy.denies(BY_NAME["orders"], API["orders"])) == []


@pytest.mark.requirement("SEC-42")
def test_a_disabled_rule_is_compiled_and_not_found() -> None:
    policy = Policy([replace(KINDED, disabled=True)], apis=APIS)
    assert policy.allows(BY_NAME["assistant"], API["inventory"], "delegation") == ()
    with pytest.raises(RuleError):
        Policy([replace(KINDED, disabled=True, when=("?",))], apis=APIS)


@pytest.mark.requirement("SEC-42")
def test_a_deny_needs_a_reason() -> None:
    with pytest.raises(RuleError) as refused:
        Policy([replace(NO_AGENT_WRITES_STOCK, reason="")], apis=APIS)
    assert (refused.value.rule, refused.value.field) == ("no-agent-writes-stock", "reason")


@pytest.mark.requirement("SEC-45")
def test_the_version_does_not_depend_on_order_and_does_on_everything_else() -> None:
    version = Policy(RULES, apis=APIS).version
    assert Policy(RULES[::-1], apis=APIS).version == version
    others = [
        RULES[:2],
        (*RULES[:2], replace(RULES[2], reason="Other.")),
        (*RULES[:2], replace(RULES[2], denied_scopes=frozenset({"stock:read"}))),
        (replace(RULES[0], when=("true",)), *RULES[1:]),
        (replace(RULES[0], disabled=True), *RULES[1:]),
        (replace(RULES[0], lifetime=301), *RULES[1:]),
    ]
    versions = {Policy(rules, apis=APIS).version for rules in others}
    assert len(versions | {version}) == len(others) + 1
    assert Policy(RULES, apis=APIS, defaults=PolicyDefaults(max_depth=4)).version != version


def test_a_client_may_ask_for_what_an_api_defines_unless_it_is_limited() -> None:
    api = API["inventory"]
    assert scopes_of(api, client("x")) == {"stock:read", "stock:write"}
    limited = client("x", scopes={"inventory": frozenset({"stock:read", "elsewhere"}), "orders": frozenset()})
    assert scopes_of(api, limited) == {"stock:read"}
    assert scopes_of(API["orders"], limited) == frozenset()
