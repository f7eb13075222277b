"""Clients that are known by the address of their document: what is asked of rules knows them too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.fakes.clock import NOON
from tests.fakes.configuration import acme, complaints, loaded

from actas.admin.who_can import who_can
from actas.app.compiled import catalog_of
from actas.app.policy_tests import run_policy_tests

CLIENT_ID = "https://agents.example/assistant.json"
SECTION: dict[str, Any] = {
    "hosts": ["agents.example"],
    "kind": "agent",
    "grants": ["authorization_code", "token_exchange"],
    "may_request": {"apis": ["orders"]},
}
RULE: dict[str, Any] = {
    "name": "assistant-by-address",
    "allow": "delegation",
    "client": CLIENT_ID,
    "subject": {"from": "corp-okta"},
    "target": {"api": "orders"},
    "scopes": {"any": ["orders:read"]},
}
ASKS: dict[str, Any] = {
    "client": CLIENT_ID,
    "subject": {"from": "corp-okta", "user": "alice"},
    "api": "orders",
}
GRANTED: dict[str, Any] = {"granted": ["orders:read"], "rule": "assistant-by-address"}


def tree(ask: dict[str, Any] | None = None, expect: dict[str, Any] | None = None) -> dict[str, Any]:
    found = acme()
    found["client_metadata_documents"] = SECTION
    found["rules"].append(RULE)
    if ask is not None:
        found["tests"] = [{"name": "by address", "ask": {**ASKS, **ask}, "expect": expect or GRANTED}]
    return found


def problems(tmp_path: Path, made: dict[str, Any]) -> tuple[str, ...]:
    definitions = loaded(tmp_path, made).definitions
    (result,) = run_policy_tests(definitions, catalog_of(definitions).policy, at=int(NOON))
    return result.problems


def test_who_can_names_a_client_that_a_rule_names_by_its_document(tmp_path: Path) -> None:
    catalog = catalog_of(loaded(tmp_path, tree()).definitions)
    clients = (*catalog.clients.values(), *catalog.named_by_document())
    ways = who_can(catalog.policy, clients, catalog.apis["orders"], "orders:read")
    kinds = {one.kind: (one.client_kind, one.rule) for one in ways if one.client == CLIENT_ID}
    assert kinds["delegation"] == ("agent", "assistant-by-address")
    other = who_can(catalog.policy, clients, catalog.apis["inventory"], None)
    assert CLIENT_ID not in [one.client for one in other]


def test_a_client_that_no_host_lets_in_any_more_can_nothing(tmp_path: Path) -> None:
    made = tree()
    made["rules"].remove(RULE)
    assert catalog_of(loaded(tmp_path, made).definitions).named_by_document() == ()


def test_a_policy_test_names_such_a_client_as_a_rule_does(tmp_path: Path) -> None:
    assert problems(tmp_path, tree({})) == ()
    other = "https://agents.example/other.json"
    assert problems(tmp_path, tree({"client": other}, {"refused": "no_rule"})) == ()
    (said,) = problems(tmp_path, tree({"client": other}))
    assert said.startswith("expected it granted, got no_rule")
    # What it may ask for is what the configuration lets such clients ask for.
    assert problems(tmp_path, tree({"api": "inventory"}, {"refused": "unknown_target"})) == ()


@pytest.mark.parametrize(
    ("client", "complaint"),
    [
        ("https://elsewhere.example/a.json", "there is no such client: clients of elsewhere.example are not let in"),
        ("https://agents.example/a.json?b", "must not have a query"),
        ("nobody", 'there is no client "nobody"'),
    ],
)  # fmt: skip
def test_a_policy_test_of_a_client_that_cannot_be_is_a_fault(
    tmp_path: Path, client: str, complaint: str
) -> None:
    found = complaints(tmp_path, tree({"client": client}))
    assert any(complaint in one for one in found), found
