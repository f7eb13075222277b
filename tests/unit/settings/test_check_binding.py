"""What tokens are bound to: no word that does nothing, no two that no token can satisfy, and each arrives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.fakes.configuration import acme, loaded, named, sentences

API = "inventory"
RULE = "orders-to-inventory"
LESS = "asks for less than defaults.token.binding, dpop, which wins; leave it out"
ONE = "a token is bound to one key"


def changed(*, default: str | None = None, api: str | None = None, rule: str | None = None) -> dict[str, Any]:
    tree = acme()
    if default is not None:
        tree.setdefault("defaults", {}).setdefault("token", {})["binding"] = default
    for section, name, word in (("apis", API, api), ("rules", RULE, rule)):
        if word is not None:
            named(tree, section, name).setdefault("token", {})["binding"] = word
    return tree


@pytest.mark.parametrize(
    ("tree", "sentence"),
    [
        (changed(default="dpop", api="optional"), LESS),
        (changed(default="dpop", rule="none"), LESS),
        (
            changed(default="mtls", api="dpop"),
            f"asks for another key than defaults.token.binding, mtls: {ONE}",
        ),
        (
            changed(default="mtls", rule="dpop"),
            f"asks for another key than defaults.token.binding, mtls: {ONE}",
        ),
        (changed(api="mtls", rule="dpop"), f"asks for another key than the API inventory, mtls: {ONE}"),
    ],
    ids=["an API", "a rule", "an API against the defaults", "a rule against them", "a rule against its API"],
)
def test_a_word_that_would_do_nothing_is_refused(tree: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    assert [one for one in sentences(tmp_path, tree) if sentence in one]


@pytest.mark.parametrize(
    ("tree", "path"),
    [
        (changed(default="mtls"), "defaults.token.binding"),
        (changed(api="mtls"), "apis[1].token.binding"),
        (changed(rule="mtls"), "token.binding"),
    ],
    ids=["defaults", "an API", "a rule"],
)
def test_a_certificate_that_nobody_can_show_is_not_asked_for(
    tree: dict[str, Any], path: str, tmp_path: Path
) -> None:
    assert [one for one in sentences(tmp_path, tree) if f"{path}: nobody can show a certificate" in one]
    tree["server"]["trusted_proxies"] = ["10.0.0.0/8"]
    assert not [one for one in sentences(tmp_path, tree) if "certificate" in one]


def test_where_nobody_is_asked_for_a_certificate_none_is_wanted(tmp_path: Path) -> None:
    tree = changed(default="mtls")
    tree["server"]["tls"] = {"certificate": "tls.pem", "key": "tls.pem"}
    found = sentences(tmp_path, tree)
    assert [one for one in found if "defaults.token.binding: nobody is asked for a certificate" in one]


@pytest.mark.parametrize("word", ["relay", "unbind"])
def test_a_deny_says_nothing_about_keys(word: str, tmp_path: Path) -> None:
    tree = acme()
    deny = next(item for item in tree["rules"] if "deny" in item)
    deny["subject"] = {"from": "actas", word: True}
    assert [one for one in sentences(tmp_path, tree) if f"subject.{word}: means nothing in a deny" in one]


def test_what_is_written_is_what_is_asked(tmp_path: Path) -> None:
    tree = changed(default="none", api="optional", rule="dpop")
    tree["server"]["dpop"] = {"nonce": "required", "nonce_life": "2m", "max_age": "30s"}
    named(tree, "rules", RULE)["subject"] |= {"relay": True, "unbind": True}
    found = loaded(tmp_path, tree).definitions
    assert found.defaults.binding == "none"
    assert found.apis[API].binding == "optional"
    rule = next(one for one in found.rules if one.name == RULE)
    assert rule.binding == "dpop"
    assert rule.subject is not None
    assert (rule.subject.relay, rule.subject.unbind) == (True, True)
    asked = found.server.dpop
    assert (asked.nonce_required, asked.nonce_life, asked.max_age) == (True, 120, 30)
