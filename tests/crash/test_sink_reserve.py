"""A sink that takes nothing: an alarm at half of its reserve, no tokens at all of it, and nothing lost (REL-04)."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.fakes.program import Program
from tests.fakes.server import RealServer, patiently, until
from tests.fakes.sinks import entries_of, require_in_order
from tests.fakes.webhook import Webhook

from actas.store.follower import BOUND

HOUR = 3600


@pytest.fixture
def receiver() -> Iterator[Webhook]:
    with Webhook() as running:
        yield running


def fails_since(server: RealServer, seconds: float) -> None:
    """Let it look as if deliveries had begun to fail that long ago, once it is known that they fail."""

    def changed() -> bool:
        since = (int(time.time() - seconds),)
        with closing(sqlite3.connect(server.data / "actas.db", timeout=10)) as database, database:
            change = "UPDATE audit_sinks SET trouble_since = ? WHERE trouble_since > 0"
            return database.execute(change, since).rowcount == 1

    until(changed, because="it is known that deliveries fail")


@pytest.mark.requirement("REL-04", "REL-31")
@pytest.mark.timeout(180)
def test_an_alarm_at_half_a_stop_at_full_and_everything_is_there_afterwards(
    tmp_path: Path, receiver: Webhook
) -> None:
    receiver.answer = lambda _: (503, {})
    sink = {"name": "siem", "webhook": receiver.url, "secret": {"env": "SIEM_SECRET"}}
    server = RealServer(tmp_path / "node", changes={"audit": {"sinks": [sink]}})
    server.company.environ["SIEM_SECRET"] = receiver.secret
    with server:
        assert server.post(server.company.own()).status == 200
        until(lambda: receiver.tried, because="it is tried")
        until(lambda: "a delivery failed" in server.said, because="it failed")
        fails_since(server, 13 * HOUR)
        until(lambda: "half of a sink's reserve is used" in server.said, because="the alarm is raised")
        assert server.post(server.company.own()).status == 200
        shown = json.loads(server.manage("/readyz?verbose").body)
        assert shown["ready"]
        assert any("the sink siem took nothing for 780 min" in one for one in shown["warnings"])

        fails_since(server, 25 * HOUR)
        until(lambda: server.post(server.company.own()).status == 503, because="it stops issuing")
        refused = server.post(server.company.own())
        assert refused.json["error"] == "temporarily_unavailable"
        assert refused.header("retry-after") == "30"
        assert server.manage("/readyz").status == 503
        assert b"the sink siem took nothing for" in server.manage("/readyz").body
        assert server.get("/jwks").status == 200
        assert server.events()[-1]["reason"] == "audit_unavailable"
        assert b'actas_audit_sink_reserve_used_ratio{sink="siem"} 1.0' in server.manage("/metrics").body

        receiver.answer = lambda _: (200, {})
        program = Program(tmp_path / "home")
        resume = ("audit", "sinks", "resume", "siem", "--reason", "mended")
        assert program(*resume, "-c", str(server.company.file), "--dev").code == 0
        until(lambda: server.post(server.company.own()).status == 200, because="service resumes by itself")
        until(
            lambda: set(server.lines()) <= {line.rstrip(b"\n") for line in receiver.lines()},
            limit=30.0,
            because="everything is there",
        )
        require_in_order(entries_of(receiver.lines()))


@pytest.mark.requirement("REL-04")
@pytest.mark.timeout(120)
def test_a_sink_that_is_not_required_stops_nobody(tmp_path: Path, receiver: Webhook) -> None:
    receiver.answer = lambda _: (503, {})
    sink = {"name": "siem", "webhook": receiver.url, "secret": {"env": "SIEM_SECRET"}, "required": False}
    server = RealServer(tmp_path / "node", changes={"audit": {"sinks": [sink]}})
    server.company.environ["SIEM_SECRET"] = receiver.secret
    with server:
        fails_since(server, 99 * HOUR)
        # Longer than a node may go without looking.
        assert {server.post(server.company.own()).status for _ in patiently(BOUND, pause=0.2)} == {200}
