"""Expressions: compiled strictly, evaluated without mercy, and able to say what they looked at."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from actas.policy.expression import (
    ISSUER_NAMES,
    MAX_EXPRESSION,
    MAX_NESTING,
    RULE_NAMES,
    Context,
    EvaluationError,
    Expression,
    ExpressionError,
    compile_all,
)
from actas.policy.facts import ClaimsNeeded

VALUES: dict[str, Any] = {
    "claims": {"sub": "alice", "groups": ["a", "b"], "n": 3, "deep": {"er": {"x": "y"}}}
}


def expression(source: str) -> Expression:
    return Expression(source, names=ISSUER_NAMES)


@pytest.mark.parametrize(
    ("source", "holds"),
    [
        ("claims.sub == 'alice'", True),
        ("claims.n > 3", False),
        ("'a' in claims.groups && claims.deep.er.x == 'y'", True),
        ("claims.sub.startsWith('al')", True),
        ("claims.sub.matches('^alice$')", True),
        ("has(claims.nowhere)", False),
        ("size(claims.groups) == 2", True),
    ],
)
def test_an_expression_holds_or_does_not(source: str, *, holds: bool) -> None:
    assert expression(source).holds(Context(VALUES)) is holds


@pytest.mark.requirement("SEC-02", "SEC-42")
@pytest.mark.parametrize(
    "source", ["claims.nowhere", "claims.n", "claims.sub", "claims.n + 'x' == 'y'", "1 / 0 == 1"]
)
def test_what_is_not_a_clear_yes_or_no_is_an_error(source: str) -> None:
    with pytest.raises(EvaluationError) as refused:
        expression(source).holds(Context(VALUES))
    assert str(refused.value).startswith(source)


@pytest.mark.requirement("SEC-26")
def test_length_and_nesting_are_bounded() -> None:
    text = "claims.sub == '" + "x" * (MAX_EXPRESSION - 16) + "'"
    assert len(text) == MAX_EXPRESSION
    expression(text)
    with pytest.raises(ExpressionError, match="at most 1024"):
        expression(text[:-1] + "x'")
    expression("(" * (MAX_NESTING - 1) + "true" + ")" * (MAX_NESTING - 1))
    with pytest.raises(ExpressionError, match="nests at most"):
        expression("(" * (MAX_NESTING + 1) + "true" + ")" * (MAX_NESTING + 1))
    expression("claims.sub == '" + "(" * 100 + "'")


def test_a_name_that_is_not_in_scope_is_named() -> None:
    with pytest.raises(ExpressionError, match="no name 'subject' here; the names are claims"):
        expression("subject.id == 'x'")
    Expression("subject.id == 'x'", names=RULE_NAMES)


@pytest.mark.parametrize("source", ["", "claims.", "claims.sub ==", "a b", "claims.sub = 'x'", "'"])
def test_what_does_not_parse_is_said_in_one_line(source: str) -> None:
    with pytest.raises(ExpressionError) as refused:
        expression(source)
    assert "\n" not in str(refused.value)
    assert str(refused.value).startswith("is not a CEL expression")


def test_a_macro_may_name_its_own_variable() -> None:
    assert expression("claims.groups.exists(g, g == 'b')").holds(Context(VALUES))


def test_text_and_lists_of_text_are_insisted_on() -> None:
    context = Context(VALUES)
    assert expression("claims.sub").text(context) == "alice"
    assert expression("claims.groups").texts(context) == ("a", "b")
    for source in ("claims.n", "claims.groups", "null", "claims.nowhere"):
        with pytest.raises(EvaluationError):
            expression(source).text(context)
    for source in ("claims.sub", "[1]", "['a', 1]", "claims.deep", "null"):
        with pytest.raises(EvaluationError):
            expression(source).texts(context)


def test_every_expression_of_a_list_is_compiled() -> None:
    assert [one.source for one in compile_all(["true", "false"], names=ISSUER_NAMES)] == ["true", "false"]
    with pytest.raises(ExpressionError):
        compile_all(["true", "?"], names=ISSUER_NAMES)


def test_what_an_expression_looked_at_can_be_shown() -> None:
    one = expression("claims.sub == 'claims.n' && claims.deep.er.x != claims.nowhere && claims['n'] > 1")
    assert one.seen(VALUES) == {"claims.sub": "alice", "claims.deep.er.x": "y", "claims.n": 3}


@pytest.mark.requirement("SEC-45", "SEC-87")
@pytest.mark.parametrize(
    ("source", "needed"),
    [
        ("subject.claims.dept == 'x'", {"dept"}),
        ("has(subject.claims.dept)", {"dept"}),
        ("subject.claims['dept'] == subject.claims[\"team\"]", {"dept", "team"}),
        ("subject.claims.email.endsWith('@x')", {"email"}),
        ("subject.claims.a.b.c == 1", {"a"}),
        ("subject.id == 'claims.x' && actor.claims.y == 1", set()),
        ("'dept' in subject.claims", None),
        ("subject.claims == actor.claims", None),
        ("has(subject .claims.dept)", None),
        ("subject == actor", None),
        ("true", set()),
    ],
)
def test_the_claims_that_a_policy_needs_are_read_off_its_text(source: str, needed: set[str] | None) -> None:
    found = ClaimsNeeded.of([Expression(source, names=RULE_NAMES)]).subject
    assert found == (None if needed is None else frozenset(needed))


STARTS = """
import sys
from actas.policy.expression import ISSUER_NAMES, Context, Expression
assert Expression("claims.n > 2", names=ISSUER_NAMES).holds(Context({"claims": {"n": 3}}))
loaded = {"prompt_toolkit", "rich", "typer"} & {*sys.modules}
assert not loaded, loaded
"""


def test_the_language_is_loaded_without_its_command_line() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", STARTS], check=False, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
