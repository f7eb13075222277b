"""Attack: a setting that is silently off.

An administrator believes that a restriction is in force, and it is not: the key was misspelt and ignored,
the value was empty and taken for "no restriction", ``null`` came out of a template, a list lost its
items, a word meant something else to the server than to the reviewer, or the same key was given twice
and the second one won. Whoever can influence a template, a merge or a review gets a looser server
without touching anything that looks like security (CVE-2026-18570, CVE-2026-16443, CVE-2026-28323 were
all missing settings read as "off").

Here every field of a complete configuration is left out, emptied, nulled and misspelt, one at a time.
Each time the server either does not start and names the field, or it is no looser than the documented
default.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.configuration import acme, complaints, loaded, sentences

from actas.core.client import Client
from actas.policy.rule import RuleSpec
from actas.settings.definitions import Definitions
from actas.settings.faults import ConfigurationFaults
from actas.trust.registry import TrustedIssuer

Path_ = tuple[str | int, ...]

# Mappings whose keys are names that people choose: any name is a good one there.
_CHOSEN = {"scopes", "claims", "audiences"}

# Lists that may be empty, because nothing is the strict reading: a client without grants, a scope that
# buys nothing, a token without scopes.
_MAY_BE_EMPTY = {"grants", "any", "granted", "orders:read", "orders:write"}


def places(value: Any, path: Path_ = ()) -> Iterator[Path_]:
    """Yield every key of the configuration, as a path."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield (*path, key)
            yield from places(one, (*path, key))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from places(one, (*path, index))


def at(tree: Any, path: Path_) -> Any:
    for step in path:
        tree = tree[step]
    return tree


def changed(path: Path_, value: object) -> dict[str, Any]:
    tree = acme()
    at(tree, path[:-1])[path[-1]] = value
    return tree


def is_chosen(path: Path_) -> bool:
    return len(path) > 1 and any(step in _CHOSEN for step in path[-3:-1])


def shown(path: Path_) -> str:
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


EVERYWHERE = list(places(acme()))
FIELDS = [path for path in EVERYWHERE if not is_chosen(path)]


def test_the_sample_has_every_kind_of_field() -> None:
    assert len(FIELDS) > 150


@pytest.mark.requirement("SEC-02", "REL-30")
@pytest.mark.parametrize("path", EVERYWHERE, ids=shown)
def test_null_is_never_a_value(tmp_path: Path, path: Path_) -> None:
    assert any(
        one.startswith(f"{shown(path)}: has no value") for one in sentences(tmp_path, changed(path, None))
    )


@pytest.mark.requirement("SEC-02", "REL-30")
@pytest.mark.parametrize("path", FIELDS, ids=shown)
def test_an_empty_value_is_never_taken_for_none(tmp_path: Path, path: Path_) -> None:
    empties: tuple[object, ...] = ("", [], {})
    for empty in empties:
        if empty == [] and path[-1] in _MAY_BE_EMPTY:
            continue
        found = sentences(tmp_path, changed(path, empty))
        assert any(one.startswith(shown(path)) for one in found), (empty, found)


@pytest.mark.requirement("SEC-02", "REL-30")
@pytest.mark.parametrize("path", FIELDS, ids=shown)
def test_a_misspelt_key_is_named_with_its_nearest_match(tmp_path: Path, path: Path_) -> None:
    key = str(path[-1])
    misspelt = key[:-1] if len(key) > 3 else key + key[-1]
    tree = acme()
    holder = at(tree, path[:-1])
    holder[misspelt] = holder.pop(key)
    wanted = f'"{misspelt}"'
    found = sentences(tmp_path, tree)
    assert any(wanted in one and f'did you mean "{key}"?' in one for one in found), found


@pytest.mark.requirement("SEC-02")
@pytest.mark.parametrize("path", FIELDS, ids=shown)
def test_a_field_that_is_left_out_never_makes_the_server_looser(tmp_path: Path, path: Path_) -> None:
    tree = acme()
    holder = at(tree, path[:-1])
    del holder[path[-1]]
    try:
        found = loaded(tmp_path, tree).definitions
    except ConfigurationFaults:
        return
    (tmp_path / "whole").mkdir()
    before = loaded(tmp_path / "whole", acme()).definitions
    assert not list(looser(before, found))


def looser(before: Definitions, after: Definitions) -> Iterator[str]:
    """Yield what lets through more than before, beyond the documented default."""
    for name, issuer in after.issuers.items():
        yield from looser_issuer(before.issuers[name], issuer)
    for name, client in after.clients.items():
        yield from looser_client(before.clients[name], client)
    rules = {one.name: one for one in before.rules}
    for rule in after.rules:
        yield from looser_rule(rules[rule.name], rule)
    lost = {one.name for one in before.rules if one.effect == "deny"} - {one.name for one in after.rules}
    if lost and after.rules:  # without any rule nothing is allowed
        yield f"denies {lost}"
    if after.defaults.max_depth > 5 or after.defaults.lifetime > 300:
        yield "defaults"
    if after.defaults.on_excess_scope != "reject":
        yield "on_excess_scope"


def looser_issuer(before: TrustedIssuer, after: TrustedIssuer) -> Iterator[str]:
    if after.algorithms - before.algorithms - {"ES256", "RS256"}:
        yield "algorithms"
    if after.token_types - before.token_types or after.accepts - before.accepts:
        yield "token types"
    if after.email_domains - before.email_domains:
        yield "email_domains"
    if set(after.audiences) - set(before.audiences):
        yield "audiences"
    if after.max_life > max(before.max_life, 24 * 3600):
        yield "max_life"
    if after.outage_grace > max(before.outage_grace, 24 * 3600):
        yield "outage_grace"


def looser_client(before: Client, after: Client) -> Iterator[str]:
    if after.auth.method != before.auth.method or after.apis - before.apis:
        yield "client"
    if after.grants - before.grants:
        yield "grants"


def looser_rule(before: RuleSpec, after: RuleSpec) -> Iterator[str]:
    if after.effect != before.effect or after.kind != before.kind:
        yield "effect"
    if after.effect == "deny":
        return  # a deny that says less denies more
    selectors = (after.client.names or after.client.kinds, after.apis, after.scopes)
    if not all(selectors) or (after.subject is None) != (before.subject is None):
        yield "selectors"
    if after.subject is not None and not after.subject.issuers:
        yield "issuers"
    if after.scopes is not None and before.scopes is not None and after.scopes.anyway - before.scopes.anyway:
        yield "scopes"


def test_the_comparison_would_see_a_looser_configuration(tmp_path: Path) -> None:
    before = loaded(tmp_path, acme()).definitions
    rule = dataclasses.replace(before.rules[0], apis=frozenset())
    after = dataclasses.replace(before, rules=(rule, *before.rules[1:]))
    assert list(looser(before, after)) == ["selectors"]


@pytest.mark.requirement("SEC-02", "REL-30")
def test_a_key_given_twice_does_not_let_the_second_win(tmp_path: Path) -> None:
    text = json.dumps(acme(), indent=1)
    twice = text.replace('"max_age": "1h"', '"max_age": "1h", "max_age": "30d"')
    assert twice != text
    (complaint,) = complaints(tmp_path, twice)
    assert "the key max_age is given twice" in complaint


@pytest.mark.requirement("SEC-02", "REL-30")
@pytest.mark.parametrize("word", ["yes", "no", "on", "off", "y", "n", "True", "FALSE", "No"])
def test_a_truth_means_the_same_to_reviewer_and_server(tmp_path: Path, word: str) -> None:
    text = f"version: 1\nserver: {{ issuer: https://sts.acme.example }}\nclients:\n  - {{ name: web, kind: app, auth: {{ method: none }}, disabled: {word} }}\n"
    (complaint,) = complaints(tmp_path, text)
    assert complaint.startswith("actas.yaml:4: clients[0].disabled: ")


@pytest.mark.requirement("REL-30")
def test_a_merge_key_cannot_bring_in_what_a_reviewer_does_not_see(tmp_path: Path) -> None:
    text = (
        "version: 1\n"
        "server: { issuer: https://sts.acme.example }\n"
        "apis:\n"
        "  - &base { name: orders, audience: https://orders.acme.example }\n"
        "  - { <<: *base, name: inventory }\n"
    )
    found = complaints(tmp_path, text)
    assert any("anchors (&base)" in one for one in found)
    assert any("<<" in one for one in found)
    assert any("aliases (*base)" in one for one in found)
