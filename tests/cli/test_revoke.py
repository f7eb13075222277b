"""actas revoke, beside a server that runs on the same data folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes.program import Program, Ran
from tests.fakes.server import RealServer, patiently, until
from tests.fakes.wire import FORM, ask, encoded

from actas.admin.revoking import Revoking, Wanted
from actas.app.foundation import Foundation
from actas.audit.query import undelivered_ids
from actas.core.ports import SystemClock
from actas.core.wire import ID_TOKEN, REFRESH_TOKEN, TOKEN_EXCHANGE
from actas.crypto import jose


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    server = RealServer(tmp_path_factory.mktemp("revoke"))
    server.company.tree["users"] = [{"name": "carol"}]
    server.company.named("clients", "assistant")["grants"] = ["token_exchange", "refresh_token"]
    rule = server.company.named("rules", "assistant-for-support")
    rule["token"] = {"refresh": {"lifetime": "8h"}}
    with server as running:
        yield running


class Revoke:
    """Runs ``actas revoke`` over the server's configuration."""

    def __init__(self, program: Program, server: RealServer) -> None:
        self.program, self.server = program, server

    def __call__(self, *words: str, stdin: str = "", terminal: bool = False) -> Ran:
        config = ("-c", str(self.server.company.file), "--dev")
        return self.program("revoke", *words, *config, stdin=stdin, terminal=terminal)


@pytest.fixture
def revoke(actas: Program, server: RealServer) -> Revoke:
    return Revoke(actas, server)


def own(server: RealServer) -> str:
    return server.token(server.company.own())


def active(server: RealServer, token: str, who: str = "nightly") -> bool:
    form = {"client_id": who, "client_secret": server.company.secrets[who], "token": token}
    reply = ask(server.port, "POST", "/introspect", headers={"Content-Type": FORM}, body=encoded(form))
    return bool(reply.json["active"])


def jti(token: str) -> str:
    return str(jose.parse(token).unverified_claims["jti"])


@pytest.mark.requirement("REL-21")
def test_a_token_is_ended_on_the_running_server_and_the_minutes_say_who_and_why(
    revoke: Revoke, server: RealServer, tmp_path: Path
) -> None:
    token, other = own(server), own(server)
    (tmp_path / "leaked.jwt").write_text(token)
    ran = revoke(f"@{tmp_path}/leaked.jwt", "--reason", "in a public log", "--yes", "--json")
    assert (ran.code, ran.err) == (0, "")
    assert ran.document["revoked"] == [f"token:{jti(token)}"]
    until(lambda: not active(server, token), because="the server has heard")
    assert active(server, other)
    event = next(one for one in server.events() if one["id"] == ran.document["entry"])
    assert event["event"] == "revocation:granted"
    assert (event["revoked"], event["why"]) == ([f"token:{jti(token)}"], "in a public log")
    assert event["operator"]


def test_a_refresh_token_ends_its_family_and_what_that_brought(revoke: Revoke, server: RealServer) -> None:
    begun = server.token(server.company.for_alice(requested_token_type=str(REFRESH_TOKEN)))
    who = {"client_id": "assistant", "client_secret": server.company.secrets["assistant"]}
    form = {"grant_type": "refresh_token", "refresh_token": begun, **who}
    answer = server.post(form).json
    for text in (begun, answer["refresh_token"]):  # what was used names the family as well
        ran = revoke("-", "--reason", "lost", "--dry-run", stdin=text)
        assert ran.code == 0, ran.err
    ran = revoke("-", "--reason", "lost", "--yes", "--json", stdin=answer["refresh_token"])
    assert ran.code == 0, ran.err
    until(lambda: not active(server, answer["access_token"], "assistant"))
    refused = server.post({**form, "refresh_token": answer["refresh_token"]})
    assert refused.json["error"] == "invalid_grant"
    ran = revoke("-", "--reason", "lost", "--yes", stdin=answer["refresh_token"])
    assert ran.code == 2
    assert "its family has ended" in ran.err


def test_by_chain_and_by_entry(revoke: Revoke, server: RealServer) -> None:
    by_chain = own(server)
    ran = revoke("--chain", jti(by_chain), "--reason", "x", "--yes")
    assert ran.code == 0
    assert ran.out.startswith(f"ended  token:{jti(by_chain)}, and everything exchanged from it\nentry x_")
    reply = server.post(server.company.own())
    by_entry, entry = str(reply.json["access_token"]), str(reply.header("actas-entry"))
    assert revoke("--from", entry, "--reason", "x", "--yes").code == 0
    until(lambda: not active(server, by_chain) and not active(server, by_entry))


def for_person(server: RealServer, who: str = "alice") -> dict[str, str]:
    """Return the request by which the assistant gets a token for somebody."""
    return {
        "grant_type": TOKEN_EXCHANGE,
        "client_id": "assistant",
        "client_secret": server.company.secrets["assistant"],
        "subject_token": server.company.id_token(who),
        "subject_token_type": ID_TOKEN,
        "audience": "orders",
    }


def test_a_client_ends_up_to_now_and_what_it_gets_later_is_good(revoke: Revoke, server: RealServer) -> None:
    token = own(server)
    alices = server.token(for_person(server))
    assert revoke("--client", "assistant", "--reason", "its host was broken into", "--yes").code == 0
    until(lambda: not active(server, alices, "assistant"))
    assert active(server, token)
    until(lambda: active(server, server.token(for_person(server)), "assistant"))


def test_a_person_is_ended_by_the_name_in_our_tokens(revoke: Revoke, server: RealServer) -> None:
    token = server.token(for_person(server, "dana"))
    ran = revoke("--subject", "dana@acme.example", "--reason", "left", "--yes")
    assert ran.code == 0
    until(lambda: not active(server, token, "assistant"))


def test_a_user_who_is_named_as_they_sign_in_is_told_apart(revoke: Revoke) -> None:
    words = ("--reason", "left", "--dry-run")
    ran = revoke("--subject", "carol", *words)
    assert (ran.code, ran.out) == (0, "would end  party:carol, and everything exchanged from it\n")
    assert "warning  this ends nothing of the user carol, whom tokens call actas:carol\n" in ran.err
    for other in ("actas:carol", "dana@acme.example"):
        assert "warning" not in revoke("--subject", other, *words).err


class Slowly(SystemClock):
    """A clock by which a minute passes until somebody has said yes."""

    behind = 60.0

    def now(self) -> float:
        return super().now() - self.behind


def test_what_is_given_while_somebody_thinks_is_ended_too(
    revoke: Revoke, server: RealServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens: list[str] = []

    def sure(*_: object, **__: object) -> None:
        tokens.append(server.token(for_person(server)))
        Slowly.behind = 0.0

    monkeypatch.setattr("actas.app.foundation.SystemClock", Slowly)
    monkeypatch.setattr("actas.cli.revoke.make_sure", sure)
    assert revoke("--client", "assistant", "--reason", "x").code == 0
    until(lambda: not active(server, tokens[0], "assistant"))


def test_many_are_ended_in_as_many_entries_as_they_fit_into(
    revoke: Revoke, server: RealServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def many(base: Foundation, *_: object) -> list[Wanted]:
        revoking = Revoking(
            issuer=base.issuer, marking=base.ring, digest=base.ring.digest, now=int(base.clock.now())
        )
        return [revoking.token_id(f"t{number:030}") for number in range(12_000)]

    monkeypatch.setattr("actas.cli.revoke._wanted", many)
    ran = revoke("--undelivered", "--reason", "the disk was full", "--yes", "--json")
    assert ran.code == 0, ran.err
    written = [one for one in server.events() if one.get("why") == "the disk was full"]
    assert [name for one in written for name in one["revoked"]] == ran.document["revoked"]
    assert written[0]["id"] == ran.document["entry"]


def test_when_there_is_nothing_to_end_it_says_so_and_that_it_was_no_rehearsal(
    revoke: Revoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def none(*_: object) -> list[Wanted]:
        return []

    monkeypatch.setattr("actas.cli.revoke._wanted", none)
    ran = revoke("--undelivered", "--reason", "x", "--yes", "--json")
    assert (ran.code, ran.document["dry_run"], ran.document["entry"]) == (0, False, None)


def test_rehearsed_it_changes_nothing(revoke: Revoke, server: RealServer) -> None:
    token = own(server)
    ran = revoke("--chain", jti(token), "--reason", "x", "--dry-run")
    assert ran.code == 0
    assert ran.out == f"would end  token:{jti(token)}, and everything exchanged from it\n"
    assert active(server, token)


def test_it_asks_first_and_without_anybody_to_ask_it_stops(revoke: Revoke, server: RealServer) -> None:
    token = own(server)
    ran = revoke("--chain", jti(token), "--reason", "x")
    assert (ran.code, ran.out) == (2, "")
    assert "--yes" in ran.err
    assert active(server, token)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ((), 2, "say one thing to end"),
        (("--chain", "a", "--client", "orders"), 2, "say one thing to end"),
        (("--client", "asistant"), 1, "did you mean"),
        (("--from", "x_01JD7Q8M"), 1, "there is no entry"),
        (("nonsense",), 2, "cannot be read"),
    ],
)
def test_what_it_cannot_do_it_says(revoke: Revoke, words: tuple[str, ...], code: int, said: str) -> None:
    ran = revoke(*words, "--reason", "x", "--yes")
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err


@pytest.mark.requirement("REL-03")
def test_every_token_that_may_not_have_arrived_is_ended_at_once(revoke: Revoke, server: RealServer) -> None:
    unknown: list[str] = []
    for _ in patiently(60):
        for _ in range(20):
            own(server)
        server.kill9()
        server.start()
        unknown = [one for event in server.events() for one in undelivered_ids(event)]
        if unknown:
            break
    given = {event["id"]: event["given"]["jti"] for event in server.events() if "given" in event}
    ran = revoke("--undelivered", "--reason", "after a crash", "--yes", "--json")
    assert ran.code == 0
    assert set(ran.document["revoked"]) == {f"token:{given[one]}" for one in unknown} != set()
