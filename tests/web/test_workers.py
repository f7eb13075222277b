"""Several processes on one pair of sockets."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from tests.fakes.server import RealServer, patiently, until

from actas.cli.exits import Exit
from actas.crypto import jose


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    with RealServer(tmp_path_factory.mktemp("workers"), workers=2) as server:
        wait_for_both(server)
        yield server
        assert "Traceback" not in server.said


def wait_for_both(server: RealServer) -> None:
    until(lambda: len(children(server)) == 2 and ask_both(server), limit=40)


def children(server: RealServer) -> set[int]:
    """The worker processes."""
    listed = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text(encoding="ascii").split()
    return {one for one in map(int, listed) if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()}


def ask_both(server: RealServer) -> bool:
    """Ask until each worker has answered."""
    names: set[str | None] = set()
    for _ in patiently(20, pause=0):
        reply = server.post(server.company.own())
        assert reply.status == 200, server.said
        names.add(reply.header("actas-entry"))
        if len(names) % 20 == 0:
            with contextlib.suppress(apsw.Error):  # a stream that is just being made
                if {event["stream"] for event in server.events() if event["id"] in names} == {"s1", "s2"}:
                    return True
    return False


@pytest.mark.requirement("REL-01", "SEC-88")
def test_each_worker_keeps_a_stream_of_its_own_and_signs_with_the_same_key(server: RealServer) -> None:
    assert ask_both(server)
    assert server.verdict().findings == ()
    kids = {jose.parse(server.token(server.company.own())).unverified_kid for _ in range(40)}
    assert kids == {key["kid"] for key in server.get("/jwks").json["keys"]}
    created = [event for event in server.events() if event["event"] == "keys:created"]
    assert len({event["purpose"] for event in created}) == len(created)


@pytest.mark.requirement("SEC-11")
def test_an_assertion_works_once_whichever_worker_sees_it(server: RealServer) -> None:
    for _ in range(20):
        form = server.company.asserted()
        assert sorted(server.post(form).status for _ in range(3)) == [200, 401, 401]


@pytest.mark.requirement("REL-03")
def test_a_worker_that_dies_is_replaced_and_its_stream_taken_up(server: RealServer) -> None:
    victim = min(children(server))
    os.kill(victim, signal.SIGKILL)
    until(lambda: len(children(server) - {victim}) == 2, limit=20)
    wait_for_both(server)
    assert any(event["event"] == "log:recovered" for event in server.events())
    assert server.verdict().findings == ()


@pytest.mark.requirement("REL-30")
def test_a_reload_reaches_every_worker(server: RealServer) -> None:
    nightly = server.company.named("clients", "nightly")
    for wanted in (401, 200):
        nightly["disabled"] = wanted == 401
        server.company.write()
        before = server.said.count("configuration reloaded")
        server.signal(signal.SIGHUP)
        until(lambda before=before: server.said.count("configuration reloaded") == before + 2)  # type: ignore[misc]
        assert {server.post(server.company.own()).status for _ in range(40)} == {wanted}


@pytest.mark.requirement("REL-25")
def test_all_workers_stop_when_their_parent_is_told_to(tmp_path: Path) -> None:
    with RealServer(tmp_path, workers=2) as server:
        wait_for_both(server)
        workers = children(server)
        assert server.stop() == 0
        assert not any(is_running(one) for one in workers)
        closed = {event["stream"] for event in server.events() if event["event"] == "log:closed"}
        assert closed == {"s1", "s2"}
        assert server.verdict().findings == ()


def test_workers_do_not_outlive_their_parent(tmp_path: Path) -> None:
    """Else nobody answers for them, and whoever starts the server again finds the address taken."""
    with RealServer(tmp_path, workers=2) as server:
        wait_for_both(server)
        workers = children(server)
        os.kill(server.pid, signal.SIGKILL)
        until(lambda: not any(is_running(one) for one in workers))


def is_running(pid: int) -> bool:
    """Whether a process is there and not only waits to be collected."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.requirement("REL-30")
def test_a_worker_that_cannot_start_says_why_in_one_line_and_ends_the_whole(tmp_path: Path) -> None:
    server = RealServer(tmp_path, workers=2)
    try:
        with server:
            pass
        (server.data / "envelope.key").unlink()
        server.launch()
        assert server.wait(60) == Exit.CONFIGURATION
        said = server.said
        lines = [one for one in said.splitlines() if "the worker cannot serve" in one]
        assert len(lines) <= 2
        told = json.loads(lines[0])
        assert told["detail"] == f"there is no envelope key at {server.data / 'envelope.key'}"
        assert "restore it from its backup" in told["hint"]
        assert "Traceback" not in said
    finally:
        server.close()


def test_a_worker_that_cannot_begin_is_waited_for_while_another_serves(tmp_path: Path) -> None:
    with RealServer(tmp_path, workers=2) as server:
        wait_for_both(server)
        key = server.data / "envelope.key"
        kept = key.rename(tmp_path / "kept.key")
        os.kill(min(children(server)), signal.SIGKILL)
        until(lambda: "the worker cannot serve" in server.said, limit=40)
        assert server.post(server.company.own()).status == 200
        kept.rename(key)
        wait_for_both(server)
        assert server.alive


def test_workers_that_keep_dying_end_the_whole(tmp_path: Path) -> None:
    with RealServer(tmp_path, workers=2) as server:
        wait_for_both(server)
        (server.data / "envelope.key").unlink()
        for _ in patiently(90):
            if not server.alive:
                break
            with contextlib.suppress(ProcessLookupError, FileNotFoundError):
                for one in children(server):
                    os.kill(one, signal.SIGKILL)
        assert server.wait(60) == Exit.UNFINISHED
        assert "the workers did not all end well" in server.said
