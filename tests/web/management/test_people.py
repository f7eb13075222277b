"""Owners take away what a user has lost; whoever is deleted leaves nothing to sign in with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.fakes.browser import Browser
from tests.fakes.managing import Managing, last, managed
from tests.fakes.server import RealServer

OLD, NEW = "correct horse battery", "seven green parrots wait"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    server = managed(tmp_path_factory.mktemp("people"))
    server.company.environ["PASSWORD"] = OLD
    server.company.tree["users"] = [{"name": "alice", "password": {"env": "PASSWORD"}}]
    server.company.named("clients", "desk").update(
        redirect_uris=["http://127.0.0.1/callback"], grants=["authorization_code"]
    )
    with server:
        yield server


def signs_in(server: RealServer, password: str) -> Browser | None:
    browser = Browser(server.base)
    browser.get("/sign-in")
    return browser if browser.sign_in("alice", password).status_code == 200 else None


def test_what_somebody_lost_is_taken_away_and_their_sessions_end(
    server: RealServer, owner: Managing, operator: Managing
) -> None:
    browser = signs_in(server, OLD)
    assert browser is not None
    browser.get("/account/password")
    assert browser.send(current=OLD, new=NEW, again=NEW).status_code == 303
    assert signs_in(server, OLD) is None
    body: dict[str, Any] = {"what": ["everything"], "reason": "HELP-311"}
    assert operator("POST", "/users/alice/reset", body).status == 403
    for wrong in (
        None,
        {},
        {"what": ["everything"]},
        {"what": [], "reason": "x"},
        {"what": ["password"], "reason": "x"},
        {"what": [["codes"]], "reason": "x"},
        {"what": "everything", "reason": "x"},
        {"what": ["everything"], "reason": " "},
        {"what": ["everything"], "reason": "x\ny"},
        {"what": ["everything"], "reason": "x" * 501},
        {**body, "more": True},
    ):
        assert owner("POST", "/users/alice/reset", wrong).status == 400, wrong
    assert owner("POST", "/users/nobody/reset", body).status == 404
    assert browser.get("/account").status_code == 200
    done = owner("POST", "/users/alice/reset", body)
    assert (done.status, done.json) == (200, {"name": "alice", "removed": ["password"]})
    assert browser.get("/account").status_code == 303
    assert signs_in(server, NEW) is None
    assert signs_in(server, OLD) is not None
    entry = last(server, "credentials:reset")
    assert (entry["subject"]["sub"], entry["why"]) == ("actas:alice", "HELP-311")
    assert (entry["by"]["client"], entry["by"]["role"]) == ("chief", "owner")


@pytest.mark.requirement("SEC-97")
def test_a_user_who_is_deleted_leaves_nothing_to_sign_in_with(server: RealServer, owner: Managing) -> None:
    browser = signs_in(server, OLD)
    assert browser is not None
    browser.get("/account/password")
    assert browser.send(current=OLD, new=NEW, again=NEW).status_code == 303
    # Files define alice: they must let go of her first.
    server.company.tree["users"] = [{"name": "bob"}]
    server.company.write()
    server.reload(told="configuration reloaded")
    version = owner("GET", "/users/alice").header("etag")
    assert owner("DELETE", "/users/alice", match=version).status == 204
    entry = last(server, "credentials:reset")
    assert (entry["subject"]["sub"], entry["what"]) == ("actas:alice", ["password"])
    assert entry["why"] == "the user was deleted"
    assert browser.get("/account").status_code == 303
