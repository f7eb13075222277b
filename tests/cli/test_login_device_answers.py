"""``actas login --device`` against a server that answers whatever a test tells it to."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.fakes.program import Program, Ran
from tests.fakes.token_server import Reply, TokenServer

from actas.cli.saved import load


def says(document: Any, *, status: int = 200) -> Reply:
    return Reply(status=status, body=json.dumps(document).encode())


PENDING = says({"error": "authorization_pending"}, status=400)


def login(actas: Program, server: TokenServer, *answers: Reply, **members: Any) -> Ran:
    """Sign in where the server says ``members`` of the device, and then ``answers``; the last one stays."""
    server.metadata = {"device_authorization_endpoint": f"{server.issuer}/device_authorization"}
    honest = {
        "device_code": "the-code-of-the-device",
        "user_code": "BCDF-GHJK",
        "verification_uri": "https://sts.acme.example/device",
        "expires_in": 600,
    }
    left = [says({**honest, **members}), *answers]
    server.answers = lambda: left.pop(0) if len(left) > 1 else left[0]
    actas.waited = []
    words = ("--client", "cli", "--scope", "openid", "--server", server.issuer, "--json")
    return actas("login", "--device", *words)


@pytest.mark.parametrize("interval", [601, 10**9, 10**10, 10**400], ids=["a little", "years", "ages", "huge"])
def test_no_server_makes_it_wait_longer_than_the_code_lives(
    actas: Program, server: TokenServer, interval: int
) -> None:
    ran = login(actas, server, PENDING, interval=interval)
    assert (ran.code, ran.error["code"]) == (1, "expired_token")
    assert actas.waited == [600]


def test_a_wait_that_grows_ends_when_the_code_does(actas: Program, server: TokenServer) -> None:
    def passes() -> None:
        actas.now += actas.waited[-1]

    actas.meanwhile = [passes] * 20
    busy = says({"error": "temporarily_unavailable"}, status=503)
    ran = login(actas, server, busy, interval=100)
    assert (ran.code, ran.error["code"]) == (1, "expired_token")
    assert actas.waited == [100, 200, 300]


@pytest.mark.parametrize("lives", [0, -1, -(10**400)], ids=["none", "past", "huge"])
def test_a_code_that_has_ended_is_not_waited_for(actas: Program, server: TokenServer, lives: int) -> None:
    ran = login(actas, server, PENDING, expires_in=lives)
    assert (ran.code, ran.error["code"]) == (1, "expired_token")
    assert actas.waited == [0]


def test_nothing_of_an_earlier_person_stays_under_a_new_login(actas: Program, server: TokenServer) -> None:
    alices = {"access_token": "alice-access", "id_token": "alice-id", "refresh_token": "alice-refresh"}
    assert login(actas, server, says(alices)).code == 0
    for name in ("me", "me/id", "me/refresh"):
        assert load(actas.home, name) is not None
    ran = login(actas, server, says({"access_token": "bobs-access", "refresh_token": "bobs-refresh"}))
    assert ran.code == 0, ran.err
    kept = {name: load(actas.home, name) for name in ("me", "me/id", "me/refresh")}
    tokens = {name: one and one.token.reveal() for name, one in kept.items()}
    assert tokens == {"me": "bobs-access", "me/id": None, "me/refresh": "bobs-refresh"}
    assert login(actas, server, says({"access_token": "carols-access"})).code == 0
    assert load(actas.home, "me/refresh") is None


def test_what_cannot_be_removed_is_said(actas: Program, server: TokenServer) -> None:
    (actas.home / "tokens" / "me" / "id.json" / "in the way").mkdir(parents=True)
    ran = login(actas, server, says({"access_token": "bobs-access"}))
    assert (ran.code, ran.error["code"]) == (4, "cannot_save")
    assert "cannot be removed" in ran.error["message"]


@pytest.mark.parametrize("member", ["verification_uri", "verification_uri_complete"])
@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "http://elsewhere.example/device", "https://sts.acme.example/\x1b[2J"]
)
def test_an_address_nobody_should_open_is_the_servers_fault_and_is_not_shown(
    actas: Program, server: TokenServer, member: str, address: str
) -> None:
    ran = login(actas, server, PENDING, **{member: address})
    assert (ran.code, ran.error["code"]) == (6, "bad_answer")
    assert ran.error["message"].startswith(f"the server's answer cannot be used: {member}: ")
    assert "BCDF-GHJK" not in ran.err
    assert actas.waited == []


def test_a_login_that_lives_nobody_knows_how_long_is_none(actas: Program, server: TokenServer) -> None:
    server.metadata = {"device_authorization_endpoint": f"{server.issuer}/device_authorization"}
    device = {
        "device_code": "c",
        "user_code": "BCDF-GHJK",
        "verification_uri": "https://sts.acme.example/device",
    }
    left = [says({**device, "expires_in": 600}), says({"access_token": "a-token"})]
    server.answers = lambda: left.pop(0)
    ran = actas("login", "--device", "--client", "cli", "--server", server.issuer, "--json")
    assert (ran.code, ran.error["code"]) == (6, "bad_answer")
    assert not (actas.home / "logins").exists()
