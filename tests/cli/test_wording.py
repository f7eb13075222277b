from __future__ import annotations

import json

import pytest

from actas.cli.wording import (
    clean,
    duration,
    escape_json,
    listed,
    padded,
    short_issuer,
    short_name,
    short_target,
    width,
)


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("alice@acme.example", "alice"),
        ("assistant", "assistant"),
        ("corp-okta:a-17", "corp-okta:a-17"),
        ("@weird", "@weird"),
        ("https://svc.acme.example", "svc"),
        ("spiffe://acme.example/ns/shop/sa/orders", "orders"),
        ("x" * 200, "x" * 63 + "…"),
    ],
)
def test_a_party_has_a_short_name(name: str, short: str) -> None:
    assert short_name(name) == short


@pytest.mark.parametrize(
    ("target", "short"),
    [
        ("https://inventory.acme.example", "inventory"),
        ("https://inventory.acme.example:8443/v1", "inventory"),
        ("inventory", "inventory"),
        ("urn:acme:inventory", "urn:acme:inventory"),
        ("http://127.0.0.1:9001/orders", "orders"),
        ("http://127.0.0.1:9001", "127.0.0.1:9001"),
        ("http://[::1]:9001", "[::1]:9001"),
        ("http://localhost:9001/", "localhost:9001"),
        ("https://[bad", "https://[bad"),
    ],
)
def test_a_target_has_a_short_name(target: str, short: str) -> None:
    assert short_target(target) == short


def test_an_issuer_is_known_by_its_host() -> None:
    assert short_issuer("https://idp.partner.example/tenant") == "idp.partner.example"
    assert short_issuer("partner-saml") == "partner-saml"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (0.9, "0 s"),
        (-5, "0 s"),
        (101, "1 m 41 s"),
        (120, "2 m"),
        (3600, "1 h"),
        (3601, "1 h"),
        (90_061, "1 d 1 h"),
        (172_800, "2 d"),
    ],
)
def test_a_duration_has_two_units_at_most(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_words_are_listed() -> None:
    assert [listed(["a", "b", "c"][:count]) for count in range(4)] == ["", "a", "a and b", "a, b and c"]


def test_wide_and_combining_characters_are_counted_as_the_terminal_counts_them() -> None:
    assert width("山a") == 3
    assert width("e\u0301") == 1
    assert padded("山", 4) == "山  "


@pytest.mark.parametrize(
    "unsafe", ["\x1b", "\x07", "\x9b", "\r", "\n", "\u2028", "\u202e", "\u200b", "\ud800"]
)
def test_what_could_steer_a_terminal_is_spelt_out(unsafe: str) -> None:
    assert clean(f"a{unsafe}b") == f"a\\u{ord(unsafe):04x}b"


def test_json_keeps_its_meaning_when_it_is_made_safe_to_print() -> None:
    value = {"a": "\x9b1m\u202e\U000e0041", "b": ["\n"]}
    safe = escape_json(json.dumps(value, ensure_ascii=False, indent=2))
    assert json.loads(safe) == value
    assert not {"\x9b", "\u202e", "\U000e0041"} & set(safe)
