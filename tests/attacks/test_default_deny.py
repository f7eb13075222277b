"""Walking through what nobody closed.

Where an exchange is allowed unless something forbids it, or where one permission quietly implies another -
delegation implies impersonation, an allow for an API implies its neighbours, an empty field means everybody -
the attacker looks for the case that nobody thought of (Keycloak ``mostRestrictivePolicyWins``,
``delegationFGAPImpersonateDoesNotGrantDelegation``). Nothing is allowed without a rule that names requester,
subject, kind, target and scopes, none implies another, and any deny wins in any order.
"""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.attempts import Attempt
from tests.fakes.company import named
from tests.fakes.house import (
    APIS,
    ISSUER,
    KINDS,
    ORDERS_TO_INVENTORY,
    House,
    allow,
    sells,
)
from tests.fakes.paths import PATHS
from tests.fakes.trips import no_rule

from actas.core.errors import OAuthError
from actas.policy.connections import name_of
from actas.policy.decide import Policy
from actas.policy.rule import ChainSelector, ClientSelector, PartySelector, RuleError, RuleSpec, ScopeMap

READ: dict[str, Any] = {"audience": "inventory", "scope": "stock:read"}


async def outcome(attempt: Attempt) -> dict[str, Any]:
    """What the minutes have of an attempt."""
    house = attempt.house()
    with contextlib.suppress(OAuthError):
        await attempt.send(house)
    return house.writer.events[-1]


@pytest.mark.requirement("SEC-42")
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.path)
async def test_no_rules_allow_nothing(path: Attempt) -> None:
    bare = no_rule(path)
    assert isinstance(bare, Attempt)
    with pytest.raises(OAuthError) as refused:
        await bare.send(bare.house())
    code = "invalid_target" if path.acceptance is None else "invalid_grant"
    assert (refused.value.code, refused.value.reason) == (code, "no_rule")


@pytest.mark.requirement("SEC-42", "SEC-01")
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.path)
@pytest.mark.parametrize("other", [kind.name for kind in KINDS])
async def test_no_kind_implies_another(path: Attempt, other: str) -> None:
    """With a rule of another kind, the request is refused or is an exchange of that kind, never of its own."""
    if other == path.kind:
        return
    subject = None if other == "own" else path.rule.subject or PartySelector(issuers=frozenset({"actas"}))
    actor = None if other == "own" else path.rule.actor
    if other == "administrative_impersonation":
        actor = PartySelector(issuers=frozenset({"corp-idp"}), required=True)
    rule = replace(path.rule, kind=other, subject=subject, actor=actor)  # type: ignore[arg-type]
    if path.connection is not None or path.acceptance is not None:
        await _leads_nowhere(path, replace(rule, client=named(path.who), scopes=sells(any=path.scope)))
        return
    # What a sign-in gives follows from a registration; without that, only from the rule.
    bare = path if path.code is None else path.with_client(path.who, sign_in=None)
    event = await outcome(replace(bare, rule=rule))
    if event["outcome"] == "granted":
        assert event["kind"] == other
        agent = event["client"]["kind"] == "agent"  # named in every token about a person (0051)
        acts = other == "delegation" or path.kind == "downscope" or (agent and other == "translation")
        assert bool(event["given"]["actors"]) == acts
    else:
        assert event["reason"] in ("no_rule", "actor_not_allowed", "unknown_target")


async def _leads_nowhere(path: Attempt, rule: RuleSpec) -> None:
    """To another domain, and from there, leads the rule of a connection alone."""
    target = "orders" if path.connection is None else name_of(path.connection.name)
    bare = no_rule(path)
    assert isinstance(bare, Attempt)
    event = await outcome(replace(bare, rule=replace(rule, apis=frozenset({target}))))
    assert (event["outcome"], event["reason"]) == ("refused", "no_rule")


@pytest.mark.requirement("SEC-42")
async def test_any_deny_wins_in_any_order() -> None:
    deny = RuleSpec(
        name="no", effect="deny", kind="any", apis=frozenset({"inventory"}), reason="Stocktaking."
    )
    second = replace(ORDERS_TO_INVENTORY, name="again")
    for rules in itertools.permutations((deny, ORDERS_TO_INVENTORY, second)):
        house = House(rules=rules)
        error = await house.refused("orders", house.our_token(), **READ)
        assert (error.code, error.reason) == ("invalid_target", "denied_by_rule")
        assert house.writer.events[-1]["rules"] == ["no"]


@pytest.mark.requirement("SEC-42")
@pytest.mark.parametrize(
    "selector",
    [
        {},
        {"client": ClientSelector(names=frozenset({"orders"}))},
        {"client": ClientSelector(kinds=frozenset({"service"}))},
        {"apis": frozenset({"inventory"})},
        {"kind": "delegation"},
        {"subject": PartySelector(names=frozenset({"alice@acme.example"}))},
        {"subject": PartySelector(issuers=frozenset({"actas"}))},
        {"subject": PartySelector(kinds=frozenset({"person"}))},
        {"subject": PartySelector(audiences=frozenset({"orders"}))},
        {"actor": PartySelector(kinds=frozenset({"service"}))},
        {"actor": PartySelector(names=frozenset({"orders"}))},
        {"chain": ChainSelector(kinds=frozenset({"agent"}))},
        {"chain": ChainSelector(names=frozenset({"assistant"}))},
        {"chain": ChainSelector(names=frozenset({"alice@acme.example"}))},
        {"chain": ChainSelector(names=frozenset({"orders"}))},
        {"when": ("'assistant' in chain.names",)},
        {"when": ("chain.depth >= 2", "client.kind == 'service'")},
    ],
)
async def test_a_deny_may_select_by_anything(selector: dict[str, Any]) -> None:
    deny = replace(RuleSpec(name="no", effect="deny", kind="any", reason="No."), **selector)
    house = House(rules=(ORDERS_TO_INVENTORY, deny))
    assert (await house.refused("orders", house.our_token(), **READ)).reason == "denied_by_rule"


@pytest.mark.requirement("SEC-42", "SEC-02")
@pytest.mark.parametrize("member", [{}, {"sub_profile": "robot"}, {"sub_profile": 7}])
async def test_whom_nobody_described_satisfies_no_allow_and_escapes_no_deny(member: dict[str, Any]) -> None:
    act = {"iss": ISSUER, "sub": "assistant", **member}
    demand = replace(ORDERS_TO_INVENTORY, chain=ChainSelector(kinds=frozenset({"agent"})))
    house = House(rules=(demand,))
    assert (await house.refused("orders", house.our_token(act=act), **READ)).reason == "no_rule"
    deny = RuleSpec(
        name="no", effect="deny", kind="any", chain=ChainSelector(kinds=frozenset({"agent"})), reason="No."
    )
    house = House(rules=(ORDERS_TO_INVENTORY, deny))
    assert (await house.refused("orders", house.our_token(act=act), **READ)).reason == "denied_by_rule"


@pytest.mark.requirement("SEC-42")
@pytest.mark.parametrize(
    "change",
    [
        {"client": ClientSelector(names=frozenset({"Orders"}))},
        {"client": ClientSelector(kinds=frozenset({"agent"}))},
        {"subject": PartySelector(issuers=frozenset({"corp-idp"}))},
        {"subject": PartySelector(issuers=frozenset({"actas"}), kinds=frozenset({"agent"}))},
        {"subject": PartySelector(issuers=frozenset({"actas"}), names=frozenset({"bob@acme.example"}))},
        {"subject": PartySelector(issuers=frozenset({"actas"}), groups=frozenset({"support"}))},
        {"subject": PartySelector(issuers=frozenset({"actas"}), audiences=frozenset({"inventory"}))},
        {"apis": frozenset({"orders"})},
        {"when": ("false",)},
        {"when": ("true", "subject.kind == 'agent'")},
        {"actor": PartySelector(issuers=frozenset({"actas"}), required=True)},
        {"chain": ChainSelector(names=frozenset({"web"}))},
    ],
)
async def test_one_condition_that_is_not_met_is_enough_to_miss(change: dict[str, Any]) -> None:
    house = House(rules=(replace(ORDERS_TO_INVENTORY, **change),))
    error = await house.refused("orders", house.our_token(), **READ)
    assert (error.code, error.reason) == ("invalid_target", "no_rule")


@pytest.mark.requirement("SEC-42", "SEC-02")
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"client": ClientSelector()}, "client"),
        ({"apis": frozenset()}, "target"),
        ({"subject": None}, "subject"),
        ({"subject": PartySelector()}, "subject"),
        ({"subject": PartySelector(kinds=frozenset({"person"}))}, "subject"),
        ({"scopes": None}, "scopes"),
        ({"scopes": ScopeMap()}, "scopes"),
        ({"kind": "any"}, "allow"),
    ],
)
def test_an_allow_that_leaves_something_out_does_not_compile(change: dict[str, Any], field: str) -> None:
    with pytest.raises(RuleError) as refused:
        Policy([replace(ORDERS_TO_INVENTORY, **change)], apis=APIS)
    assert refused.value.field == field


@pytest.mark.requirement("SEC-42", "SEC-44")
async def test_a_rule_sells_nothing_at_the_api_next_door() -> None:
    house = House(rules=(allow("a", "delegation", "orders", "orders"),))
    assert (await house.refused("orders", house.our_token(), **READ)).reason == "no_rule"
    rule = allow("a", "delegation", "orders", "inventory", scopes=sells(any="stock:burn"))
    house = House(rules=(rule,))
    assert (await house.refused("orders", house.our_token(), audience="inventory")).reason == "excess"
