"""actas audit sinks, beside a server that delivers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from tests.fakes.program import Program, Ran
from tests.fakes.server import RealServer, until
from tests.fakes.sinks import entries_of, lines_of, require_in_order


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """A server with two sinks, one of which leads nowhere."""
    folder = tmp_path_factory.mktemp("sinks")
    sinks = [
        {"name": "lake", "file": "../lake.jsonl"},
        {"name": "lost", "format": "cef", "file": "../not-there/lost.cef"},
    ]
    with RealServer(folder / "node", changes={"audit": {"sinks": sinks}}) as running:
        yield running


class Sinks:
    """Runs ``actas audit sinks`` over the server's configuration."""

    def __init__(self, program: Program, server: RealServer) -> None:
        self.program, self.server = program, server

    def __call__(self, *words: str) -> Ran:
        config = ("-c", str(self.server.company.file), "--dev")
        return self.program("audit", "sinks", *words, *config)

    def standing(self, name: str) -> dict[str, Any]:
        items = self("list", "--json").document["items"]
        return next(one for one in items if one["name"] == name)

    def until(self, name: str, state: str) -> dict[str, Any]:
        until(lambda: self.standing(name)["state"] == state, because=f"{name} is {state}")
        return self.standing(name)


@pytest.fixture
def sinks(actas: Program, server: RealServer) -> Sinks:
    return Sinks(actas, server)


def copied(server: RealServer) -> list[dict[str, Any]]:
    return entries_of(lines_of(server.folder.parent / "lake.jsonl"))


def test_the_list_says_how_far_each_is_and_what_went_wrong(sinks: Sinks, server: RealServer) -> None:
    server.token(server.company.own())
    lake = sinks.until("lake", "up to date")
    assert lake["streams"]["s1"] == {"has": len(server.lines()), "missing": 0}
    assert (lake["behind_seconds"], lake["trouble"], lake["refused"]) == (0.0, None, None)
    lost = sinks.until("lost", "failing")
    assert lost["missing"] == len(server.lines())
    assert "not-there/lost.cef: No such file or directory" in lost["trouble"]
    ran = sinks("list")
    assert ran.code == 0
    assert "SINK  FORMAT  STATE" in ran.out
    assert "No such file or directory" in ran.out
    assert "a delivery failed and is tried again" in server.said


@pytest.mark.requirement("SEC-89")
def test_a_pause_and_its_end_are_on_the_record_and_nothing_is_lost(sinks: Sinks, server: RealServer) -> None:
    sinks.until("lake", "up to date")
    assert "would be done" in sinks("pause", "lake", "--reason", "moved", "--dry-run").out
    assert sinks.standing("lake")["paused_by"] is None
    ran = sinks("pause", "lake", "--reason", "moved\x1b[31m")
    assert (ran.code, ran.out) == (0, "the sink lake is paused\n")
    before = len(copied(server))
    server.token(server.company.own())
    assert sinks.standing("lake")["state"] == "paused"
    assert sinks("resume", "lake", "--reason", "there").code == 0
    sinks.until("lake", "up to date")
    events = [one for one in copied(server)[before:] if one["event"].startswith("sinks:")]
    assert [(one["event"], one["sink"], one["why"]) for one in events] == [
        ("sinks:paused", "lake", "moved\x1b[31m"),
        ("sinks:resumed", "lake", "there"),
    ]
    assert all(one["operator"] for one in events)
    require_in_order(copied(server))


def test_a_stream_is_delivered_again_when_asked(sinks: Sinks, server: RealServer) -> None:
    sinks.until("lake", "up to date")
    copy = server.folder.parent / "lake.jsonl"
    copy.unlink()
    assert sinks("rewind", "lake", "s1", "--reason", "disk").code == 0
    first = next(one for one in server.events() if one["stream"] == "s1")
    until(lambda: first in copied(server), because="it begins again")
    assert sinks("rewind", "lake", "s77", "--reason", "disk").code == 1


def test_what_makes_no_sense_is_said(sinks: Sinks) -> None:
    ran = sinks("pause", "lakes", "--reason", "x")
    assert ran.code == 1
    assert "there is no sink 'lakes'; did you mean \"lake\"?" in ran.err
    ran = sinks("skip", "lake", "--reason", "x", "--yes")
    assert ran.code == 1
    assert "the sink lake refuses nothing" in ran.err
    assert sinks("pause", "lake").code == 2
    assert sinks("pause", "lake", "--reason", " ").code == 2


def test_metrics_tell_how_far_behind_a_sink_is(sinks: Sinks, server: RealServer) -> None:
    sinks.until("lost", "failing")
    shown = server.manage("/metrics").body.decode()
    assert 'actas_audit_sink_deliveries_total{outcome="failed",sink="lost"}' in shown
    lag = next(
        one for one in shown.splitlines() if one.startswith('actas_audit_sink_lag_entries{sink="lost"')
    )
    assert float(lag.rpartition(" ")[2]) > 0
    assert 'actas_audit_sink_stopped{sink="lost"} 0.0' in shown


HOOK: Final = {"name": "a", "webhook": "https://siem.acme.example/in", "secret": {"env": "SIEM_SECRET"}}


@pytest.mark.requirement("REL-30")
@pytest.mark.parametrize(
    ("sinks", "sentence"),
    [
        ([{"name": "a"}], "say where it leads"),
        ([{"name": "a", "file": "x"}, {"name": "a", "file": "y"}], "another sink has this name"),
        ([{"name": "a", "file": "x"}, {"name": "b", "file": "./x"}], "another sink writes this file"),
        ([{"name": "a", "stdout": True}, {"name": "b", "stdout": True}], "another sink writes there"),
        ([{"name": "a", "file": "./witness.jsonl"}], "checkpoints are copied to this file"),
        ([{"name": "a", "file": "./data/audit/s1.db"}], "is in the data folder"),
        ([{"name": "a", "file": "x", "filter": "colour:red"}], "there is no field 'colour'"),
        ([{"name": "a", "file": "x", "format": "csv"}], "format"),
        ([{"name": "a", "file": "x", "rotate": {"megabytes": 0}}], "megabytes"),
        (
            [{"name": "a", "file": "x", "webhook": "https://x.example/in"}],
            "in one way: file, webhook or stdout",
        ),
        ([{"name": "a", "webhook": "https://x.example/in"}], "webhook and secret come together"),
        ([{**HOOK, "rotate": {"megabytes": 5}}], "rotate is for a file"),
        ([{**HOOK, "webhook": "http://siem.acme.example/in"}], "must be https"),
        ([{**HOOK, "webhook": "https://user:pw@siem.acme.example/in"}], "webhook"),
        ([{**HOOK, "secret": {"env": "NO_WHSEC"}}], "is not a secret of Standard Webhooks"),
        ([{**HOOK, "secret": "whsec_written"}], "a secret is written in the file"),
        ([{"name": "a", "file": "x", "batch": 5}], "batch is for a webhook"),
    ],
)
def test_a_sink_that_cannot_be_meant_is_refused(
    actas: Program, tmp_path: Path, sinks: list[dict[str, Any]], sentence: str
) -> None:
    file = tmp_path / "actas.yaml"
    server = {"issuer": "http://127.0.0.1:8693", "data": "./data"}
    audit = {"checkpoint": {"also_to": [{"file": "witness.jsonl"}]}, "sinks": sinks}
    file.write_text(json.dumps({"version": 1, "server": server, "audit": audit}), encoding="utf-8")
    actas.environ["SIEM_SECRET"] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    actas.environ["NO_WHSEC"] = "4f1c9a7d3b52848b6f1e0c9a7d3b52844f1c9a7d3b52848b"
    ran = actas("check", "-c", str(file), "--dev")
    assert ran.code == 3
    assert sentence in ran.err + ran.out


def test_a_file_behind_links_that_go_round_is_nowhere_and_no_defect(actas: Program, tmp_path: Path) -> None:
    (tmp_path / "here").symlink_to(tmp_path / "there")
    (tmp_path / "there").symlink_to(tmp_path / "here")
    file = tmp_path / "actas.yaml"
    server = {"issuer": "http://127.0.0.1:8693", "data": "./here"}
    audit = {"checkpoint": {"also_to": [{"file": "here"}]}, "sinks": [{"name": "a", "file": "there/x"}]}
    file.write_text(json.dumps({"version": 1, "server": server, "audit": audit}), encoding="utf-8")
    ran = actas("check", "-c", str(file), "--dev")
    assert "Something went wrong" not in ran.err
    assert ran.code in (0, 3)
