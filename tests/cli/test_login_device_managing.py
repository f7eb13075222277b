"""``actas login --device`` of a person who holds a role, at a real server: from then on they manage it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.browser import Browser
from tests.fakes.managing import last
from tests.fakes.program import Program, Ran
from tests.fakes.server import RealServer

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def sts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    server = RealServer(tmp_path_factory.mktemp("device-managing"))
    company, password = server.company, {"env": "A_PASSWORD"}
    company.environ["A_PASSWORD"] = PASSWORD
    company.tree["users"] = [
        {"name": "dana", "password": password},
        {"name": "erin", "password": password, "groups": ["readers"]},
        {"name": "alice", "password": password},
    ]
    company.tree["admins"] = [{"user": "dana", "role": "owner"}, {"group": "readers", "role": "auditor"}]
    for name, terms in (
        ("cli", {"management": True}),
        ("tv", {"consent": "once"}),
        ("board", {"groups": ["readers"]}),
    ):
        company.tree["clients"].append(
            {
                "name": name,
                "kind": "app",
                "auth": {"method": "none"},
                "grants": ["device_code", "refresh_token"],
                "may_request": {"apis": ["orders"]},
                "sign_in": terms,
            }
        )
    with server:
        yield server


class Somebody:
    """A person at a terminal, and at a browser beside it."""

    def __init__(self, sts: RealServer, home: Path, name: str) -> None:
        self.name = name
        self.browser = Browser(sts.base)
        environ = {"ACTAS_SERVER": sts.base, "ACTAS_TIMEOUT": "20"}
        self.actas = Program(home / name, environ=environ, now=time.time())

    def log_in(self, *words: str, client: str = "cli") -> Ran:
        self.actas.meanwhile = [self._say_yes]
        return self.actas("login", "--device", "--client", client, *words)

    def _say_yes(self) -> None:
        found = re.search(r"type the code ([A-Z]{4}-[A-Z]{4})", self.actas.err.getvalue())
        assert found is not None
        self.browser.get("/device")
        self.browser.send(user_code=found[1])
        if "password" in self.browser.response.text:
            self.browser.sign_in(self.name, PASSWORD)
        if found[1] in self.browser.response.text:
            self.browser.send(decision="allow")


@pytest.mark.requirement("SEC-80")
def test_an_owner_signs_in_and_manages(sts: RealServer, tmp_path: Path) -> None:
    dana = Somebody(sts, tmp_path, "dana")
    ran = dana.log_in()
    assert ran.code == 0, ran.err
    assert "with cli, for " in ran.out
    token = json.loads(next((dana.actas.home / "logins").glob("*.json")).read_text())["token"]
    assert token not in ran.out + ran.err
    assert "actas:dana with cli, owner at" in dana.actas("whoami").out
    told = dana.actas("whoami", "--json").document
    assert (told["person"], told["client"], told["role"]) == ("actas:dana", "cli", "owner")
    assert "erin" in dana.actas("users", "list").out
    ran = dana.actas("users", "reset", "alice", "--codes", "--reason", "HELP-311", "--yes")
    assert ran.code == 0, ran.err
    ran = dana.actas("clients", "create", "nightly-2", "--api", "inventory", "--own")
    assert ran.code == 0, ran.err
    by = last(sts, "configuration:changed")["by"]
    assert (by["person"], by["client"], by["role"]) == ("actas:dana", "cli", "owner")


@pytest.mark.requirement("SEC-80")
def test_a_role_that_is_asked_for_is_all_that_is_had(sts: RealServer, tmp_path: Path) -> None:
    dana = Somebody(sts, tmp_path, "dana")
    assert dana.log_in("--as", "auditor").code == 0
    assert dana.actas("whoami", "--json").document["role"] == "auditor"
    ran = dana.actas("clients", "disable", "nightly", "--json")
    assert ran.code == 5
    assert ran.error["message"].endswith("or not asked for: actas login again")
    refused = last(sts, "management:refused")
    assert (refused["reason"], refused["subject"]["sub"]) == ("role_too_small", "actas:dana")


@pytest.mark.requirement("SEC-80")
def test_the_members_of_a_group_hold_its_role_and_nobody_else_does(sts: RealServer, tmp_path: Path) -> None:
    erin = Somebody(sts, tmp_path, "erin")
    assert erin.log_in().code == 0
    assert erin.actas("whoami", "--json").document["role"] == "auditor"
    alice = Somebody(sts, tmp_path, "alice")
    alice.actas.meanwhile = []
    ran = alice.log_in()
    assert (ran.code, alice.actas.waited) == (1, [5]), ran.err  # and not for ten minutes
    assert "nobody is signed in through cli: whoever signed in holds no role there" in ran.err
    assert "actas:alice" not in ran.err
    page = alice.browser.response
    assert page.status_code == 403
    assert "You hold no role at this server" in page.text
    assert last(sts, "authorization:refused")["id"] in page.text
    assert not (alice.actas.home / "logins").exists()
    ran = alice.actas("whoami", "--json")
    assert (ran.code, ran.error["code"]) == (5, "not_signed_in")


@pytest.mark.requirement("DG-6", "DG-12")
def test_whoever_is_in_no_group_of_the_app_is_told_so_at_both_ends(sts: RealServer, tmp_path: Path) -> None:
    alice = Somebody(sts, tmp_path, "alice")
    ran = alice.log_in("--scope", "orders:read", client="board")
    assert (ran.code, alice.actas.waited) == (1, [5]), ran.err
    assert "nobody is signed in through board: whoever signed in may not sign in to it" in ran.err
    page = alice.browser.response
    assert (page.status_code, "Your account may not sign in to board." in page.text) == (403, True)


def test_a_client_that_is_not_for_managing_is_told_what_it_needs(sts: RealServer, tmp_path: Path) -> None:
    dana = Somebody(sts, tmp_path, "dana")
    ran = dana.log_in("--json", client="tv")
    assert ran.error["code"] == "invalid_target"
    assert "sign_in.management" in ran.error["hint"]
