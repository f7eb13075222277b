"""actas keys, beside a server that runs on the same data folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.program import Program, Ran
from tests.fakes.server import RealServer, until

from actas.crypto import jose


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """A server of the company."""
    with RealServer(tmp_path_factory.mktemp("keys")) as running:
        yield running


class Keys:
    """Runs ``actas keys`` over the server's configuration."""

    def __init__(self, program: Program, server: RealServer) -> None:
        self.program, self.server = program, server

    def __call__(self, *words: str, stdin: str = "", terminal: bool = False) -> Ran:
        config = ("-c", str(self.server.company.file), "--dev")
        return self.program("keys", *words, *config, stdin=stdin, terminal=terminal)

    def state(self, state: str, purpose: str = "token") -> list[str]:
        items = self("list", "--all", "--json").document["items"]
        return [one["kid"] for one in items if (one["state"], one["purpose"]) == (state, purpose)]


@pytest.fixture
def keys(actas: Program, server: RealServer) -> Keys:
    return Keys(actas, server)


def published(server: RealServer) -> set[str]:
    return {one["kid"] for one in server.get("/jwks").json["keys"]}


def kid_of(token: str) -> str:
    return str(jose.parse(token).unverified_kid)


def happened(server: RealServer, event: str, kid: str) -> bool:
    return any(one["event"] == event and one.get("kid") == kid for one in server.events())


@pytest.mark.requirement("REL-05")
def test_a_planned_rotation_shows_its_timetable_and_the_running_server_follows(
    keys: Keys, server: RealServer
) -> None:
    old = kid_of(server.token(server.company.own()))
    ran = keys("rotate")
    assert ran.code == 0, ran.err
    (new,) = keys.state("prepared")
    assert ran.out.startswith(f"new ES256 key that signs tokens: {new}\n  now ")
    assert f"signs; {old} stops signing" in ran.out
    assert ran.out.endswith(f"with: actas keys retire {new}\n")
    until(lambda: new in published(server), because="the new key is published")
    assert kid_of(server.token(server.company.own())) == old
    assert happened(server, "keys:prepared", new)
    listed = keys("list")
    assert f"{new}  ES256" in listed.out
    assert "prepared" in listed.out
    assert "is followed" in listed.out
    again = keys("rotate", "--json")
    assert (again.code, again.error["code"]) == (1, "cannot_change")
    undone = keys("retire", new)
    assert undone.code == 0
    until(lambda: new not in published(server), because="the new key is dropped")
    assert happened(server, "keys:removed", new)


@pytest.mark.requirement("REL-07")
def test_an_emergency_ends_every_token_of_the_key_and_lists_them(keys: Keys, server: RealServer) -> None:
    tokens = [server.token(server.company.own()) for _ in range(3)]
    old = kid_of(tokens[0])
    alices = server.token(server.company.for_alice())
    server.token(server.company.exchange("orders", alices, audience="inventory"))
    recorded = {one["given"]["jti"] for one in server.events() if one.get("given", {}).get("key") == old}
    assert len(recorded) >= 5
    audit = keys.state("active", "audit")
    refused = keys("retire", old, "--now")
    assert (refused.code, refused.err.splitlines()[-1]) == (2, "hint   --yes does it without asking")
    assert keys.state("active") == [old]
    ran = keys("retire", old, "--now", "--yes", "--json")
    assert ran.code == 0, ran.err
    assert {one["jti"] for one in ran.document["tokens"]} == recorded
    assert all(one["live"] for one in ran.document["tokens"])
    until(lambda: old not in published(server), limit=60, because="the key has left the key set")
    reply = server.post(server.company.exchange("orders", tokens[0], audience="inventory"))
    assert reply.status == 400
    assert server.entry(reply)["reason"] == "bad_subject"
    assert kid_of(server.token(server.company.own())) in published(server)
    assert keys.state("active", "audit") == audit
    assert happened(server, "keys:removed", old)
    assert server.verdict().whole
    for_people = keys("retire", keys.state("active")[0], "--now", "--yes")
    assert "in the audit log" in for_people.out


def test_a_new_key_signs_at_once_when_somebody_says_yes(keys: Keys, server: RealServer) -> None:
    (old,) = keys.state("active")
    said_no = keys("rotate", "--now", stdin="no\n", terminal=True)
    assert said_no.code == 2
    assert "may refuse new tokens" in said_no.err
    assert keys.state("active") == [old]
    said_yes = keys("rotate", "--now", stdin="yes\n", terminal=True)
    assert said_yes.code == 0
    (new,) = keys.state("active")
    until(
        lambda: kid_of(server.token(server.company.own())) == new, because="the server signs with the new key"
    )
    assert {old, new} <= published(server)


def test_the_key_of_the_audit_log_changes_by_itself_alone(keys: Keys, server: RealServer) -> None:
    (old,) = keys.state("active", "audit")
    tokens = keys.state("active")
    assert keys("rotate", "--use", "audit", "--now", "--yes").code == 0
    assert keys.state("active") == tokens
    shown = keys("jwks", "--use", "audit").document["keys"]
    assert old in {one["kid"] for one in shown}
    assert len(shown) == 2
    assert {one["kid"] for one in keys("jwks").document["keys"]} == published(server)


def test_a_rehearsal_says_what_would_be_and_does_nothing(keys: Keys) -> None:
    (active,) = keys.state("active")
    before = keys("list", "--all", "--json").out
    for words in (("rotate",), ("rotate", "--now"), ("retire", active), ("retire", active, "--now")):
        ran = keys(*words, "--dry-run")
        assert ran.code == 0, ran.err
        assert "nothing was changed" in ran.err
    assert keys("list", "--all", "--json").out == before


def test_a_key_that_does_not_exist_is_no(keys: Keys) -> None:
    ran = keys("retire", "nobody", "--now", "--yes")
    assert ran.code == 1
    error, hint = ran.err.splitlines()
    assert error == "error  there is no key nobody"
    assert hint.startswith("hint   actas keys list --dev -c ")
    assert hint.endswith(" --all shows every key")


def test_a_span_that_would_lose_requests_is_refused(tmp_path: Path, actas: Program) -> None:
    server = RealServer(
        tmp_path, changes={"keys": {"signing": {"rotate_every": "1d", "publish_ahead": "13h"}}}
    )
    server.company.write()
    ran = actas("check", "-c", str(server.company.file), "--dev", environ=server.company.environ)
    server.close()
    assert ran.code == 3
    assert "keys.signing.rotate_every: must be at least 26h, twice publish_ahead" in ran.err
