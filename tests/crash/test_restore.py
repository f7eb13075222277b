"""A backup is restored, and the past stays past: on both kinds of database, and whatever is killed (REL-28)."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.fakes.program import Program, Ran
from tests.fakes.server import SPREAD, RealServer, until

from actas.core.wire import REFRESH_TOKEN
from actas.store.epochs import AHEAD


class Place:
    """A server, and the means to lose what it keeps.

    Attributes:
        another: the address of another empty PostgreSQL; None when it keeps files.
    """

    def __init__(self, server: RealServer, program: Program, another: str | None) -> None:
        self.server, self.program, self.another = server, program, another
        self.backup = server.folder / "backup"

    def run(self, *words: str, **how: Any) -> Ran:
        config = ("-c", str(self.server.company.file), "--dev")
        return self.program(*words, *config, environ=self.server.environ, **how)

    def must(self, *words: str) -> Any:
        """Run a command that must succeed, and return its document."""
        ran = self.run(*words, "--json")
        for _ in range(3):
            # A database that a busy computer does not let answer within a second costs a command its try.
            if ran.code != 4 or ran.error["code"] != "storage":
                break
            ran = self.run(*words, "--json")
        assert ran.code == 0, ran.err
        return ran.document

    def lose(self) -> None:
        """Lose everything but the envelope key."""
        key = (self.server.data / "envelope.key").read_bytes()
        shutil.rmtree(self.server.data)
        self.server.data.mkdir(mode=0o700)
        kept = self.server.data / "envelope.key"
        kept.touch(mode=0o600)
        kept.write_bytes(key)
        if self.another is not None:
            self.server.company.environ["ACTAS_DATABASE_URL"] = self.server.database = self.another

    def refusal(self, form: dict[str, Any], server: RealServer | None = None) -> str:
        """Return why a form is refused."""
        one = server or self.server
        reply = one.post(form)
        assert reply.status in (400, 401), reply
        return str(one.entry(reply)["detail"])


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A server that is not started yet, on each kind of database."""
    databases: list[str] = []
    if request.param == "postgresql":
        databases = [request.getfixturevalue(name) for name in ("postgres", "another_postgres")]
    server = RealServer(tmp_path / "server", database=databases[0] if databases else None)
    server.company.write()
    try:
        yield Place(server, Program(tmp_path / "home"), databases[1] if databases else None)
    finally:
        server.close()


def hop(server: RealServer, token: str) -> dict[str, Any]:
    return server.company.exchange("orders", token, audience="inventory", scope="stock:read")


def fresh(server: RealServer, since: int) -> dict[str, Any]:
    """An assertion of a client whose clock runs ahead as far as it may: it was surely made after."""
    iat = since + AHEAD + 1
    until(lambda: time.time() > iat - 29, because="its iat is not too far ahead")
    return server.company.asserted(client_assertion=server.company.assertion(iat=iat, exp=iat + 60))


@pytest.mark.requirement("REL-28", "SEC-11")
def test_after_a_restore_to_an_empty_place_nothing_used_works_and_nothing_revoked_lives(place: Place) -> None:
    server, company = place.server, place.server.company
    with server:
        id_token = company.id_token()
        used = [company.asserted(), company.asserted()]
        assert server.post(used[0]).status == 200
        tokens = [server.token(company.for_alice(id_token))]
        place.must("db", "backup", str(place.backup))
        assert server.post(used[1]).status == 200
        tokens.append(server.token(company.for_alice(id_token)))
        place.must("revoke", "--subject", "alice", "--reason", "test", "--yes")
        leaked = [one["kid"] for one in place.must("keys", "list")["items"] if one["purpose"] == "token"]
        place.must("keys", "retire", leaked[0], "--now", "--yes")
        server.stop()
    place.lose()
    done = place.must("db", "restore", str(place.backup))
    assert done["epoch"] == 2
    with server:
        for assertion in used:
            assert "may have been used before" in place.refusal(assertion)
        for token in tokens:
            assert "no key of ours signed it" in place.refusal(hop(server, token))
        assert f"was revoked: entry {done['entry']}" in place.refusal(company.for_alice(id_token))
        assert leaked[0] not in {one["kid"] for one in server.get("/jwks").json["keys"]}
        assert server.post(fresh(server, done["since"])).status == 200
        assert server.post(hop(server, server.token(company.for_alice(company.id_token())))).status == 200
        restored = [one for one in server.events() if one["event"] == "database:restored"]
        assert [(one["id"], one["epoch"]) for one in restored] == [(done["entry"], 2)]
        assert restored[0]["operator"]
        assert restored[0]["backup"]["name"] == done["backup"]["name"]
        assert server.verdict().findings == ()
        assert place.must("db", "status")["epoch"]["number"] == 2


@pytest.mark.requirement("REL-28", "REL-21")
def test_nodes_that_run_on_the_database_know_of_the_epoch_within_the_bound(place: Place) -> None:
    server, company = place.server, place.server.company
    other = server.twin()
    other.company.write()
    try:
        with server:
            place.must("db", "backup", str(place.backup))
            token, id_token = server.token(company.for_alice()), company.id_token()
            unused = company.asserted()
            other.start()
            assert other.post(hop(other, token)).status == 200
            done = place.must("db", "restore", str(place.backup), "--replace", "--yes")
            restored_at = time.monotonic()
            for one in (server, other):
                until(lambda one=one: one.post(hop(one, token)).status != 200, limit=SPREAD)  # type: ignore[misc]
                assert time.monotonic() - restored_at < SPREAD
                # All of it is known by the same reading, or by the next one.
                until(lambda one=one: one.post(company.for_alice(id_token)).status != 200, limit=SPREAD)  # type: ignore[misc]
                assert one.post(unused).status == 401
                until(lambda one=one: "backup of the database was restored" in one.said, limit=SPREAD)  # type: ignore[misc]
            time.sleep(max(0.0, done["since"] + 1 - time.time()))
            later = server.token(company.for_alice(company.id_token()))
            assert other.post(hop(other, later)).status == 200
            assert len({str(one.get("/jwks").json) for one in (server, other)}) == 1
            assert other.stop() == 0
            assert sum(one["event"] == "database:restored" for one in server.events()) == 1
            assert server.verdict().findings == ()
    finally:
        other.close()


@pytest.mark.requirement("REL-28")
def test_a_backup_is_test_restored_into_an_empty_place_and_passes_the_checks(place: Place) -> None:
    with place.server as server:
        for _ in range(20):
            server.token(server.company.own())
        place.must("audit", "checkpoint")
        place.must("db", "backup", str(place.backup))
        key = server.data / "envelope.key"
        scratch = server.folder / "scratch"
        elsewhere = {
            "ACTAS_SERVER__DATA": str(scratch),
            "ACTAS_SERVER__DATABASE__ENV": "SCRATCH_DATABASE",
            "SCRATCH_DATABASE": f"sqlite:///{scratch}/actas.db",
            "ACTAS_KEYS__ENVELOPE__FILE": str(key),
        }
        config = ("-c", str(server.company.file), "--dev", "--json")
        environ = {**server.environ, **elsewhere}
        for words in (("db", "restore", str(place.backup)), ("db", "status"), ("audit", "verify")):
            ran = place.program(*words, *config, environ=environ)
            assert ran.code == 0, ran.err
        assert server.post(server.company.own()).status == 200


KILLED: str = """
import os, signal, sys
from pathlib import Path
from actas.store.backup_file import BackupWriter
from tests.fakes.sealer import sealer
with BackupWriter(Path(sys.argv[1]), sealer=sealer()) as file:
    for number in range(100):
        file.add(["rows", "x" * 10_000])
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.requirement("REL-28")
def test_a_backup_that_is_killed_leaves_no_file_of_that_name(tmp_path: Path) -> None:
    ran = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "backup")], check=False)
    assert ran.returncode == -9
    assert not (tmp_path / "backup").exists()
    left = list(tmp_path.iterdir())
    assert all(one.name.startswith(".backup.") and one.stat().st_mode & 0o077 == 0 for one in left)


AT: str = """
import asyncio, os, signal, sys
from pathlib import Path
from actas.app.backups import open_backup, restore_backup
from actas.settings.load import read

def reached(point):
    if point == sys.argv[3]:
        os.kill(os.getpid(), signal.SIGKILL)

draft = read([Path(sys.argv[1])], dev=True, environ=os.environ, alone=False)
opened = asyncio.run(open_backup(draft, Path(sys.argv[2]), dev=True))
asyncio.run(restore_backup(draft, opened, replace=False, operator="me", dev=True, reached=reached))
"""


@pytest.mark.requirement("REL-28", "REL-01")
@pytest.mark.parametrize("point", ["log placed", "loaded", "committed"])
def test_a_restore_that_is_killed_is_whole_after_the_next(place: Place, point: str) -> None:
    server = place.server
    with server:
        server.token(server.company.for_alice())
        place.must("db", "backup", str(place.backup))
        server.stop()
    place.lose()
    if point == "log placed" and place.another is not None:
        point = "emptied"  # its log is in the database, and part of the transaction
    words = (str(server.company.file), str(place.backup), point)
    ran = subprocess.run([sys.executable, "-c", AT, *words], env=server.environ, check=False)
    assert ran.returncode == -9
    if point != "committed":
        assert place.run("keys", "list").code == 4
        place.must("db", "restore", str(place.backup))
    with server:
        server.token(server.company.own())
        events = [one["event"] for one in server.events()]
        assert events.count("database:restored") == 1
        assert events.count("exchange:granted") == 2
        assert server.verdict().findings == ()
        assert place.must("db", "status")["epoch"]["number"] == 2


def refreshed(server: RealServer, token: str) -> dict[str, Any]:
    return {
        "grant_type": "refresh_token",
        "refresh_token": token,
        "client_id": "assistant",
        "client_secret": server.company.secrets["assistant"],
    }


@pytest.mark.requirement("REL-28")
@pytest.mark.parametrize("lost", [True, False], ids=["lost", "replaced"])
def test_refresh_tokens_and_opaque_tokens_from_before_a_restore_are_void(place: Place, *, lost: bool) -> None:
    server, company = place.server, place.server.company
    company.named("clients", "assistant")["grants"] = ["token_exchange", "refresh_token"]
    company.named("rules", "assistant-for-support")["token"] = {"refresh": {"lifetime": "8h", "idle": "1h"}}
    company.named("apis", "orders")["token"] = {"format": "reference"}
    company.write()
    with server:
        opaque = server.token(company.for_alice())
        assert server.post(hop(server, opaque)).status == 200
        wanted = company.for_alice(requested_token_type=str(REFRESH_TOKEN))
        used, unused = server.token(wanted), server.token(wanted)
        place.must("db", "backup", str(place.backup))
        renewed = server.post(refreshed(server, used)).json["refresh_token"]
        if lost:
            server.stop()
            place.lose()
            place.must("db", "restore", str(place.backup))
            server.start()
        else:
            place.must("db", "restore", str(place.backup), "--replace", "--yes")
            until(lambda: server.post(hop(server, opaque)).status != 200, limit=SPREAD)
        assert server.post(hop(server, opaque)).status == 400
        for token in (unused, renewed, used):
            reply = server.post(refreshed(server, token))
            assert (reply.status, reply.json["error"]) == (400, "invalid_grant")


@pytest.mark.requirement("REL-28", "SEC-88")
def test_after_a_restore_the_log_goes_on_from_what_a_witness_has_seen(tmp_path: Path) -> None:
    witness = tmp_path / "witness" / "checkpoints.jsonl"
    witness.parent.mkdir()
    changes = {"audit": {"checkpoint": {"also_to": [{"file": str(witness)}]}}}
    server = RealServer(tmp_path / "server", changes=changes)
    server.company.write()
    place = Place(server, Program(tmp_path / "home"), None)
    with server:
        place.must("db", "backup", str(place.backup))
        for _ in range(5):
            server.token(server.company.own())
        place.must("audit", "checkpoint")
        server.stop()
        place.lose()
        place.must("db", "restore", str(place.backup))
        server.start()
        server.token(server.company.own())
        broken = [one for event in server.events() for one in event.get("facts", {}).get("broken", ())]
        assert {one["stream"] for one in broken} >= {"s1"}
        streams = {one["stream"] for one in server.events() if one["event"] == "exchange:granted"}
        assert "s1" not in streams
        # What is lost stays provable: the end of one stream, and the checkpoints that only the witness has.
        verified = place.run("audit", "verify", "--checkpoint", str(witness))
        assert verified.code == 7
        found = {(one.fault, one.stream) for one in server.verdict().findings}
        assert ("cut", "s1") in found
        assert found <= {("cut", "s1"), ("cut", "s2"), ("missing_checkpoint", None)}
