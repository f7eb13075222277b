"""Health is honest: alive means that the process works, ready that it can issue now (REL-31)."""

from __future__ import annotations

import resource
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import apsw
import pytest
from tests.fakes.server import RealServer, patiently, until
from tests.fakes.wire import ask

SOON = 15.0
"""Seconds within which readiness follows what happens, also on a computer that is busy."""

UNLIMITED = resource.RLIM_INFINITY


@pytest.fixture(scope="module")
def shaken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """A server of this file's own: its storage is broken again and again."""
    with RealServer(tmp_path_factory.mktemp("shaken")) as server:
        yield server


@contextmanager
def no_space(server: RealServer) -> Generator[None]:
    """No file of the server can grow, as on a full disk."""
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (1, UNLIMITED))
    try:
        yield
    finally:
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (UNLIMITED, UNLIMITED))


@contextmanager
def locked(path: Path) -> Generator[None]:
    """Somebody else holds the write lock of a database and does not let go."""
    database = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        database.close(True)


@contextmanager
def moved(path: Path) -> Generator[None]:
    """A file or folder is not where it was."""
    away = path.with_name(f"{path.name}-away")
    path.rename(away)
    try:
        yield
    finally:
        away.rename(path)


AUDIT_BROKEN: dict[str, Callable[[RealServer], AbstractContextManager[None]]] = {
    "no space": no_space,
    "locked by somebody": lambda server: locked(server.audit / "s1.db"),
    "folder gone": lambda server: moved(server.audit),
    "file gone": lambda server: moved(server.audit / "s1.db"),
}


def problems(server: RealServer) -> dict[str, str]:
    """What the verbose answer says is wrong, by name."""
    found = server.manage("/readyz?verbose")
    checks = found.json["checks"]
    assert found.json["ready"] == (found.status == 200) == all(one["problem"] is None for one in checks)
    return {one["name"]: one["problem"] for one in checks if one["problem"] is not None}


def ready(server: RealServer) -> bool:
    return server.manage("/readyz").status == 200


@pytest.mark.requirement("REL-31")
def test_a_sound_server_is_alive_and_ready(server: RealServer) -> None:
    assert (server.manage("/livez").status, server.manage("/livez").body) == (200, b"ok\n")
    assert (server.manage("/readyz").status, server.manage("/readyz").body) == (200, b"ok\n")
    verbose = server.manage("/readyz?verbose").json
    assert (verbose["kind"], verbose["v"], verbose["ready"]) == ("actas/Ready", 1, True)
    assert [one["name"] for one in verbose["checks"]] == [
        "stop",
        "clock",
        "database",
        "signing key",
        "audit",
        "marks",
        "audit sinks",
    ]
    assert all(one["problem"] is None and one["ms"] >= 0 for one in verbose["checks"])


@pytest.mark.requirement("REL-31")
@pytest.mark.parametrize("fault", AUDIT_BROKEN, ids=lambda name: name.replace(" ", "-"))
def test_a_log_that_cannot_be_written_makes_it_unready_until_it_can(fault: str, shaken: RealServer) -> None:
    until(lambda: not problems(shaken).get("audit"), because="the log works")
    with AUDIT_BROKEN[fault](shaken):
        reply = shaken.post(shaken.company.own())
        assert (reply.status, reply.reason) == (503, "audit_unavailable")
        assert until(lambda: "audit" in problems(shaken)) < SOON
        assert not ready(shaken)
        assert shaken.manage("/livez").status == 200
        assert shaken.get("/jwks").status == 200
    assert until(lambda: "audit" not in problems(shaken), because="the log works again") < SOON
    assert shaken.post(shaken.company.own()).status == 200


@pytest.mark.requirement("REL-31")
def test_a_broken_log_is_noticed_without_any_request(shaken: RealServer) -> None:
    until(lambda: not problems(shaken).get("audit"), because="the log works")
    shaken.manage("/readyz")
    for _ in patiently(1.5):  # until everything that was asked before is settled
        pass
    with moved(shaken.audit):
        until(lambda: "audit" in problems(shaken), limit=SOON)


@pytest.mark.requirement("REL-31", "REL-19")
def test_marks_that_cannot_be_written_make_it_unready(shaken: RealServer) -> None:
    with locked(shaken.data / "marks.db"):
        reply = shaken.post(shaken.company.asserted())
        assert (reply.status, reply.reason) == (503, "storage_unavailable")
        assert reply.header("retry-after") == "1"
        assert problems(shaken).keys() == {"marks"}
        # Who needs no mark is served.
        assert shaken.post(shaken.company.own()).status == 200
    assert shaken.post(shaken.company.asserted()).status == 200
    assert problems(shaken) == {}


@pytest.mark.requirement("REL-31")
def test_marks_that_work_again_make_it_ready_by_itself(shaken: RealServer) -> None:
    """A server that is not ready gets no requests: what waits for one stays away for ever."""
    try:
        with locked(shaken.data / "marks.db"):
            assert shaken.post(shaken.company.asserted()).status == 503
        until(lambda: "marks" not in problems(shaken), limit=SOON)
    finally:
        shaken.post(shaken.company.asserted())


def test_the_management_listener_serves_health_and_metrics_and_nothing_else(server: RealServer) -> None:
    for target in ("/", "/token", "/jwks", "/errors", "/.well-known/oauth-authorization-server"):
        assert server.manage(target).status == 404
    for method in ("POST", "PUT", "DELETE"):
        assert server.manage("/livez", method).status == 405
    assert server.manage("/livez", "HEAD").body == b""


@pytest.mark.requirement("SEC-84")
def test_the_management_listener_redirects_nobody(server: RealServer) -> None:
    reply = ask(server.management, "GET", "/livez/", headers={"Host": "evil.example"})
    assert reply.status == 404
    assert reply.header("location") is None
