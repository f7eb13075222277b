"""actas db, on both kinds of database, beside servers that run on them."""

from __future__ import annotations

import asyncio
import json
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from tests.fakes.program import Program, Ran
from tests.fakes.server import RealServer

from actas.store.marks_file import Claim, MarksFile
from actas.store.schema import migrations

NEWEST = len(migrations())


class Db:
    """Runs ``actas db`` over the configuration of a server."""

    def __init__(self, program: Program, server: RealServer) -> None:
        server.company.write()
        self.program, self.server = program, server

    def __call__(self, *words: str, **how: Any) -> Ran:
        config = ("-c", str(self.server.company.file), "--dev")
        return self.program("db", *words, *config, environ=self.server.environ, **how)


def ran_on(url: str, *statements: str) -> list[Any]:
    """Run statements on a PostgreSQL, and return the rows of the last. Not within a running event loop."""

    async def running() -> list[Any]:
        connection = await asyncpg.connect(url)
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return [tuple(row) for row in await connection.fetch(statements[-1])]
        finally:
            await connection.close()

    return asyncio.run(running())


@pytest.fixture
def shared(actas: Program, tmp_path: Path, postgres: str) -> Iterator[Db]:
    """A server on a PostgreSQL that is empty; it is not started."""
    server = RealServer(tmp_path / "server", database=postgres)
    server.flags.remove("--migrate")
    try:
        yield Db(actas, server)
    finally:
        server.close()


@pytest.fixture
def alone(actas: Program, tmp_path: Path) -> Iterator[Db]:
    """A server on files; it is not started."""
    server = RealServer(tmp_path / "server")
    try:
        yield Db(actas, server)
    finally:
        server.close()


def test_a_database_that_is_not_there_is_not_made_by_looking(alone: Db) -> None:
    ran = alone("status")
    assert (ran.code, ran.out) == (4, "")
    assert "the server has not been started yet" in ran.err
    assert alone("migrate", "--dry-run").code == 4
    assert not alone.server.data.exists()


def test_status_says_what_a_running_server_keeps(alone: Db) -> None:
    with alone.server as server:
        for _ in range(3):
            assert server.post(server.company.asserted()).status == 200
        ran = alone("status")
        document = alone("status", "--json").document
    assert ran.code == 0, ran.err
    assert f"schema    {NEWEST}, since " in ran.out
    assert "  signing_keys               2 rows" in ran.out
    assert document["engine"].startswith("SQLite 3.")
    assert document["schema"]["version"] == document["schema"]["newest"] == NEWEST
    assert document["schema"]["pending"] == []
    assert [one["version"] for one in document["schema"]["applied"]] == [*range(1, NEWEST + 1)]
    assert document["bytes"] == (server.data / "actas.db").stat().st_size
    files = {one["name"]: one for one in document["files"]}
    assert files["marks"]["rows"] >= 3
    assert files["marks"]["ended"] is not None
    assert files["audit"]["rows"] >= 3
    assert alone("status", "-o", "name").out == f"{NEWEST}\n"


@pytest.mark.requirement("REL-26", "REL-27")
def test_a_shared_database_is_brought_to_the_schema_step_by_step(shared: Db, postgres: str) -> None:
    empty = shared("status")
    assert empty.code == 1
    assert f"0 of {NEWEST}: {NEWEST} steps pending, actas db migrate takes them" in empty.out
    rehearsed = shared("migrate", "--dry-run", "--json")
    assert [one["version"] for one in rehearsed.document["steps"]] == [*range(1, NEWEST + 1)]
    assert ran_on(postgres, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]
    assert len(shared("migrate", "--to", "3", "--dry-run", "--json").document["steps"]) == 3
    assert len(shared("migrate", "--to", "3", "--json").document["steps"]) == 3
    part = shared("status", "--json")
    assert part.code == 1
    assert [one["version"] for one in part.document["schema"]["applied"]] == [1, 2, 3]
    assert part.error["code"] == "migration_pending"
    for wrong in ("2", str(NEWEST + 1)):
        refused = shared("migrate", "--to", wrong)
        assert refused.code == 2
        assert f"schema {wrong} is not ahead: the database has schema 3" in refused.err
    refused_to_serve, said = shared.server.refuse()
    assert refused_to_serve == 4
    assert "actas db migrate" in said
    assert shared("migrate").out.count("\n") == NEWEST - 3 + 1
    again = shared("migrate")
    assert (again.code, again.out.rstrip().endswith("there is nothing to do")) == (0, True)
    with shared.server as server:
        assert server.post(server.company.asserted()).status == 200
        document = shared("status", "--json").document
    tables = {one["name"]: one for one in document["tables"]}
    assert tables["marks"]["rows"] >= 1
    assert tables["marks"]["ended"] is not None
    assert tables["signing_keys"]["bytes"] > 0
    assert document["engine"].startswith("PostgreSQL ")


@pytest.mark.requirement("REL-27")
def test_whoever_migrates_at_once_takes_each_step_once(shared: Db) -> None:
    words = ("db", "migrate", "--json", "--dev", "-c", str(shared.server.company.file))
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "actas", *words],
            env=shared.server.environ,
            cwd=shared.server.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(3)
    ]
    taken: list[int] = []
    for one in running:
        told, said = one.communicate(timeout=60)
        assert one.returncode == 0, said
        taken += [step["version"] for step in json.loads(told)["steps"]]
    assert sorted(taken) == [*range(1, NEWEST + 1)]
    assert shared("status").code == 0


@pytest.mark.requirement("REL-27")
def test_a_schema_of_another_release_is_refused_unless_it_says_otherwise(shared: Db, postgres: str) -> None:
    assert shared("migrate").code == 0
    later = "INSERT INTO schema_versions (version, name, digest, usable_from, applied_at) VALUES "
    ran_on(postgres, f"{later} ({NEWEST + 1}, 'later', 'x', {NEWEST}, 0)")
    ran = shared("status")
    assert ran.code == 0
    assert f"made by a later release; this one knows {NEWEST} and may serve beside it" in ran.out
    assert shared("migrate").code == 0
    ran_on(postgres, f"{later} ({NEWEST + 2}, 'latest', 'x', {NEWEST + 2}, 0)")
    for words in (("status",), ("migrate",), ("migrate", "--dry-run")):
        refused = shared(*words)
        assert refused.code == 4
        assert "made by a later release of Actas" in refused.err
    ran_on(postgres, "DROP TABLE schema_versions")
    assert "the database was not made by Actas" in shared("status").err


def test_migrating_makes_the_file_that_a_server_would_make(alone: Db) -> None:
    ran = alone("migrate", "--json")
    assert ran.code == 0
    assert len(ran.document["steps"]) == NEWEST
    with alone.server as server:
        assert server.post(server.company.own()).status == 200


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """A server on files that runs."""
    with RealServer(tmp_path_factory.mktemp("db")) as server:
        server.token(server.company.for_alice())
        yield server


@pytest.fixture
def db(actas: Program, running: RealServer) -> Db:
    return Db(actas, running)


@pytest.fixture
def backup(db: Db, tmp_path: Path) -> Path:
    """A backup of the server that runs."""
    ran = db("backup", str(tmp_path / "backup"))
    assert ran.code == 0, ran.err
    return tmp_path / "backup"


@pytest.mark.requirement("REL-28")
def test_a_backup_is_one_file_that_is_never_overwritten_and_is_written_down(
    db: Db, running: RealServer, tmp_path: Path
) -> None:
    file = tmp_path / "backup"
    ran = db("backup", str(file), "--json")
    assert ran.code == 0, ran.err
    document = ran.document
    assert document["bytes"] == file.stat().st_size
    assert document["rows"]["configuration_objects"] > 5
    assert document["entries"]["s1"] >= 3
    assert "marks" not in document["rows"]
    events = [one for one in running.events() if one["event"] == "database:backed_up"]
    assert [one["backup"] for one in events] == [
        {"name": document["backup"], "bytes": document["bytes"]} for one in events[-1:]
    ]
    before = file.read_bytes()
    again = db("backup", str(file))
    assert (again.code, file.read_bytes()) == (2, before)
    assert "a backup is never overwritten" in again.err
    nowhere = db("backup", str(tmp_path / "no" / "folder" / "backup"))
    assert nowhere.code == 4
    assert "cannot be written" in nowhere.err
    assert not any(path.name.startswith(".") for path in tmp_path.iterdir())


def test_a_rehearsal_says_whether_a_backup_is_whole_whatever_is_there(db: Db, backup: Path) -> None:
    ran = db("restore", "--dry-run", str(backup))
    assert ran.code == 0, ran.err
    assert "whole  and the envelope key at hand opens it" in ran.out
    assert "is not empty: --replace replaces what it holds" in ran.out
    document = db("restore", "--dry-run", str(backup), "--json").document
    assert (document["dry_run"], document["epoch"]) == (True, None)


@pytest.mark.requirement("REL-28")
def test_what_is_there_is_only_replaced_when_somebody_says_so_twice(
    db: Db, running: RealServer, backup: Path
) -> None:
    kids = running.get("/jwks").json
    refused = db("restore", str(backup))
    assert (refused.code, refused.err.splitlines()[-1]) == (2, "hint   --replace replaces what it holds")
    alone = db("restore", str(backup), "--replace")
    assert (alone.code, alone.err.splitlines()[-1]) == (2, "hint   --yes does it without asking")
    said_no = db("restore", str(backup), "--replace", stdin="no\n", terminal=True)
    assert said_no.code == 2
    assert "new keys will sign" in said_no.err
    assert running.get("/jwks").json == kids
    assert db("status", "--json").document["epoch"]["number"] == 1


@pytest.mark.requirement("REL-28")
def test_what_was_changed_cut_off_or_sealed_otherwise_is_refused(
    db: Db, running: RealServer, backup: Path, tmp_path: Path
) -> None:
    data = backup.read_bytes()
    for harmed in (data[:-1], data[: len(data) // 2], data[:-9] + b"\x00" + data[-8:]):
        backup.write_bytes(harmed)
        ran = db("restore", str(backup), "--replace", "--yes")
        assert ran.code == 7, ran.err
        assert "nothing was restored" in ran.err
    backup.write_bytes(data)
    other = tmp_path / "other.key"
    other.touch(mode=0o600)
    other.write_text(secrets.token_urlsafe(32))
    environ = {**running.environ, "ACTAS_KEYS__ENVELOPE__FILE": str(other)}
    config = ("-c", str(running.company.file), "--dev")
    ran = db.program("db", "restore", str(backup), "--replace", "--yes", *config, environ=environ)
    assert ran.code == 3
    assert "was made under the envelope key" in ran.err
    assert db("restore", str(tmp_path / "nothing")).code == 4
    assert db("restore", str(running.company.file)).code == 7


def test_a_damaged_stream_is_no_reason_to_be_without_a_backup(alone: Db, tmp_path: Path) -> None:
    with alone.server as server:
        assert server.stop() == 0
    stream = server.audit / "s1.db"
    data = stream.read_bytes()
    stream.write_bytes(data[:4096] + b"\xff" * 4096 + data[8192:])
    ran = alone("backup", str(tmp_path / "backup"), "--json")
    assert ran.code == 7
    assert list(ran.document["damaged"]) == ["s1"]
    assert alone("restore", "--dry-run", str(tmp_path / "backup")).code == 0


def marked(db: Db, url: str | None, *keep_until: int) -> None:
    """Put marks in that are needed until then."""
    if url is not None:
        values = ", ".join(f"('\\x{number:08x}', {until})" for number, until in enumerate(keep_until))
        ran_on(url, f"INSERT INTO marks VALUES {values}")
        return
    file = MarksFile(db.server.data)
    # A clock that stands at the beginning removes nothing.
    file.claim([Claim(number.to_bytes(4, "big"), until) for number, until in enumerate(keep_until)], now=0)
    file.close()


@pytest.mark.requirement("REL-24")
@pytest.mark.parametrize("engine", ["alone", "shared"])
def test_what_has_ended_is_removed_and_nothing_else(
    request: pytest.FixtureRequest, engine: str, tmp_path: Path
) -> None:
    db: Db = request.getfixturevalue(engine)
    url: str | None = request.getfixturevalue("postgres") if engine == "shared" else None
    db.server.flags.append("--migrate")
    with db.server as server:
        token = server.token(server.company.own())
        config = ("-c", str(server.company.file), "--dev")
        ended = db.program("revoke", token, "--reason", "x", "--yes", *config, environ=server.environ)
        assert ended.code == 0, ended.err
        entries = len(server.lines())
        server.stop()
    entries = len(db.server.lines())
    future = int(time.time()) + 3600
    marked(db, url, *([1] * 700), future, future + 1)
    before = {**db("status", "--json").document}
    rehearsed = db("purge", "--dry-run", "--json").document
    assert rehearsed["removed"]["marks"] == 700
    assert {**db("status", "--json").document} == before
    ran = db("purge", "--json")
    assert ran.code == 0, ran.err
    assert ran.document["removed"] == {
        "impersonations": 0,
        "revocations": 0,
        "opaque_tokens": 0,
        "registered_clients": 0,
        "refresh_tokens": 0,
        "sessions": 0,
        "session_apps": 0,
        "device_codes": 0,
        "known_people": 0,
        "marks": 700,
    }
    document = db("status", "--json").document
    marks = next(one for one in (*document["files"], *document["tables"]) if one["name"] == "marks")
    assert (marks["rows"] >= 2, marks["ended"]) == (True, 0)
    revocations = next(one for one in document["tables"] if one["name"] == "revocations")
    assert revocations["rows"] == 1
    assert len(db.server.lines()) == entries
    assert db("purge").out == "nothing has ended that is still there\n"


def test_a_database_with_an_older_schema_is_not_purged(shared: Db) -> None:
    assert shared("migrate", "--to", "3").code == 0
    ran = shared("purge", "--json")
    assert (ran.code, ran.error["code"]) == (4, "migration_pending")
