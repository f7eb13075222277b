"""``actas introspect`` against a server that answers whatever a test tells it to."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.fakes.clock import NOON
from tests.fakes.program import Program, Ran
from tests.fakes.token_server import Reply, TokenServer, refused

LIVE = {
    "active": True,
    "sub": "alice@acme.example",
    "sub_profile": "user",
    "client_id": "assistant",
    "aud": "https://orders.acme.example",
    "scope": "orders:read",
    "exp": int(NOON) + 120,
    "act": {"sub": "assistant", "sub_profile": "ai_agent"},
}


def says(document: Any, *, status: int = 200) -> Reply:
    return Reply(status=status, body=json.dumps(document).encode())


@pytest.fixture
def asked(actas: Program, server: TokenServer) -> Program:
    """The program, pointed at the server as orders."""
    actas.environ |= {
        "ACTAS_SERVER": server.issuer,
        "ACTAS_CLIENT_ID": "orders",
        "ACTAS_CLIENT_SECRET": "s3cret",
        "TOKEN": "the.token.itself",
    }
    return actas


def run(asked: Program, *words: str) -> Ran:
    return asked("introspect", "env:TOKEN", *words)


def test_a_live_token_is_told_with_its_chain(asked: Program, server: TokenServer) -> None:
    server.answer = says(LIVE)
    ran = run(asked)
    assert ran.code == 0
    assert ran.out.startswith("✓ live, until ")
    assert "alice" in ran.out
    assert server.paths[-1] == "/introspect"
    assert server.forms == [{"token": ["the.token.itself"]}]
    assert server.headers[0]["authorization"].startswith("Basic ")


def test_programs_get_every_member(asked: Program, server: TokenServer) -> None:
    server.answer = says(LIVE)
    document = json.loads(run(asked, "--json").out)
    assert document["kind"] == "actas/Introspection"
    assert {name: document[name] for name in LIVE} == LIVE
    assert [one["id"] for one in document["chain"]] == ["alice@acme.example", "assistant"]


def test_a_token_that_is_not_live_is_exit_1(asked: Program, server: TokenServer) -> None:
    server.answer = says({"active": False})
    ran = run(asked)
    assert ran.code == 1
    assert ran.out.startswith("✕ not live")
    assert json.loads(run(asked, "--json").out)["active"] is False


def test_a_refusal_is_told_as_one(asked: Program, server: TokenServer) -> None:
    server.answer = refused("invalid_client", "bad_client_auth", status=401)
    ran = run(asked)
    assert ran.code == 6
    assert "invalid_client" in ran.err
    assert ran.out == ""


@pytest.mark.parametrize("answer", [{}, {"active": "yes"}, {"active": 1}, [True]], ids=str)
def test_what_is_no_answer_is_taken_for_none(answer: Any, asked: Program, server: TokenServer) -> None:
    server.answer = says(answer)
    ran = run(asked)
    assert ran.code == 6
    assert ran.out == ""


@pytest.mark.parametrize("end", ["never", -1, 10**30, True, None], ids=str)
def test_an_end_that_is_no_time_is_not_shown(end: Any, asked: Program, server: TokenServer) -> None:
    server.answer = says({**LIVE, "exp": end})
    ran = run(asked)
    assert (ran.code, ran.out.splitlines()[0]) == (0, "✓ live")


def test_a_server_that_does_not_offer_it_is_not_asked(asked: Program, server: TokenServer) -> None:
    server.metadata = {"introspection_endpoint": ...}
    ran = run(asked)
    assert ran.code == 6
    assert "introspection_endpoint" in ran.err
    assert server.forms == []


def test_the_token_goes_nowhere_else(asked: Program, server: TokenServer) -> None:
    """An address in the metadata that is plain http to another computer gets neither token nor secret."""
    server.metadata = {"introspection_endpoint": "http://elsewhere.example/introspect"}
    ran = run(asked)
    assert ran.code == 6
    assert server.forms == []
