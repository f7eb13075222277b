"""Administrators who are people, as objects of the management API; and that nobody becomes one by a detour."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from tests.fakes.managing import Managing, managed, offered_client
from tests.fakes.server import RealServer

PASSWORD = "correct horse battery"
CLI: dict[str, Any] = {
    "name": "cli",
    "kind": "app",
    "auth": {"method": "none"},
    "grants": ["authorization_code"],
    "redirect_uris": ["https://cli.acme.example/back"],
    "sign_in": {"management": True},
}
ISSUER: dict[str, Any] = {
    "name": "okta",
    "type": "oidc",
    "issuer": "https://okta.acme.example",
    "accepts": ["id_token"],
    "algorithms": ["RS256"],
    "audiences": ["acme-web"],
    "groups": "claims.groups",
    "sign_in": {"client_id": "acme"},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    server = managed(tmp_path_factory.mktemp("people-who-manage"))
    server.company.environ["DANA_PASSWORD"] = PASSWORD
    desk = server.company.named("clients", "desk")  # so that there are keys for ID tokens
    desk |= {"redirect_uris": ["https://desk.acme.example/back"], "grants": ["authorization_code"]}
    server.company.tree["users"] = [
        {"name": "dana", "groups": ["a / b"], "password": {"env": "DANA_PASSWORD"}}
    ]
    with server:
        yield server


@pytest.fixture(scope="module")
def owner(server: RealServer) -> Managing:
    return Managing(server, "chief")


@pytest.fixture(scope="module")
def operator(server: RealServer) -> Managing:
    return Managing(server, "hand")


@pytest.mark.requirement("SEC-80", "SEC-81")
def test_people_are_administrators_whom_only_owners_make_and_unmake(
    owner: Managing, operator: Managing
) -> None:
    assert owner.put("/clients/cli", CLI).status == 201
    assert owner.put("/issuers/okta", ISSUER).status == 201
    admins = {
        "user:dana": {"user": "dana", "role": "owner"},
        "group:a / b@actas": {"group": "a / b", "role": "auditor"},
        "group:platform@okta": {"group": "platform", "from": "okta", "role": "owner"},
    }
    for name, document in admins.items():
        path = f"/admins/{quote(name, safe='')}"
        assert operator.put(path, document).status == 403
        assert owner.put(path, document).status == 201, name
        assert owner("GET", path).json["document"] == document
    kept = {one["name"]: one["document"] for one in owner("GET", "/admins").json["items"]}
    assert admins.items() <= kept.items()
    exported = owner("GET", "/export?kind=admins").json
    assert all(name in str(exported) for name in ("platform", "okta", "dana"))
    assert owner.put("/admins/user:dnaa", {"user": "dana", "role": "owner"}).status in (400, 422)
    assert owner.put("/admins/user:dnaa", {"user": "dnaa", "role": "owner"}).status == 422
    gone = owner("DELETE", f"/admins/{quote('group:a / b@actas', safe='')}", match='"1"')
    assert gone.status == 204


@pytest.mark.requirement("SEC-81")
def test_who_may_change_how_an_administrator_is_known_holds_as_much(
    owner: Managing, operator: Managing
) -> None:
    test_client = operator("GET", "/clients/cli")
    assert test_client.status == 200
    elsewhere = {**CLI, "redirect_uris": ["https://mallory.example/back"]}
    mine = {**ISSUER, "groups": "['platform']"}
    files = [{"kind": "issuers", "name": "okta", "document": mine}]
    management = offered_client("mine", redirect_uris=["https://mallory.example/back"])
    management |= {"grants": ["authorization_code"], "sign_in": {"management": True}}
    detours = {
        "where the app is called back": operator.put("/clients/cli", elsewhere, '"1"'),
        "that it is for managing": operator.put(
            "/clients/cli", {**CLI, "sign_in": {"consent": "once"}}, '"1"'
        ),
        "an app of mine": operator.put("/clients/mine", management),
        "who is in the group": operator.put("/issuers/okta", mine, '"1"'),
        "the same in files": operator("POST", "/apply", {"objects": files, "adopt": True}),
        "my group": operator.put("/users/hand", {"name": "hand", "groups": ["a / b"]}),
        "my password": operator("POST", "/users/dana/reset", {"what": ["everything"], "reason": "x"}),
        "somebody's lock": operator("POST", "/users/dana/disable"),
    }
    assert {name: reply.status for name, reply in detours.items()} == dict.fromkeys(detours, 403)
    # What leaks is switched off by whoever sees it, and on again by whoever it could make an owner.
    for path in ("/clients/cli", "/issuers/okta"):
        assert operator("POST", f"{path}/disable").status == 200, path
        assert operator("POST", f"{path}/enable").status == 403, path
        assert owner("POST", f"{path}/enable").status == 200, path


@pytest.mark.requirement("SEC-81")
def test_an_app_and_an_issuer_that_make_nobody_more_are_changed_by_operators(
    owner: Managing, operator: Managing
) -> None:
    plain = {**CLI, "name": "plain", "sign_in": {"consent": "always"}}
    assert operator.put("/clients/plain", plain).status == 201
    other = {**ISSUER, "name": "other", "issuer": "https://other.acme.example"}
    assert operator.put("/issuers/other", other).status == 201
    assert operator.put("/issuers/other", {**other, "max_age": "5m"}, '"1"').status == 200
    assert owner("GET", "/admins").status == 200
