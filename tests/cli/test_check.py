"""``actas check``: what is said of a configuration, in process; ``test_check_and_init`` runs it as a process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.configuration import ACME_ENVIRONMENT, acme, named, write
from tests.fakes.program import Program, Ran

NOT_LOOKED_AT = "what the console keeps was not looked at: there is no database in /var/lib/actas\n"
"""What is said where no server has its data folder."""


@pytest.fixture
def check(actas: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Check the sample company after a change."""
    monkeypatch.chdir(tmp_path)

    def ran(tree: Any, *words: str, environ: dict[str, str] = ACME_ENVIRONMENT) -> Ran:
        write(tmp_path, tree)
        return actas("check", *words, environ=environ)

    return ran


def test_the_sample_is_counted_and_its_policy_tests_pass(check: Any) -> None:
    ran = check(acme())
    assert (ran.code, ran.err) == (0, NOT_LOOKED_AT)
    assert ran.out == "✓ 6 clients, 3 APIs, 3 issuers, 7 rules · 4 policy tests pass\n"
    found = check(acme(), "--json").document
    assert (found["kind"], found["v"], found["valid"], found["clients"]) == ("actas/Check", 1, True, 6)
    assert [one["passed"] for one in found["tests"]] == [True] * 4
    assert (found["warnings"], len(found["digest"])) == ([], 64)
    assert check(acme(), "-o", "name").out == "valid\n"


def test_connections_of_both_directions_are_counted(check: Any) -> None:
    tree = acme()
    named(tree, "issuers", "corp-okta")["accepts"] = ["id_token", "id_jag"]
    named(tree, "clients", "assistant")["grants"] = ["token_exchange", "jwt_bearer"]
    there = {"issuer": "https://auth.tickets.example", "client_id": "acme", "scopes": ["tickets:read"]}
    tree["connections"] = [
        {
            "name": "out",
            "direction": "issue",
            "client": "assistant",
            "resource": there,
            "people": {"groups": ["support"]},
        },
        {
            "name": "in",
            "direction": "accept",
            "from": "corp-okta",
            "client": "assistant",
            "api": "orders",
            "scopes": ["orders:read"],
        },
    ]
    ran = check(tree)
    assert (ran.code, ran.out.split(" · ")[0]) == (
        0,
        "✓ 6 clients, 3 APIs, 3 issuers, 7 rules, 2 connections",
    )
    assert check(tree, "--json").document["connections"] == 2


def test_policy_tests_may_be_left_out_and_may_be_missing(check: Any) -> None:
    assert check(acme(), "--no-tests").out.endswith(" · policy tests left out\n")
    tree = acme()
    del tree["tests"]
    assert check(tree).out.endswith(" · no policy tests\n")


def test_a_policy_test_that_fails_says_what_it_got_where_the_rule_is_and_how_to_see_why(check: Any) -> None:
    tree = acme()
    tree["tests"][1]["expect"] = {"granted": ["orders:read"], "rule": "assistant-for-support"}
    tree["tests"][3]["expect"] = {"granted": ["stock:write"]}
    ran = check(tree)
    assert (ran.code, ran.err) == (1, NOT_LOOKED_AT)
    first, got, rule, why, *rest = ran.out.splitlines()
    assert first.startswith("actas.yaml:")
    assert first.endswith(": fails: a password alone is not enough")
    assert got.startswith("    expected it granted, got no_rule: ")
    assert rule.startswith("    the rule assistant-for-support is at actas.yaml:")
    assert why == (
        "    to see why: actas explain --client assistant --subject TOKEN --audience orders "
        '--scope "orders:read"'
    )
    assert "    expected stock:write, got stock:read" in rest
    assert "    to see why: actas explain --client orders --own --audience inventory" in rest
    assert rest[-1] == "✕ 6 clients, 3 APIs, 3 issuers, 7 rules · 2 policy tests pass, 2 fail"
    for_programs = check(tree, "--json")
    assert for_programs.error["code"] == "policy_tests"
    assert [one["passed"] for one in for_programs.document["tests"]] == [True, False, True, False]


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_every_fault_is_told_at_once_and_that_is_exit_3(check: Any, words: tuple[str, ...]) -> None:
    tree = acme()
    named(tree, "rules", "orders-to-inventory")["client"] = "oders"
    named(tree, "clients", "orders")["api"] = "nothing"
    ran = check(tree, *words)
    assert (ran.code, ran.out) == (3, "")
    if words:
        assert ran.error["code"] == "configuration"
        assert [one["path"] for one in ran.error["faults"]] == ["clients[1].api", "rules[1].client"]
    else:
        assert 'there is no client "oders"; did you mean "orders"?' in ran.err
        assert ran.err.endswith("error  2 errors. Nothing was changed.\n")


def test_an_expression_that_does_not_compile_is_a_fault_of_its_line(check: Any) -> None:
    tree = acme()
    named(tree, "rules", "assistant-for-support")["when"] = "subject.claims.acr in ["
    ran = check(tree)
    assert ran.code == 3
    assert "rules[0].when" in ran.err


def test_a_missing_secret_is_a_warning_and_an_error_with_strict(check: Any) -> None:
    ran = check(acme(), environ={})
    assert ran.code == 0
    assert ran.err.count("warning: ") == 3
    assert "PARTNER_GATEWAY_SECRET is not set" in ran.err
    strict = check(acme(), "--strict", environ={})
    assert (strict.code, strict.out) == (3, "")
    assert "error  3 errors." in strict.err


def test_a_warning_is_told_and_an_error_with_strict(check: Any) -> None:
    tree = acme()
    secret = "6f1e0c9a7d3b52848b6f1e0c9a7d3b52"
    named(tree, "clients", "partner-gateway")["auth"]["secret"] = secret
    ran = check(tree, "--dev", "--json")
    assert ran.code == 0
    (warning,) = ran.document["warnings"]
    assert warning["message"].startswith("a secret is written in the file")
    strict = check(tree, "--dev", "--strict")
    assert strict.code == 3
    assert strict.err.endswith("error  1 warning, which --strict takes as errors.\n")
    assert secret not in ran.out + ran.err + strict.err


def test_the_schema_is_printed_without_a_configuration(actas: Program) -> None:
    ran = actas("check", "--schema", "--ascii")
    assert (ran.code, ran.err) == (0, "")
    assert json.loads(ran.out)["title"] == "Actas configuration"
    assert ran.out.isascii()


def test_where_there_is_no_configuration_init_is_named(
    actas: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = actas("check")
    assert ran.code == 3
    assert ran.err.endswith("hint   actas init writes one\n")
    assert "actas init" not in actas("check", "-c", "other.yaml").err
