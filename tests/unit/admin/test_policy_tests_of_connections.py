"""Policy tests of connections: a configuration that is checked says what grants come of it, and which do not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.fakes.clock import NOON
from tests.fakes.configuration import acme, complaints, loaded

from actas.app.compiled import catalog_of
from actas.app.policy_tests import run_policy_tests

ALICE: dict[str, Any] = {"from": "actas", "user": "actas:alice", "groups": ["support"]}
TICKETS: dict[str, Any] = {
    "name": "assistant-to-tickets",
    "direction": "issue",
    "client": "assistant",
    "resource": {
        "issuer": "https://auth.tickets.example",
        "client_id": "acme-assistant",
        "resource": "https://api.tickets.example",
        "scopes": ["tickets:read", "tickets:comment"],
    },
    "people": {"groups": ["support"]},
    "sign_in": {"max_age": "1h", "acr": "mfa"},
    "lifetime": "2m",
}
STRONG = {**ALICE, "claims": {"acr": "mfa"}}
ASK: dict[str, Any] = {"client": "assistant", "subject": STRONG, "connection": "assistant-to-tickets"}
GRANTED = {"granted": ["tickets:read"]}

Test = tuple[dict[str, Any], dict[str, Any]]


def tree(*tests: Test, **changes: Any) -> dict[str, Any]:
    found = acme()
    found["connections"] = [{**TICKETS, **changes}]
    found["tests"] = [
        {"name": f"test {place}", "ask": ask, "expect": expect} for place, (ask, expect) in enumerate(tests)
    ]
    return found


def problems(folder: Path, *tests: Test, **changes: Any) -> list[str]:
    definitions = loaded(folder, tree(*tests, **changes)).definitions
    results = run_policy_tests(definitions, catalog_of(definitions).policy, at=int(NOON))
    return [problem for one in results for problem in one.problems]


def asks(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**ASK, **changes}.items() if value is not None}


def test_an_operator_says_who_may_be_told_of_to_whom(tmp_path: Path) -> None:
    read = {"scope": "tickets:read"}
    early = {**STRONG, "claims": {"acr": "mfa", "auth_time": int(NOON) - 3601}}
    assert (
        problems(
            tmp_path,
            (
                asks(**read, kind="cross_app"),
                {**GRANTED, "lifetime": "2m", "chain": ["actas:alice", "assistant"]},
            ),
            (asks(), {"granted": ["tickets:read", "tickets:comment"]}),
            (asks(subject={**STRONG, "groups": ["sales"]}), {"refused": "no_rule"}),
            (asks(subject={**STRONG, "from": "corp-okta"}), {"refused": "no_rule"}),
            (asks(subject={**STRONG, "kind": "agent"}), {"refused": "bad_subject"}),
            (asks(subject=ALICE), {"refused": "sign_in_again"}),
            (asks(subject=early), {"refused": "sign_in_again"}),
            (asks(scope="tickets:read tickets:delete"), {"refused": "excess"}),
        )
        == []
    )


def test_a_connection_that_is_paused_gives_no_grant(tmp_path: Path) -> None:
    assert problems(tmp_path, (asks(), {"refused": "connection_paused"}), disabled=True) == []


def test_what_does_not_hold_is_said(tmp_path: Path) -> None:
    said = problems(
        tmp_path,
        (asks(scope="tickets:read"), {"granted": ["tickets:comment"]}),
        (asks(subject=ALICE), GRANTED),
    )
    assert said[0] == "expected tickets:comment, got tickets:read"
    assert said[1].startswith(
        "expected it granted, got sign_in_again: the token of actas:alice says acr None"
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"connection": "assistant-to-ticket"}, 'there is no connection "assistant-to-ticket"'),
        ({"api": "orders"}, "say either api or connection"),
        ({"connection": None}, "say either api or connection"),
        ({"client": "orders"}, "assistant-to-tickets is a connection of assistant"),
        ({"subject": None}, "say whose the grant is (subject)"),
        ({"subject": {**ALICE, "token_type": "access_token"}}, "is no sign-in"),
        ({"actor": ALICE}, "goes without connection"),
    ],
)
def test_a_test_that_cannot_be_meant_is_a_fault(changes: dict[str, Any], said: str, tmp_path: Path) -> None:
    assert any(said in one for one in complaints(tmp_path, tree((asks(**changes), GRANTED))))


def test_a_scope_that_the_connection_lacks_is_a_fault(tmp_path: Path) -> None:
    said = complaints(tmp_path, tree((asks(), {"granted": ["tickets:delete"]})))
    assert any('assistant-to-tickets has no scope "tickets:delete"' in one for one in said)
