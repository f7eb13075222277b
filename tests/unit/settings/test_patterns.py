"""Patterns in expressions: anchored, case-exact, written out, and never a bare wildcard."""

from __future__ import annotations

import pytest

from actas.settings.patterns import faults_of_patterns, loose_ends, tells_customers_apart


@pytest.mark.requirement("SEC-25")
@pytest.mark.parametrize(
    "expression",
    [
        'claims.sub.matches("^repo:acme/[a-z]+$")',
        'claims.sub.matches("^(?:a|b)$")',
        "claims.sub.matches('^(a|b)-[|]$')",
        'claims.sub.matches(r"^repo:acme/\\w+$")',
        'matches(claims.sub, "^repo:acme/x$")',
        'claims.note == "matches(anything)"',
        'claims.sub == "a|b"',
        'claims.sub.matches("^a\\\\|b$")',
        'claims.sub.startsWith("repo:acme/")',
    ],
)
def test_an_anchored_pattern_is_accepted(expression: str) -> None:
    assert list(faults_of_patterns(expression)) == []


@pytest.mark.requirement("SEC-25")
@pytest.mark.parametrize(
    ("expression", "complaint"),
    [
        ('claims.sub.matches("repo:acme/")', "matches anywhere in the text; write it as ^…$"),
        ('claims.sub.matches("^repo:acme/")', "matches anywhere in the text; write it as ^…$"),
        ('claims.sub.matches("repo:acme/$")', "matches anywhere in the text; write it as ^…$"),
        ('claims.sub.matches("^repo:acme\\\\$")', "matches anywhere in the text; write it as ^…$"),
        ('matches(claims.sub, "acme")', "matches anywhere in the text; write it as ^…$"),
        ('claims.sub.matches("^acme|evil$")', "anchors only its first and last alternative"),
        ('claims.sub.matches("^(?:x)|evil$")', "anchors only its first and last alternative"),
        ('claims.sub.matches("^.*$")', "matches everything"),
        ('claims.sub.matches("^(?:.+)$")', "matches everything"),
        ('claims.sub.matches("^(?i)acme$")', "ignores case"),
        ('claims.sub.matches("(?i)^acme$")', "ignores case"),
        ("claims.sub.matches(claims.pattern)", "must be written out as a text"),
        ('claims.sub.matches("^a" + claims.b + "$")', "must be written out as a text"),
        ('claims.x == "a" && claims.sub.matches( "acme" )', "matches anywhere"),
    ],
)
def test_a_pattern_that_matches_more_than_it_says_is_refused(expression: str, complaint: str) -> None:
    assert any(complaint in one for one in list(faults_of_patterns(expression)))


@pytest.mark.requirement("SEC-25")
@pytest.mark.parametrize(
    ("expression", "fine"),
    [
        ('claims.sub.startsWith("repo:acme/")', True),
        ('claims.sub.startsWith("repo:acme:")', True),
        ('claims.email.endsWith("@acme.example")', True),
        ('claims.sub.startsWith("repo:acme")', False),
        ('claims.sub.startsWith("repo:acme-")', False),
        ('claims.sub.startsWith("")', False),
        ('claims.email.endsWith("acme.example")', False),
        ("claims.sub.startsWith(claims.prefix)", False),
    ],
)
def test_a_prefix_ends_where_a_name_ends(expression: str, *, fine: bool) -> None:
    assert (list(loose_ends(expression)) == []) is fine


@pytest.mark.requirement("SEC-25")
@pytest.mark.parametrize(
    ("expression", "tells"),
    [
        ('claims.repository_owner == "acme"', True),
        ('claims["https://acme/org"] == "acme"', True),
        ('claims.hd in ["acme.example"]', True),
        ('claims.sub.startsWith("repo:acme/")', True),
        ("true", False),
        ("claims.email_verified == true", False),
        ('claims.iss == "https://gitlab.com"', False),
        ('claims["aud"] == "x"', False),
        ("has(claims.repository_owner)", False),
        ('"claims.hd" == "claims.hd"', False),
    ],
)
def test_a_condition_must_tell_customers_apart(expression: str, *, tells: bool) -> None:
    assert tells_customers_apart(expression) is tells
