"""The judge: every refusal in the order of the stages, one decision, and a permit that says it all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.changed import changed
from tests.fakes.house import (
    APIS,
    ISSUER,
    KINDS,
    NO_AGENT_WRITES_STOCK,
    NOW,
    ORDERS_TO_INVENTORY,
    RULES,
    House,
    allow,
)
from tests.unit.policy.test_match import ALICE, situation

from actas.core.lineage import Lineage
from actas.core.party import MayAct
from actas.core.permit import Permit, Refusal
from actas.core.person import as_actor
from actas.kinds.impersonation import LONGEST_LIFE
from actas.kinds.judge import Judgement, judge
from actas.policy.decide import Policy
from actas.policy.rule import PolicyDefaults, RuleSpec

HELD = changed(ALICE, scope=frozenset({"orders:read", "orders:write"}), txn="root", expires_at=NOW + 1000)
READ: dict[str, Any] = {"audience": "inventory", "scope": "stock:read"}


def judged(*rules: RuleSpec, defaults: PolicyDefaults | None = None, **changes: Any) -> Judgement:
    subject = changes.pop("subject", HELD)
    proposal = changed(situation(subject=subject).proposal, scope=frozenset({"stock:read"}))
    policy = Policy(rules, apis=APIS, defaults=defaults)
    return judge(changed(proposal, **changes), kinds=KINDS, policy=policy)


def test_a_permit_says_exactly_what_may_be_issued() -> None:
    known = changed(HELD, lineage=Lineage(("alice",), NOW - 40))
    itself = changed(situation().proposal.itself, lineage=Lineage(("orders", "alice")))
    permit = judged(*RULES, subject=known, itself=itself).decision
    assert permit == Permit(
        rules=("orders-to-inventory",),
        policy=Policy(RULES, apis=APIS).version,
        kind="delegation",
        client_id="orders",
        subject=HELD.identity,
        subject_kind="person",
        origin=HELD.origin,
        actors=(as_actor(situation().proposal.itself), *HELD.actors),
        token_type=situation().proposal.requested,
        audience=("https://inventory.acme.example",),
        scope=frozenset({"stock:read"}),
        issued_at=NOW,
        expires_at=NOW + 120,
        not_after=NOW + 1000,
        groups=("support",),
        txn="root",
        lineage=Lineage(("alice", "orders"), NOW - 40),
    )


@pytest.mark.requirement("SEC-45")
def test_every_refusal_is_found_and_the_first_decides() -> None:
    closed = replace(APIS[1], disabled=True)
    subject = changed(HELD, may_act=MayAct({"sub": "web"}), expires_at=NOW - 1)
    found = judged(*RULES, subject=subject, targets=(closed,), scope=frozenset({"stock:burn"}))
    assert [one.reason for one in found.refusals] == [
        "unknown_target",
        "actor_not_allowed",
        "actor_not_allowed",
        "excess",
        "expired",
    ]
    assert isinstance(found.decision, Refusal)
    assert found.decision.reason == "unknown_target"
    assert found.permit is None


@pytest.mark.requirement("TX-52", "TX-53")
def test_the_kind_that_names_the_actor_comes_first() -> None:
    alone = changed(HELD, actors=())
    both = judged(allow("i", "impersonation", "orders", "inventory"), ORDERS_TO_INVENTORY, subject=alone)
    assert (both.kind and both.kind.name) == "delegation"
    assert [kind.name for kind in both.considered] == ["delegation", "impersonation"]


@pytest.mark.requirement("SEC-48")
def test_an_impersonated_token_is_short_whatever_a_rule_says() -> None:
    long = allow("i", "impersonation", "orders", "inventory", lifetime=7200)
    subject = changed(HELD, actors=(), expires_at=NOW + 7200)
    api = replace(APIS[1], lifetime=None)
    permit = judged(long, subject=subject, targets=(api,)).permit
    assert permit is not None
    assert permit.expires_at == NOW + LONGEST_LIFE


@pytest.mark.requirement("SEC-43")
@pytest.mark.parametrize("left", [0, -1, -1000])
def test_a_token_that_ends_now_buys_nothing(left: int) -> None:
    found = judged(*RULES, subject=changed(HELD, expires_at=NOW + left))
    assert [one.reason for one in found.refusals] == ["expired"]


def test_no_rule_is_said_once_however_many_targets_there_are() -> None:
    found = judged(targets=APIS[:2], scope=None)
    assert [one.reason for one in found.refusals][-1] == "no_rule"
    assert sum(one.reason == "no_rule" for one in found.refusals) == 1


@pytest.mark.requirement("SEC-86", "SEC-45")
async def test_the_minutes_name_the_rule_that_denied_a_scope() -> None:
    house = House()
    await house.refused("orders", house.our_token(), audience="inventory", scope="stock:write")
    assert house.writer.events[-1]["rules"] == ["no-agent-writes-stock"]


@pytest.mark.requirement("SEC-45")
def test_a_deny_is_blamed_only_for_what_it_took_away() -> None:
    found = judged(*RULES, subject=changed(HELD, scope=frozenset()), scope=None)
    assert [one.reason for one in found.refusals] == ["excess"]


@pytest.mark.requirement("TX-72")
def test_a_deny_is_blamed_where_it_left_nothing() -> None:
    deny = replace(NO_AGENT_WRITES_STOCK, denied_scopes=frozenset({"stock:read", "stock:write"}))
    found = judged(ORDERS_TO_INVENTORY, deny, scope=None)
    assert [(one.reason, one.error.code) for one in found.refusals] == [("denied_by_rule", "invalid_scope")]


@pytest.mark.requirement("TX-122", "TX-120")
def test_the_algorithm_is_the_targets_when_they_agree() -> None:
    signed = replace(APIS[1], algorithm="EdDSA")
    permit = judged(*RULES, targets=(signed,)).permit
    assert permit is not None
    assert permit.algorithm == "EdDSA"
    assert permit.subject.issuer == ISSUER
