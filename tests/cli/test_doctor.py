"""actas doctor finds what is wrong, says what to do, and changes nothing."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Never

import pytest
from tests.fakes.certificates import Authority
from tests.fakes.hostile_issuer import KEYS, Answer, HostileIssuer
from tests.fakes.program import Program, Ran
from tests.fakes.server import RealServer, until

from actas.app import checkup
from actas.app.reserve import Reserve
from actas.core.errors import StoreUnavailable
from actas.crypto.certificate import valid_until
from actas.settings.faults import ConfigurationFaults, Fault

SOUND = [
    "data folder",
    "disk",
    "TLS",
    "database",
    "keys",
    "keys",
    "envelope key",
    "marks",
    "audit log",
    "issuers",
    "server",
    "address",
]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    with RealServer(tmp_path_factory.mktemp("examined")) as server:
        server.token(server.company.for_alice())
        yield server


@pytest.fixture(autouse=True)
def _slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """How busy the computer is that runs the tests is no matter of theirs."""
    monkeypatch.setattr(checkup, "SLOW", 60.0)


def doctor(server: RealServer, *words: str, home: Path, now: float | None = None) -> Ran:
    program = Program(home, now=time.time() if now is None else now)
    return program("doctor", "-c", str(server.company.file), "--dev", *words, environ=server.environ)


def found(ran: Ran) -> dict[str, list[dict[str, Any]]]:
    document = json.loads(ran.out)
    assert (document["kind"], document["v"]) == ("actas/Checkup", 1)
    by_name: dict[str, list[dict[str, Any]]] = {}
    for one in document["results"]:
        by_name.setdefault(one["name"], []).append(one)
    return by_name


def everything(folder: Path) -> dict[str, bytes]:
    kept = [path for path in folder.rglob("*") if path.is_file() and not path.name.endswith(("-wal", "-shm"))]
    return {str(path): path.read_bytes() for path in kept}


def test_a_sound_server_is_sound_and_nothing_is_changed(running: RealServer, tmp_path: Path) -> None:
    before = everything(running.data)
    ran = doctor(running, "--json", home=tmp_path)
    assert ran.code == 0, ran
    results = json.loads(ran.out)["results"]
    assert [one["name"] for one in results][: len(SOUND)] == SOUND
    assert {one["state"] for one in results} <= {"good", "skipped", "warn"}
    after = everything(running.data)
    assert {name for name in before if before[name] != after.get(name)} == set()
    assert running.token(running.company.for_alice())


def test_a_node_on_a_shared_database_is_sound_and_its_clock_is_compared(
    tmp_path: Path, postgres: str
) -> None:
    with RealServer(tmp_path, database=postgres) as server:
        ran = doctor(server, "--json", home=tmp_path / "home")
    assert ran.code == 0, ran
    assert "clocks differ by 0" in found(ran)["database"][0]["says"]
    assert found(ran)["audit log"][0]["state"] == "good"


def test_a_database_that_answers_late_is_a_warning(
    running: RealServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkup, "SLOW", 0.0)
    ran = doctor(running, "--json", home=tmp_path)
    assert ran.code == 0
    (database,) = found(ran)["database"]
    assert (database["state"], database["remedy"]) == ("warn", "it is far away, or busy")


def test_people_get_a_line_for_each_and_what_to_do(running: RealServer, tmp_path: Path) -> None:
    ran = doctor(running, home=tmp_path)
    assert ran.code == 0
    assert "✓ database     " in ran.out
    assert "it runs and can issue" in ran.out
    assert "→" not in ran.out.replace("→ tell", "")


def test_the_health_of_this_node_alone_is_an_exit_code(running: RealServer, tmp_path: Path) -> None:
    assert doctor(running, "--local", home=tmp_path).code == 0
    stopped = RealServer(tmp_path / "stopped")
    stopped.company.write()
    ran = doctor(stopped, "--local", home=tmp_path)
    assert ran.code == 4
    assert "cannot be reached" in ran.err
    stopped.close()


def test_a_server_elsewhere_is_looked_at_without_a_configuration(running: RealServer, tmp_path: Path) -> None:
    ran = Program(tmp_path, now=time.time())("doctor", "--server", running.issuer, "--json")
    assert ran.code == 0
    assert found(ran)["address"][0]["says"].startswith(f"{running.issuer} answers as itself")
    assert found(ran)["published keys"][0]["state"] == "good"
    lost = Program(tmp_path, now=time.time())("doctor", "--server", "http://127.0.0.1:1", "--json")
    assert lost.code == 1
    assert found(lost)["address"][0]["state"] == "bad"


def test_what_was_never_started_says_so_and_makes_nothing(tmp_path: Path) -> None:
    server = RealServer(tmp_path)
    server.company.write()
    ran = doctor(server, "--json", home=tmp_path / "home")
    assert ran.code == 1
    assert found(ran)["database"][0] == {
        "name": "database",
        "state": "bad",
        "says": f"there is none in {server.data}: the server was never started",
        "remedy": "actas serve makes it",
    }
    assert found(ran)["issuers"][0]["state"] == "skipped"
    assert not server.data.exists()
    server.close()


def test_a_folder_that_others_may_enter_is_wrong(tmp_path: Path) -> None:
    with RealServer(tmp_path) as server:
        server.data.chmod(0o755)
        ran = doctor(server, "--json", home=tmp_path / "home")
        assert ran.code == 1
        assert found(ran)["data folder"][0]["remedy"] == f"chmod 700 {server.data}"
        server.data.chmod(0o700)


def test_an_envelope_key_that_is_not_the_one_is_said(tmp_path: Path) -> None:
    server = RealServer(tmp_path)
    with server:
        pass
    (server.data / "envelope.key").write_text("00112233445566778899aabbccddeeff" * 2, encoding="utf-8")
    ran = doctor(server, "--json", home=tmp_path / "home")
    assert ran.code == 1
    assert found(ran)["keys"][0]["state"] == "bad"
    assert "001122" not in ran.out + ran.err


async def test_an_issuer_that_does_not_answer_is_named_with_why(tmp_path: Path) -> None:
    async with HostileIssuer() as idp, HostileIssuer() as other:
        server = RealServer(tmp_path)
        for one in (idp, other):
            server.company.trust(one.issuer, name=f"idp-{one.port}")
        other.answers[KEYS] = Answer(status=500)
        with server:
            ran = await asyncio.to_thread(doctor, server, "--json", home=tmp_path / "home")
        assert ran.code == 1
        told = {one["says"].split(" ")[0].rstrip(":"): one for one in found(ran)["issuers"]}
        assert told[f"idp-{idp.port}"]["says"] == f"idp-{idp.port}: 1 key fetched just now"
        assert told[f"idp-{other.port}"]["state"] == "bad"
        assert "status 500" in told[f"idp-{other.port}"]["says"]


def test_a_log_that_nobody_seals_is_said(running: RealServer, tmp_path: Path) -> None:
    ran = doctor(running, "--json", home=tmp_path, now=time.time() + 86_400 * 40)
    assert found(ran)["audit log"][0]["state"] == "warn"
    assert {one["state"] for one in found(ran)["keys"]} >= {"warn"}


def test_a_database_that_is_away_is_told_without_its_password(tmp_path: Path) -> None:
    server = RealServer(tmp_path)
    server.company.write()
    server.company.environ["ACTAS_DATABASE_URL"] = "postgresql://actas:hunter2@127.0.0.1:1/actas"
    server.company.tree["server"]["database"] = {"env": "ACTAS_DATABASE_URL"}
    server.company.write()
    ran = doctor(server, "--json", home=tmp_path / "home")
    assert ran.code == 1
    (database,) = found(ran)["database"]
    assert database["state"] == "bad"
    assert "is PostgreSQL running there" in database["remedy"]
    assert "hunter2" not in ran.out + ran.err
    server.close()


@pytest.mark.parametrize(("days", "state"), [(400, "good"), (5, "warn"), (-1, "bad")])
def test_a_certificate_that_ends_is_said_in_time(days: int, state: str, tmp_path: Path) -> None:
    owned = Authority(tmp_path).issue("localhost")
    server = RealServer(tmp_path)
    server.company.tree["server"]["tls"] = {"certificate": str(owned.file), "key": str(owned.file)}
    server.company.write()
    now = valid_until(owned.der) - days * 86_400
    ran = doctor(server, "--json", home=tmp_path / "home", now=now)
    assert found(ran)["TLS"][0]["state"] == state
    server.close()


def test_marks_that_are_damaged_keep_a_server_from_starting_and_are_found(tmp_path: Path) -> None:
    with RealServer(tmp_path / "node") as server:
        server.token(server.company.own())
    (server.data / "marks.db").write_bytes(b"no database")
    ran = doctor(server, "--json", home=tmp_path / "home")
    assert ran.code == 1
    marks = found(ran)["marks"][0]
    assert (marks["state"], marks["says"]) == ("bad", "file is not a database")
    assert "does not start" in marks["remedy"]
    assert found(ran)["audit log"][0]["state"] == "good"


def test_what_cannot_be_looked_at_is_called_by_its_name(
    running: RealServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(*_: Any, **__: Any) -> Any:
        raise StoreUnavailable("the disk says no")

    monkeypatch.setattr(Reserve, "refresh", failing)
    results = found(doctor(running, "--json", home=tmp_path))
    assert results["audit sinks"] == [
        {
            "name": "audit sinks",
            "state": "bad",
            "says": "the disk says no",
            "remedy": "actas audit sinks list says how each stands",
        }
    ]
    assert {one["state"] for one in results["keys"]} == {"good"}
    assert results["issuers"][0]["state"] == "good"


def test_what_comes_after_something_that_does_not_start_is_skipped(
    running: RealServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Never:
        raise ConfigurationFaults([Fault(place="actas.yaml", path="rules", message="it does not hold")])

    monkeypatch.setattr(checkup, "foundation", broken)
    results = found(doctor(running, "--json", home=tmp_path))
    assert results["configuration"][0]["state"] == "bad"
    assert "it does not hold" in results["configuration"][0]["says"]
    assert [results[name][0]["state"] for name in ("marks", "audit log", "audit sinks", "issuers")] == [
        "skipped"
    ] * 4


def test_each_fault_of_a_configuration_is_a_line_of_its_own(
    running: RealServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> Never:
        places = ("actas.yaml:4", "actas.yaml:12")
        raise ConfigurationFaults(
            [Fault(place=one, path="issuer", message="must be https") for one in places]
        )

    monkeypatch.setattr(checkup, "foundation", broken)
    ran = doctor(running, home=tmp_path)
    said = [line for line in ran.out.splitlines() if "must be https" in line]
    assert [line.split()[:3] for line in said] == [
        ["✕", "configuration", "actas.yaml:4:"],
        ["✕", "configuration", "actas.yaml:12:"],
    ]
    assert ran.out.count("→ the server does not start like this") == 1


def test_a_sink_that_takes_nothing_is_found(tmp_path: Path) -> None:
    sinks = [
        {"name": "lake", "file": "../lake.jsonl"},
        {"name": "lost", "file": "../not-there/lost.jsonl"},
    ]
    with RealServer(tmp_path / "node", changes={"audit": {"sinks": sinks}}) as server:
        server.token(server.company.own())
        looked: list[dict[str, Any]] = []

        def told() -> bool:
            looked[:] = found(doctor(server, "--json", home=tmp_path / "home"))["audit sinks"]
            lake, lost = looked
            return lake["says"].endswith("it has everything") and "lost.jsonl: No such file" in lost["says"]

        until(told, limit=30.0, because="both are looked at")
        lake, lost = looked
        assert lake["state"] == "good"
        assert lost["state"] == "warn"
        assert "of its reserve is used" in lost["remedy"]
