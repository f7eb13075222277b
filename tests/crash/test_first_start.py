"""The very first start: keys are made once, kept from others, and never made anew beside what they sealed."""

from __future__ import annotations

import os
import secrets
import socket
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.fakes.server import RealServer

MADE = ("envelope.key", "actas.db", "audit/s1.db", "marks.db")
"""What a first start makes, in this order."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RealServer]:
    """A server that was never started."""
    server = RealServer(tmp_path)
    yield server
    server.close()


def kids(server: RealServer) -> set[str]:
    return {key["kid"] for key in server.get("/jwks").json["keys"]}


@pytest.mark.requirement("SEC-92")
def test_the_first_start_makes_what_is_missing_for_its_owner_alone(server: RealServer) -> None:
    with server:
        assert server.post(server.company.own()).status == 200
        made = [path for path in server.data.rglob("*") if path.is_file()]
        assert {"actas.db", "marks.db", "envelope.key", "s1.db"} <= {path.name for path in made}
        for path in (server.data, server.audit, *made):
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
        created = [event for event in server.events() if event["event"] == "keys:created"]
        assert {event["purpose"] for event in created} == {"token", "audit"}
        assert {event["kid"] for event in created if event["purpose"] == "token"} == kids(server)


def test_a_second_start_makes_nothing_new(server: RealServer) -> None:
    with server:
        token, before = server.token(server.company.for_alice()), kids(server)
        secret = (server.data / "envelope.key").read_bytes()
        server.restart()
        assert kids(server) == before
        assert (server.data / "envelope.key").read_bytes() == secret
        form = server.company.exchange("orders", token, audience="inventory", scope="stock:read")
        assert server.post(form).status == 200
        created = [event for event in server.events() if event["event"] == "keys:created"]
        assert len(created) == 2


@pytest.mark.requirement("REL-27")
def test_two_servers_that_start_at_once_on_one_folder_agree_on_one_key(server: RealServer) -> None:
    other = server.twin()
    try:
        for one in (server, other):
            one.company.write()
        for one in (server, other):
            one.launch()
        for one in (server, other):
            one.wait_until_ready()
        assert kids(server) == kids(other)
        assert len(kids(server)) == 1
        # What one issued, the other knows; and what one has seen, the other has.
        token = server.token(server.company.for_alice())
        form = other.company.exchange("orders", token, audience="inventory", scope="stock:read")
        assert other.post(form).status == 200
        asserted = server.company.asserted()
        assert (server.post(asserted).status, other.post(asserted).status) == (200, 401)
        assert {event["stream"] for event in server.events()} == {"s1", "s2"}
        assert (server.stop(), other.stop()) == (0, 0)
        created = [event for event in server.events() if event["event"] == "keys:created"]
        assert len({event["kid"] for event in created}) == 2
        assert server.verdict().findings == ()
    finally:
        other.close()


@pytest.mark.requirement("REL-03", "REL-27")
def test_a_first_start_that_is_killed_anywhere_is_finished_by_the_next(tmp_path: Path) -> None:
    server = RealServer(tmp_path)
    try:
        server.company.write()
        # The later the kill, the more is there; the last ones come when it is ready.
        for step in range(len(MADE)):
            server.launch()
            until_there(server, step)
            server.kill9()
        server.start()
        assert server.post(server.company.own()).status == 200
        assert len(kids(server)) == 1
        assert server.stop() == 0
        assert server.verdict().findings == ()
        assert not list(server.data.glob(".*"))
    finally:
        server.close()


def until_there(server: RealServer, step: int) -> None:
    """Wait until a first start has come so far, however short the moment is."""
    deadline = time.monotonic() + 30
    while not (server.data / MADE[step]).exists() and time.monotonic() < deadline:
        time.sleep(0.0005)


def _leave_out(_key: Path) -> None:
    """Make nothing."""


def _make(text: str, mode: int = 0o600) -> Callable[[Path], None]:
    def make(key: Path) -> None:
        _write(key, text)
        key.chmod(mode)

    return make


@pytest.mark.requirement("SEC-92", "REL-30")
def test_a_wrong_or_open_envelope_key_is_told_clearly_and_nothing_is_made_anew(server: RealServer) -> None:
    key = server.data / "envelope.key"
    with server:
        before = kids(server)
        assert server.stop() == 0
        kept, database = key.read_text(), (server.data / "actas.db").read_bytes()
        faults: dict[str, tuple[Callable[[Path], None], str]] = {
            "readable by its group": (_make(kept, 0o640), "chmod 600"),
            "another": (_make(secrets.token_urlsafe(32)), "envelope"),
            "gone": (_leave_out, "no envelope key"),
            "a link to nowhere": (lambda place: place.symlink_to("nothing-there"), "envelope.key"),
        }
        for name, (make, wanted) in faults.items():
            key.unlink()
            make(key)
            code, said = server.refuse()
            assert code == 3, (name, said)
            assert wanted in said, name
            assert "Traceback" not in said, name
            assert kept.strip() not in said, name
            assert (server.data / "actas.db").read_bytes() == database
            key.unlink(missing_ok=True)
            _write(key, kept)
        server.start()
        assert kids(server) == before


@pytest.mark.requirement("SEC-92")
def test_the_envelope_key_may_come_from_the_environment_and_is_never_written(server: RealServer) -> None:
    secret = secrets.token_urlsafe(32)
    server.company.environ["THE_ENVELOPE"] = secret
    server.company.tree["keys"] = {"envelope": {"env": "THE_ENVELOPE"}}
    with server:
        assert server.post(server.company.own()).status == 200
        assert not (server.data / "envelope.key").exists()
        server.restart()
        assert server.post(server.company.own()).status == 200
        assert server.stop() == 0
        assert not [path for path in server.data.rglob("*") if path.is_file() and secret in _text(path)]
        server.company.environ["THE_ENVELOPE"] = secrets.token_urlsafe(32)
        code, said = server.refuse()
        assert code == 3
        assert "envelope" in said
        assert server.company.environ["THE_ENVELOPE"] not in said


@pytest.mark.requirement("REL-30")
def test_an_address_that_is_taken_is_told_clearly(server: RealServer) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", server.port))
        taken.listen()
        code, said = server.refuse()
    assert code == 4
    assert f"127.0.0.1:{server.port}" in said
    assert "Traceback" not in said
    assert not server.data.exists()


@pytest.mark.requirement("REL-30")
def test_a_configuration_that_does_not_hold_starts_nothing(server: RealServer) -> None:
    server.company.tree["surver"] = {}
    server.company.named("clients", "nightly")["auth"]["secret"] = {"env": "NOBODY_SET_THIS"}
    code, said = server.refuse()
    assert code == 3
    assert "surver" in said
    assert "server" in said.replace("surver", "")
    assert "NOBODY_SET_THIS" in said
    assert not server.data.exists()


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)


def _text(path: Path) -> str:
    return path.read_bytes().decode("latin-1")
