"""The policy tests of a configuration, and the made-up parties they are about."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.house import APIS, CLIENTS, CORP, IDP, ISSUER, KINDS, NOW, ORDERS, RULES, House

from actas import exchange
from actas.admin.made_up import party_from_case
from actas.admin.policy_tests import PolicyTester
from actas.core.party import Actor, Identity
from actas.core.wire import ID_TOKEN, JWT
from actas.policy.cases import AskedToken, PolicyTest

ALICE = AskedToken(issuer="corp-idp", user="alice", groups=("support",))
THROUGH = AskedToken(
    issuer="actas",
    user="alice@acme.example",
    via=("web", "assistant"),
    audience=(ORDERS,),
    scope=frozenset({"orders:read", "orders:write"}),
)
CASE = PolicyTest(
    name="support",
    client="assistant",
    subject=ALICE,
    actor=None,
    apis=("orders",),
    scope=frozenset({"orders:read"}),
    kind=None,
    granted=frozenset({"orders:read"}),
    lifetime=None,
    chain=None,
    refused=None,
    rule=None,
    near_miss=None,
    place="x.yaml:1",
)


def problems(case: PolicyTest) -> tuple[str, ...]:
    tester = PolicyTester(
        ourselves=ISSUER,
        clients={one.name: one for one in CLIENTS},
        apis={one.name: one for one in APIS},
        issuers={CORP.name: CORP},
        kinds=KINDS,
        policy=House(rules=RULES).catalog.policy,
        at=NOW,
    )
    return tester.run(case).problems


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"lifetime": 300, "kind": "delegation", "rule": "assistant-for-support", "chain": ("alice", "assistant")},
        {"chain": ("alice@acme.example", "assistant")},
        {"subject": replace(ALICE, groups=()), "granted": None, "refused": "no_rule",
         "near_miss": "assistant-for-support"},
        {"client": "orders", "subject": THROUGH, "apis": ("inventory",), "scope": frozenset({"stock:write"}),
         "granted": None, "refused": "denied_by_rule", "rule": "no-agent-writes-stock"},
        {"client": "orders", "subject": THROUGH, "apis": ("inventory",), "scope": frozenset({"stock:read"}),
         "granted": frozenset({"stock:read"}), "chain": ("alice", "web", "assistant", "orders")},
    ],
)  # fmt: skip
def test_a_test_that_expects_what_happens_passes(change: dict[str, Any]) -> None:
    assert problems(replace(CASE, **change)) == ()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"granted": frozenset({"orders:write"})}, "expected orders:write, got orders:read"),
        ({"lifetime": 60}, "expected a life of 60 s, got 300 s"),
        ({"rule": "other"}, "expected the rule other to allow it, got assistant-for-support"),
        ({"chain": ("bob", "assistant")}, "expected the chain bob assistant, got alice@acme.example assistant"),
        ({"chain": ("alice",)}, "expected the chain alice, got alice@acme.example assistant"),
        ({"kind": "translation"}, "expected the kind translation, got delegation"),
        ({"granted": None, "refused": "no_rule"}, "expected no_rule, got granted: orders:read"),
        ({"subject": replace(ALICE, groups=())}, "expected it granted, got no_rule: no rule allows this exchange"),
        ({"subject": replace(ALICE, groups=()), "granted": None, "refused": "excess"},
         "expected excess, got no_rule: no rule allows this exchange"),
        ({"subject": replace(ALICE, groups=()), "granted": None, "refused": "no_rule", "rule": "no-agent-writes-stock"},
         "expected the rule no-agent-writes-stock to have refused it"),
        ({"subject": replace(ALICE, groups=()), "granted": None, "refused": "no_rule", "near_miss": "other"},
         "expected other to come nearest, got assistant-for-support"),
    ],
)  # fmt: skip
def test_a_test_that_expects_something_else_says_what_happened(change: dict[str, Any], problem: str) -> None:
    assert problem in problems(replace(CASE, **change))


def made_up(asked: AskedToken, presenter: str = "orders") -> Any:
    return party_from_case(
        asked,
        ourselves=ISSUER,
        issuers={CORP.name: CORP, "plain": replace(CORP, name="plain", email_domains=frozenset(), accepts=frozenset({JWT})),
                 "people": replace(CORP, name="people", email_domains=frozenset(), accepts=frozenset())},
        clients={one.name: one for one in CLIENTS},
        presenter=presenter,
        at=NOW,
    )  # fmt: skip


def test_a_made_up_foreign_party_is_what_the_validator_would_have_made() -> None:
    party = made_up(ALICE)
    assert (party.identity, party.origin) == (Identity(ISSUER, "alice@acme.example"), Identity(IDP, "alice"))
    assert (party.kind, party.token_type, party.presenters) == ("person", ID_TOKEN, {"orders"})
    assert made_up(replace(ALICE, issuer="plain")).identity.subject == "plain:alice"
    assert made_up(replace(ALICE, issuer="plain")).token_type == JWT
    assert made_up(replace(ALICE, issuer="people")).token_type == ID_TOKEN  # people only sign in through it
    assert made_up(replace(ALICE, user="bob@acme.example")).identity.subject == "bob@acme.example"
    assert made_up(replace(ALICE, kind="agent")).kind == "agent"


def test_a_made_up_token_of_ours_has_the_chain_it_came_through() -> None:
    party = made_up(THROUGH)
    assert party.actors == (
        Actor(Identity(ISSUER, "assistant"), "agent"),
        Actor(Identity(ISSUER, "web"), "app"),
    )
    assert (party.client_id, party.audience, party.is_ours) == ("assistant", (ORDERS,), True)
    assert made_up(AskedToken(issuer="actas", user="web")).kind == "app"
    assert made_up(AskedToken(issuer="actas", user="alice@acme.example")).client_id == "orders"


@pytest.mark.requirement("SEC-01", "SEC-03")
def test_made_up_parties_cannot_be_reached_from_the_pipeline() -> None:
    """Nothing that the pipeline imports, however indirectly, imports ``admin``."""
    root = Path(exchange.__file__).parent
    todo, seen = ["exchange"], set[str]()
    while todo:
        module = todo.pop()
        if module in seen:
            continue
        seen.add(module)
        path = root / f"{module.replace('.', '/')}.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if path.exists() else ():
            if isinstance(node, ast.ImportFrom) and node.module is not None:
                todo += [node.module.removeprefix("actas.")] if node.module.startswith("actas.") else []
    assert len(seen) > 30
    assert not [module for module in seen if module.startswith("admin")]
