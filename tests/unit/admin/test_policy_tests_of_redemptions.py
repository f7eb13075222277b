"""Policy tests of connections by which the grants of another domain are redeemed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.fakes.clock import NOON
from tests.fakes.configuration import acme, complaints, loaded

from actas.app.compiled import catalog_of
from actas.app.policy_tests import run_policy_tests

ACCEPT: dict[str, Any] = {
    "name": "assistant-from-corp",
    "direction": "accept",
    "from": "other",
    "client": "assistant",
    "api": "orders",
    "scopes": ["orders:read"],
}
ALICE: dict[str, Any] = {"from": "other", "user": "alice", "scope": "orders:read orders:write"}
ASK: dict[str, Any] = {"client": "assistant", "subject": ALICE, "connection": "assistant-from-corp"}
GRANTED: dict[str, Any] = {"granted": ["orders:read"]}

Test = tuple[dict[str, Any], dict[str, Any]]


def tree(*tests: Test, **changes: Any) -> dict[str, Any]:
    found = acme()
    found["issuers"].append(
        {
            "name": "other",
            "type": "oidc",
            "issuer": "https://sts.other.example",
            "accepts": ["id_jag"],
            "email_domains": ["other.example"],
            "subject": "claims.email",
        }
    )
    client = next(one for one in found["clients"] if one["name"] == "assistant")
    client["grants"] = [*client.get("grants", ["token_exchange"]), "jwt_bearer"]
    apis = client.setdefault("may_request", {}).setdefault("apis", [])
    client["may_request"]["apis"] = sorted({*apis, "orders"})
    found["users"] = [
        {"name": "alice", "email": "alice@acme.example", "groups": ["support"]},
        {"name": "bob", "email": "bob@acme.example", "disabled": True},
    ]
    found["connections"] = [{**ACCEPT, **changes}]
    found["tests"] = [
        {"name": f"test {place}", "ask": ask, "expect": expect} for place, (ask, expect) in enumerate(tests)
    ]
    return found


def problems(folder: Path, *tests: Test, **changes: Any) -> list[str]:
    definitions = loaded(folder, tree(*tests, **changes)).definitions
    results = run_policy_tests(definitions, catalog_of(definitions).policy, at=int(NOON))
    return [problem for one in results for problem in one.problems]


def asks(subject: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    shown = None if subject is None else {**ALICE, **subject}
    whole = {**ASK, **({} if shown is None else {"subject": shown}), **changes}
    return {name: value for name, value in whole.items() if value is not None}


def test_a_test_says_which_details_come_of_a_grant(tmp_path: Path) -> None:
    template = {"type": "order", "actions": ["read", "list"]}
    terms: dict[str, Any] = {"authorization_details": [template]}
    read, mail = {"type": "order", "actions": ["read"]}, {"type": "mail"}
    tests: list[Test] = [
        (asks(authorization_details=[read, mail]), {**GRANTED, "authorization_details": [read]}),
        (asks(authorization_details=[{"type": "order"}]), {**GRANTED, "authorization_details": [template]}),
        (
            asks({"scope": "other:x"}, authorization_details=[read]),
            {"granted": [], "authorization_details": [read]},
        ),
        (asks(authorization_details=[mail]), {"refused": "bad_details"}),
    ]
    assert problems(tmp_path, *tests, **terms) == []
    assert problems(tmp_path, tests[3]) == []
    expected = (asks(authorization_details=[read]), {**GRANTED, "authorization_details": [template]})
    assert 'got [{"type":"order","actions":["read"]}]' in problems(tmp_path, expected, **terms)[0]
    astray = (asks(authorization_details=[read]), {"refused": "excess", "authorization_details": []})
    assert complaints(tmp_path, tree(astray, **terms))


@pytest.mark.requirement("JAG-94")
def test_a_test_says_of_which_tenant_a_grant_is(tmp_path: Path) -> None:
    tenants: dict[str, Any] = {"identifiers": {"tenant": "a"}, "people": {"unknown": "create"}}
    other = {"refused": "wrong_tenant"}
    tests: list[Test] = [
        (asks({"claims": {"tenant": "a"}}), GRANTED),
        (asks({"claims": {"tenant": "b"}}), other),
        (asks(), other),
    ]
    assert problems(tmp_path, *tests, **tenants) == []
    found = problems(tmp_path, (asks({"claims": {"tenant": "a"}}), {**GRANTED, "chain": ["x"]}), **tenants)
    assert "other:~" in found[0]


def test_an_operator_says_what_comes_of_whose_grant(tmp_path: Path) -> None:
    whole = {**GRANTED, "chain": ["alice", "assistant"]}
    assert (
        problems(
            tmp_path,
            (asks(kind="redemption"), {**whole, "lifetime": "5m"}),
            (asks(scope="orders:read"), GRANTED),
            (asks({"scope": "orders:write"}), {"refused": "excess"}),
            (asks(scope="orders:write"), {"refused": "excess"}),
            (asks({"known": False}), {"refused": "no_rule"}),
            (asks({"known": True}), GRANTED),
            (asks({"kind": "service"}), {"refused": "bad_subject"}),
        )
        == []
    )


def test_strangers_are_let_in_where_the_connection_says_so(tmp_path: Path) -> None:
    people = {"unknown": "create"}
    assert problems(tmp_path, (asks({"known": False}), GRANTED), people=people) == []


def test_somebody_is_only_who_the_connection_names(tmp_path: Path) -> None:
    people = {"names": ["other:alice"]}
    tests = ((asks(), GRANTED), (asks({"user": "carol"}), {"refused": "no_rule"}))
    assert problems(tmp_path, *tests, people=people) == []


@pytest.mark.parametrize("match", ["email", "aud_sub"])
def test_a_user_of_ours_is_who_they_are_here_groups_and_all(match: str, tmp_path: Path) -> None:
    tests = (
        (asks(), {**GRANTED, "chain": ["actas:alice", "assistant"]}),
        (asks({"user": "bob"}), {"refused": "bad_subject"}),
    )
    assert problems(tmp_path, *tests, people={"match": match, "groups": ["support"]}) == []
    sales = {"match": match, "groups": ["sales"]}
    assert problems(tmp_path, (asks(), {"refused": "no_rule"}), people=sales) == []


def test_of_a_connection_that_is_paused_nothing_comes(tmp_path: Path) -> None:
    said = problems(tmp_path, (asks(), {"refused": "connection_paused"}), (asks(), GRANTED), disabled=True)
    assert said == [
        "expected it granted, got connection_paused: the connection assistant-from-corp is paused"
    ]


def test_what_does_not_hold_is_said(tmp_path: Path) -> None:
    said = problems(tmp_path, (asks({"known": False}), GRANTED), (asks(), {"refused": "no_rule"}))
    assert said[0].startswith("expected it granted, got no_rule")
    assert said[1] == "expected no_rule, got granted: orders:read"


@pytest.mark.parametrize(
    ("ask", "changes", "said"),
    [
        (asks({"from": "corp-okta"}), {}, "assistant-from-corp redeems grants of other"),
        (asks(client="orders"), {}, "assistant-from-corp is a connection of assistant"),
        ({**ASK, "subject": None}, {}, "say whom the grant tells of (subject)"),
        (asks(actor={"from": "actas", "user": "x"}), {}, "whom a grant tells of, it says itself"),
        (asks({"user": "carol"}), {"people": {"match": "aud_sub"}}, 'there is no user "carol"'),
        (asks({"known": False}), {"people": {"match": "aud_sub"}}, "goes without match: aud_sub"),
        (asks({"groups": ["a"]}), {"people": {"match": "aud_sub"}}, "goes without match: aud_sub"),
        (asks({"token_type": "id_token"}), {}, "is for tokens of actas"),
        (
            {
                "client": "assistant",
                "api": "orders",
                "subject": {**ALICE, "from": "corp-okta", "known": True},
            },
            {},
            "goes with a connection that accepts grants",
        ),
    ],
)
def test_a_test_that_cannot_be_meant_is_a_fault(
    ask: dict[str, Any], changes: dict[str, Any], said: str, tmp_path: Path
) -> None:
    ask = {name: value for name, value in ask.items() if value is not None}
    found = complaints(tmp_path, tree((ask, GRANTED), **changes))
    assert any(said in one for one in found), found


def test_a_scope_that_the_connection_lacks_is_a_fault(tmp_path: Path) -> None:
    said = complaints(tmp_path, tree((asks(), {"granted": ["orders:write"]})))
    assert any('assistant-from-corp has no scope "orders:write"' in one for one in said)
