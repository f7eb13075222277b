"""``actas users reset`` against a real server."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.managing import last, managed
from tests.fakes.program import Program
from tests.fakes.server import RealServer

from actas.cli.logins import Login, keep_login
from actas.cli.wire import Answered
from actas.core.secret import Secret


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    server = managed(tmp_path_factory.mktemp("users"))
    server.company.tree["users"] = [{"name": "alice"}]
    with server:
        yield server


def program(server: RealServer, home: Path, who: str = "chief") -> Program:
    actas = Program(home, environ={"ACTAS_SERVER": server.base, "ACTAS_TIMEOUT": "20"}, now=time.time())
    ran = actas("login", "--client", who, environ={"ACTAS_CLIENT_SECRET": server.company.secrets[who]})
    assert ran.code == 0, ran.err
    return actas


def test_it_asks_first_says_what_it_took_and_leaves_an_entry(server: RealServer, tmp_path: Path) -> None:
    actas = program(server, tmp_path)
    asked = ("users", "reset", "alice", "--codes", "--passkeys", "--reason", "HELP-311")
    assert actas(*asked).code == 2  # nobody is there to say yes
    rehearsed = actas(*asked, "--dry-run")
    assert (rehearsed.code, "would take codes and passkeys" in rehearsed.out) == (0, True)
    assert not [one for one in server.events() if one["event"] == "credentials:reset"]
    ran = actas(*asked, "--yes")
    assert ran.code == 0, ran.err
    assert "there was none of it" in ran.out
    entry = last(server, "credentials:reset")
    assert (entry["why"], entry["what"], entry["by"]["client"]) == ("HELP-311", [], "chief")


def test_what_cannot_be_meant_and_whoever_may_not(server: RealServer, tmp_path: Path) -> None:
    actas = program(server, tmp_path / "chief")
    assert actas("users", "reset", "alice", "--reason", "x", "--yes").code == 2
    assert actas("users", "reset", "alice", "--codes", "--reason", " ", "--yes").code == 2
    assert actas("users", "reset", "nobody", "--codes", "--reason", "x", "--yes").code == 1
    operator = program(server, tmp_path / "hand", "hand")
    assert operator("users", "reset", "alice", "--codes", "--reason", "x", "--yes").code == 5


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"removed": ["code", "security_question"]}, "the app that makes codes, security_question"),
        ({}, "nothing"),
        ({"removed": None}, "nothing"),
    ],
    ids=["a word of a later release", "no list", "null"],
)
def test_a_server_of_another_release_is_understood_as_far_as_it_goes(
    actas: Program, monkeypatch: pytest.MonkeyPatch, body: dict[str, Any], said: str
) -> None:
    """What it answers is scripted: no server of this release has a word that this program does not know."""
    answered = Answered(status=200, headers={}, body=json.dumps(body).encode(), took=0.0)
    monkeypatch.setattr("actas.cli.managing.asker", lambda _run: lambda _sent: answered)
    actas.environ["ACTAS_SERVER"] = server = "https://sts.acme.example"
    login = Login(
        server=server,
        client="chief",
        token=Secret("a-token"),
        ends_at=int(actas.now) + 600,
        proves=False,
        certificate=None,
    )
    keep_login(actas.home, login)
    ran = actas("users", "reset", "alice", "--codes", "--reason", "HELP-311", "--yes")
    assert ran.code == 0, ran.err
    assert f"took from alice: {said}" in ran.out
