"""Checks of who manages: exactly one holder each, who exists, and can ask for a token."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.fakes.configuration import Change, Tree, acme, loaded

from actas.admin.objects import own_name
from actas.core.administrators import Administrators
from actas.settings.faults import ConfigurationFaults

USERS: list[dict[str, Any]] = [{"name": "dana", "groups": ["platform"]}, {"name": "alice"}]
THERE: dict[str, Any] = {"client_id": "acme", "scopes": ["openid"]}


def administered(tree: Tree, *admins: dict[str, Any], app: bool = True, **issuer: Any) -> None:
    tree["users"] = [dict(one) for one in USERS]
    tree["admins"] = list(admins)
    tree["issuers"][0].update({"sign_in": dict(THERE), "groups": "claims.groups", **issuer})
    if app:
        tree["clients"].append(
            {
                "name": "cli",
                "kind": "app",
                "auth": {"method": "none"},
                "grants": ["device_code"],
                "sign_in": {"management": True},
            }
        )


def sentences(folder: Path, change: Change) -> list[str]:
    """What is said of the sample after a change, warnings included."""
    tree = acme()
    change(tree)
    try:
        found = loaded(folder, tree).warnings
    except ConfigurationFaults as wrong:
        found = wrong.faults
    return [f"{one.path}: {one.message}" for one in found]


def first_issuer(tree: Tree) -> str:
    return str(tree["issuers"][0]["name"])


@pytest.mark.requirement("SEC-80")
@pytest.mark.parametrize(
    ("admin", "sentence"),
    [
        ({"role": "owner"}, "admins[0]: say who holds it, in one way: client, user or group"),
        (
            {"client": "nightly", "user": "dana", "role": "owner"},
            "admins[0]: say who holds it, in one way: client, user or group",
        ),
        ({"user": "dana", "from": "x", "role": "owner"}, "admins[0]: from goes with group"),
        ({"user": "dnaa", "role": "owner"}, 'admins[0].user: there is no user "dnaa"; did you mean "dana"?'),
        (
            {"group": "platfrom", "role": "owner"},
            'admins[0].group: no user is in the group "platfrom"; did you mean "platform"?',
        ),
        (
            {"group": "x", "from": "corp-ipd", "role": "owner"},
            'admins[0].from: there is no issuer "corp-ipd"',
        ),
        ({"group": "x", "from": "actas", "role": "owner"}, 'admins[0].from: the name "actas" is taken'),
        ({"group": "x*", "role": "owner"}, "admins[0].group: * is not a wildcard"),
        ({"user": "dana", "role": "root"}, "admins[0].role: must be auditor, operator or owner"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, admin: dict[str, Any], sentence: str) -> None:
    found = sentences(tmp_path, lambda tree: administered(tree, admin))
    assert any(one.startswith(sentence) for one in found), found


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [("sign_in", "nobody signs in through"), ("groups", "does not say who is in which group")],
)
def test_a_group_of_an_issuer_that_brings_nobody_is_a_mistake(
    tmp_path: Path, missing: str, sentence: str
) -> None:
    def change(tree: Tree) -> None:
        administered(tree, {"group": "x", "from": first_issuer(tree), "role": "auditor"})
        del tree["issuers"][0][missing]

    found = sentences(tmp_path, change)
    assert any(sentence in one for one in found), found


def test_a_person_without_an_app_to_manage_with_is_a_warning(tmp_path: Path) -> None:
    found = sentences(tmp_path, lambda t: administered(t, {"user": "dana", "role": "owner"}, app=False))
    assert any("there is no client to manage with" in one for one in found), found


def test_one_holder_is_listed_once(tmp_path: Path) -> None:
    twice = ({"user": "dana", "role": "owner"}, {"user": "dana", "role": "auditor"})
    found = sentences(tmp_path, lambda tree: administered(tree, *twice))
    assert any('the admin "user:dana" is already defined' in one for one in found), found


def test_who_holds_which_role_is_known_by_what_they_are(tmp_path: Path) -> None:
    def change(tree: Tree) -> None:
        administered(
            tree,
            {"user": "dana", "role": "owner"},
            {"group": "platform", "role": "operator"},
            {"group": "platform", "from": first_issuer(tree), "role": "auditor"},
        )

    tree = acme()
    change(tree)
    admins = loaded(tmp_path, tree).definitions.admins
    issuer = next(name for name in admins.groups if name != "actas")
    assert admins == Administrators(
        users={"dana": "owner"}, groups={"actas": {"platform": "operator"}, issuer: {"platform": "auditor"}}
    )


@pytest.mark.parametrize(
    ("document", "name"),
    [
        ({"client": "nightly", "role": "owner"}, "client:nightly"),
        ({"user": "dana", "role": "owner"}, "user:dana"),
        ({"group": "platform", "role": "owner"}, "group:platform@actas"),
        ({"group": "platform", "from": "okta", "role": "owner"}, "group:platform@okta"),
        ({"group": "platform@okta", "role": "owner"}, "group:platform@okta@actas"),
        ({"client": "a", "user": "b"}, None),
        ({"group": "a", "from": 7}, None),
        ({"user": 7}, None),
        ({"role": "owner"}, None),
    ],
)
def test_no_two_holders_have_one_name(document: dict[str, Any], name: str | None) -> None:
    assert own_name("admins", document) == name


def test_a_client_that_cannot_ask_for_itself_holds_no_role(tmp_path: Path) -> None:
    found = sentences(tmp_path, lambda tree: administered(tree, {"client": "cli", "role": "owner"}))
    assert any("may not use the grant client_credentials" in one for one in found), found
