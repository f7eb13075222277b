"""A real server looks its connections over, and no stranger's server holds it up or steers what it says."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.hostile_issuer import Answer, HostileIssuer, document, gzip_bomb, redirect, stall
from tests.fakes.managing import Managing
from tests.fakes.program import Program
from tests.fakes.two_domains import GIVES, TAKES, TwoDomains, program, states

from actas.core.wire import ID_JAG_PROFILE, JWT_BEARER

OAUTH = "/.well-known/oauth-authorization-server"
TRY = ("connections", "try")


@pytest.fixture(scope="module")
def domains(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoDomains]:
    """Two servers, of which the first knows of many that are not as they should be."""
    it = TwoDomains(tmp_path_factory.mktemp("looked"))
    with it.home, it.tickets:
        yield it


def there(it: TwoDomains, name: str, issuer: str) -> dict[str, Any]:
    """The document of a connection to some server."""
    found = it.connection(name=name)
    return {**found, "resource": {**found["resource"], "issuer": issuer, "client_id": name}}


def connect(it: TwoDomains, name: str, issuer: str) -> None:
    """Have the console keep a connection to some server."""
    reply = Managing(it.home, "chief").put(f"/connections/{name}", there(it, name, issuer))
    assert reply.status == 201, reply


def disconnect(it: TwoDomains, *names: str) -> None:
    for name in names:
        owner = Managing(it.home, "chief")
        version = owner("GET", f"/connections/{name}").header("etag")
        assert owner("DELETE", f"/connections/{name}", match=version).status == 204


def good(idp: HostileIssuer, **changes: Any) -> Answer:
    return document(
        {
            "issuer": idp.issuer,
            "token_endpoint": f"{idp.issuer}/token",
            "grant_types_supported": [str(JWT_BEARER)],
            "authorization_grant_profiles_supported": [ID_JAG_PROFILE],
            **changes,
        }
    )


HOSTILE: Any = {
    "hangs": (lambda _: stall(), 4, "server", "no complete answer within"),
    "leads-away": (lambda _: redirect(302, "http://127.0.0.1/"), 1, "issuer", "redirect"),
    "too-much": (lambda _: Answer(body=b" " * 400_000), 1, "issuer", "longer than 256 KiB"),
    "bomb": (lambda _: gzip_bomb(), 1, "issuer", "compressed"),
    "no-json": (lambda _: Answer(body=b"{'"), 1, "issuer", "refused"),
    "another": (lambda it: good(it, issuer="https://evil.example"), 1, "issuer", "https://evil.example"),
    "steers": (lambda it: good(it, issuer="\x1b]0;pwned\x07\u202e"), 1, "issuer", "another issuer"),
    "no-grants": (lambda it: good(it, grant_types_supported=[]), 1, "grant", "no jwt-bearer"),
    "nowhere": (lambda it: good(it, token_endpoint="file:///etc"), 1, "token endpoint", "no token endpoint"),
}


@pytest.mark.requirement("JAG-111", "JAG-114", "REL-10", "SEC-35", "SEC-37", "SEC-38")
async def test_each_trouble_of_another_server_is_named_and_none_holds_the_answer_up(
    domains: TwoDomains, tmp_path: Path
) -> None:
    actas = program(tmp_path, domains.home)
    others = {name: HostileIssuer() for name in HOSTILE}
    try:
        for name, (answer, *_) in HOSTILE.items():
            await others[name].__aenter__()
            others[name].answers[OAUTH] = answer(others[name])
            await asyncio.to_thread(connect, domains, name, others[name].issuer)
        eye = await asyncio.to_thread(Managing, domains.home, "eye")
        began = time.monotonic()
        reply = await asyncio.to_thread(eye, "GET", "/connections-health")
        assert time.monotonic() - began < 20
        found = {one["connection"]: one for one in json.loads(reply.body)["connections"]}
        assert found[GIVES]["sound"] is True
        for name, (_, code, check, said) in HOSTILE.items():
            assert found[name]["sound"] is False
            (bad,) = [one for one in found[name]["checks"] if one["state"] == "bad"]
            assert (bad["name"], said in bad["says"], bool(bad["remedy"])) == (check, True, True), bad
            ran = await asyncio.to_thread(actas, *TRY, name, "--as", "alice")
            assert (ran.code, said in ran.out) == (code, True), (name, ran)
            assert "\x1b" not in ran.out + ran.err
            assert ran.out.startswith("UNKNOWN" if code == 4 else "REFUSED")
            assert "127.0.0.1" in ran.out.splitlines()[0]
            assert {one.method for one in others[name].requests} == {"GET"}
        ran = await asyncio.to_thread(actas, "connections", "show", "hangs")
        assert (ran.code, "✕ server" in ran.out, "→ name, TLS" in ran.out) == (0, True, True), ran.err
    finally:
        for one in others.values():
            await one.__aexit__(None, None, None)
        await asyncio.to_thread(disconnect, domains, *HOSTILE)


@pytest.mark.requirement("SEC-34")
def test_a_server_that_is_not_there_could_not_be_reached(domains: TwoDomains, tmp_path: Path) -> None:
    connect(domains, "gone", f"http://127.0.0.1:{domains.home.management - 1 or 1}")
    try:
        actas = program(tmp_path, domains.home)
        ran = actas(*TRY, "gone", "--as", "alice", "--json")
        assert (ran.code, json.loads(ran.out)["outcome"]) == (4, "unreachable")
        assert json.loads(ran.err)["error"]["code"] == "unreachable"
        no = actas(*TRY, "gone", "--as", "bob")  # what is certain comes first
        assert (no.code, no.out.startswith("REFUSED")) == (1, True)
    finally:
        disconnect(domains, "gone")


def test_show_tells_whether_it_can_work(domains: TwoDomains, tmp_path: Path) -> None:
    ran = program(tmp_path / "home", domains.home)("connections", "show", GIVES, "--json")
    health = json.loads(ran.out)["health"]
    assert states(health) == dict.fromkeys(
        ("our key", "issuer", "grant", "token endpoint", "clock"), "good"
    ), health
    ran = program(tmp_path / "tickets", domains.tickets)("connections", "show", TAKES)
    assert "✓ keys    " in ran.out
    assert "fetched and fresh" in ran.out


def test_who_asks_for_no_connection_is_told_so(domains: TwoDomains) -> None:
    eye = Managing(domains.home, "eye")
    assert eye("GET", "/connections/none/health").status == 404
    assert eye("GET", f"/connections/{GIVES}/health?x=1").status == 400
    assert eye("GET", "/connections-health?x=1").status == 400


def test_a_paused_connection_is_refused_on_our_side_with_what_to_do(
    domains: TwoDomains, tmp_path: Path
) -> None:
    hand = Managing(domains.home, "hand")
    assert hand("POST", f"/connections/{GIVES}/disable").status == 200
    try:
        ran = program(tmp_path / "eye", domains.home)(*TRY, GIVES, "--as", "alice")
        assert (ran.code, "connection_paused" in ran.out) == (1, True)
        assert f"→ actas connections resume {GIVES}" in ran.out
        doctor = _doctor(domains, tmp_path)
        assert [one["state"] for one in doctor] == ["skipped"]
    finally:
        assert hand("POST", f"/connections/{GIVES}/enable").status == 200


def test_doctor_looks_connections_over(domains: TwoDomains, tmp_path: Path) -> None:
    (found,) = _doctor(domains, tmp_path)
    assert (found["state"], found["says"]) == (
        "good",
        f"{GIVES}: our key, issuer, grant, token endpoint, clock",
    )
    connect(domains, "gone", f"http://127.0.0.1:{domains.home.management - 1 or 1}")
    try:
        bad = [one for one in _doctor(domains, tmp_path) if one["state"] != "good"]
        assert [(one["state"], one["says"].partition(": http")[0]) for one in bad] == [
            ("bad", "gone: server")
        ]
    finally:
        disconnect(domains, "gone")


def _doctor(domains: TwoDomains, home: Path) -> list[dict[str, Any]]:
    words = ("doctor", "-c", str(domains.home.company.file), "--dev", "--json")
    ran = Program(home, now=time.time())(*words, environ=domains.home.environ)
    return [one for one in json.loads(ran.out)["results"] if one["name"] == "connections"]
