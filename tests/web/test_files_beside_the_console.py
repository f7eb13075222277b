"""``check`` says what the server refuses at its start, and there is a way out while it does not start.

A connection that the console keeps does not fit a file that somebody edits: the story of one broken evening.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.managing import Managing, managed
from tests.fakes.program import Program
from tests.fakes.server import RealServer
from tests.fakes.two_domains import program

CONSOLE: dict[str, Any] = {
    "name": "desk-from-other",
    "direction": "accept",
    "from": "other",
    "client": "desk",
    "api": "orders",
    "scopes": ["orders:read"],
}
FILE: dict[str, Any] = {
    **CONSOLE,
    "name": "desk-counts",
    "api": "inventory",
    "scopes": ["stock:read"],
}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RealServer]:
    """A server with a connection of its files, and one of the console from the same issuer."""
    server = managed(tmp_path / "server")
    company = server.company
    company.tree["issuers"].append(
        {
            "name": "other",
            "type": "oidc",
            "issuer": "https://sts.other.example",
            "accepts": ["id_jag"],
            "email_domains": ["other.example"],
            "subject": "claims.email",
            "when": ["claims.email_verified == true"],
        }
    )
    company.named("clients", "desk").update(
        grants=["token_exchange", "jwt_bearer"], may_request={"apis": ["orders", "inventory"]}
    )
    company.tree["connections"] = [FILE]
    with server:
        made = Managing(server, "chief").put("/connections/desk-from-other", CONSOLE)
        assert made.status in (200, 201), made
        yield server


def local(server: RealServer, home: Path) -> Program:
    """The program on the computer of the server."""
    place = {"ACTAS_CONFIG": str(server.company.file), "ACTAS_DEV": "1"}
    return Program(home, environ={**server.environ, **place})


def digest(server: RealServer) -> str:
    return hashlib.sha256((server.data / "actas.db").read_bytes()).hexdigest()


def test_check_says_what_the_server_would_refuse(server: RealServer, tmp_path: Path) -> None:
    actas = local(server, tmp_path / "home")
    good = actas("check")
    assert (good.code, "was not looked at" in good.err) == (0, False), good.err

    server.company.tree["connections"] = [{**FILE, "people": {"match": "email"}}]
    server.company.write()
    before = digest(server)
    running = actas("check")
    assert (running.code, digest(server) == before) == (3, True), running.err
    assert "desk-from-other" in running.err
    assert "matches the same people" in running.err
    assert "start once with actas serve --adopt" in running.err
    # Whoever is called now needs the log.
    entries = actas("audit", "search", "event:configuration:*", "-o", "name")
    assert (entries.code, "the log is read without it" in entries.err) == (0, True), entries.err
    assert actas("explain", "--entry", entries.out.split()[0]).code == 1

    assert server.stop() == 0
    code, said = server.refuse()
    assert (code, "desk-from-other" in said) == (3, True)
    assert ("start once with actas serve" in said, "--adopt\n" in said) == (True, True)
    assert actas("check").code == 3


def test_a_server_that_does_not_start_takes_the_object_over_from_the_files(
    server: RealServer, tmp_path: Path
) -> None:
    assert server.stop() == 0
    server.company.tree["connections"] = [{**FILE, "people": {"match": "email"}}]
    assert server.refuse()[0] == 3
    server.company.tree["connections"].append({**CONSOLE, "people": {"match": "email"}})
    server.company.write()
    refused = local(server, tmp_path / "home")("check")
    assert (refused.code, "--adopt takes it over" in refused.err) == (3, True)
    server.flags.append("--adopt")
    server.start()
    actas = program(tmp_path / "other-home", server, "chief")
    shown = json.loads(actas("connections", "show", "desk-from-other", "--json").out)
    assert shown["kept_by"] == "file"
    # What the files then leave out goes out of force, so that this is a way to be rid of it too.
    server.flags.remove("--adopt")
    assert server.stop() == 0
    server.company.tree["connections"].pop()
    server.company.write()
    server.start()
    assert "desk-from-other" not in [
        one["name"] for one in _in_force(Managing(server, "eye")("GET", "/connections").body)
    ]


def _in_force(body: bytes) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads(body)["items"]
    return [one for one in items if one["in_force"]]


def test_without_a_database_check_says_that_it_did_not_look(server: RealServer, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    server.company.tree["server"]["data"] = str(elsewhere / "data")
    server.company.write()
    ran = local(server, tmp_path / "home")("check")
    said = f"what the console keeps was not looked at: there is no database in {elsewhere / 'data'}\n"
    assert (ran.code, ran.err) == (0, said)
    assert not (elsewhere / "data").exists()
    quiet = local(server, tmp_path / "home")("--quiet", "check")
    assert (quiet.code, quiet.err) == (0, "")
