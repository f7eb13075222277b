"""Policy tests that an operator writes about impersonation, and about people who signed in here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.fakes.clock import NOON
from tests.fakes.configuration import acme, complaints, loaded, named

from actas.app.compiled import catalog_of
from actas.app.policy_tests import run_policy_tests

RULE: dict[str, Any] = {
    "name": "helpdesk-looks-in",
    "allow": "impersonation",
    "client": "helpdesk",
    "actor": {"from": "corp-okta", "groups": ["support-leads"], "required": True},
    "subject": {"from": "actas", "kinds": ["person"], "groups": ["customers"]},
    "target": {"api": "orders"},
    "scopes": {"any": ["orders:read"]},
    "token": {"lifetime": "10m"},
}
SIGNED_IN: dict[str, Any] = {
    "name": "people-of-ours-see-their-orders",
    "allow": "delegation",
    "client": "assistant",
    "subject": {"from": "actas", "token_types": ["id_token"]},
    "target": {"api": "orders"},
    "scopes": {"any": ["orders:read"]},
}
DANA = {"from": "corp-okta", "user": "dana", "groups": ["support-leads"]}
LOOKS_IN: dict[str, Any] = {
    "client": "helpdesk",
    "subject": DANA,
    "requested_subject": "alice",
    "why": {"reason": "the order does not load", "ticket": "HELP-1"},
    "api": "orders",
}
GRANTED: dict[str, Any] = {"granted": ["orders:read"], "chain": ["actas:alice", "dana"], "lifetime": "10m"}


def tree(*tests: tuple[dict[str, Any], dict[str, Any]], **section: Any) -> dict[str, Any]:
    found = acme()
    found["users"] = [
        {"name": "alice", "groups": ["customers"]},
        {"name": "bob", "groups": ["staff"]},
        {"name": "carol", "groups": ["customers", "executives"]},
        {"name": "olga", "groups": ["customers", "board"], "email": "olga@acme.example"},
    ]
    named(found, "apis", "orders")["read_only"] = ["orders:read"]
    found["rules"] += [RULE, SIGNED_IN]
    found["impersonation"] = {
        "ticket": "^HELP-[0-9]+$",
        "max_age": "10m",
        "approval": {"when": 'subject.groups.exists(g, g == "executives")', "by": "security"},
        "protected": {"groups": ["board"]},
        **section,
    }
    found["tests"] = [
        {"name": f"test {place}", "ask": ask, "expect": expect} for place, (ask, expect) in enumerate(tests)
    ]
    return found


def problems(folder: Path, *tests: tuple[dict[str, Any], dict[str, Any]], **section: Any) -> list[str]:
    definitions = loaded(folder, tree(*tests, **section)).definitions
    results = run_policy_tests(definitions, catalog_of(definitions).policy, at=int(NOON))
    return [problem for one in results for problem in one.problems]


def asks(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**LOOKS_IN, **changes}.items() if value is not None}


def refused(reason: str, **more: Any) -> dict[str, Any]:
    return {"refused": reason, **more}


def test_an_operator_says_who_may_look_in_as_whom(tmp_path: Path) -> None:
    kind = {"kind": "administrative_impersonation"}
    support = {**DANA, "groups": ["support"]}
    assert (
        problems(
            tmp_path,
            (asks(**kind), GRANTED),
            (asks(), {**GRANTED, "approval": [], "rule": "helpdesk-looks-in"}),
            (asks(requested_subject="carol"), {"granted": ["orders:read"], "approval": "security"}),
            (asks(requested_subject="bob"), refused("no_rule", near_miss="helpdesk-looks-in")),
            (asks(requested_subject="olga"), refused("protected_subject")),
            (asks(subject=support), refused("no_rule", near_miss="helpdesk-looks-in")),
            (asks(subject=None), refused("no_rule")),
            (asks(why=None), refused("reason_missing")),
            (asks(why={"reason": "x", "ticket": "JIRA-1"}), refused("ticket_bad")),
            (asks(subject={**DANA, "claims": {"auth_time": int(NOON) - 700}}), refused("sign_in_again")),
        )
        == []
    )


def test_who_cannot_be_told_is_nobody_to_look_in_as(tmp_path: Path) -> None:
    section = {"notify": ["subject"], "notify_required": True}
    made = tree((asks(), refused("cannot_be_told")), **section)
    made["server"]["mail"] = {"host": "smtp.acme.example", "from": "actas@acme.example"}
    definitions = loaded(tmp_path, made).definitions
    (result,) = run_policy_tests(definitions, catalog_of(definitions).policy, at=int(NOON))
    assert result.problems == ()


def test_what_does_not_hold_is_said(tmp_path: Path) -> None:
    said = problems(
        tmp_path,
        (asks(requested_subject="bob"), GRANTED),
        (asks(requested_subject="carol"), {"granted": ["orders:read"], "approval": ["leads"]}),
        (asks(kind="impersonation"), GRANTED),
    )
    assert said[0].startswith("expected it granted, got no_rule")
    assert said[1:] == [
        "expected the approval of leads, got security",
        "expected the kind impersonation, got administrative_impersonation",
    ]


def test_an_id_token_of_ours_is_a_subject_to_write_tests_about(tmp_path: Path) -> None:
    signed_in = {"from": "actas", "user": "actas:alice", "kind": "person", "token_type": "id_token"}
    ask = {"client": "assistant", "subject": signed_in, "api": "orders", "scope": "orders:read"}
    access = {name: value for name, value in signed_in.items() if name != "token_type"}
    assert (
        problems(
            tmp_path,
            (ask, {"granted": ["orders:read"], "chain": ["actas:alice", "assistant"]}),
            ({**ask, "subject": access}, refused("no_rule", near_miss="people-of-ours-see-their-orders")),
            ({**ask, "client": "orders"}, refused("no_rule")),
        )
        == []
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"requested_subject": "alcie"}, 'there is no user "alcie"'),
        ({"actor": DANA}, "the administrator is the subject"),
        ({"requested_subject": None}, "goes with requested_subject"),
        ({"subject": {**DANA, "token_type": "id_token"}}, "what an issuer's are, the issuer says"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, changes: dict[str, Any], sentence: str) -> None:
    assert any(sentence in one for one in complaints(tmp_path, tree((asks(**changes), GRANTED))))
