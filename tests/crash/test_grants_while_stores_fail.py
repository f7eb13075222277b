"""Stores fail while grants are given and redeemed: nothing is given, nothing is guessed, no grant is lost (REL-19).

The faults are real ones: a lock that somebody else holds, a file that is taken away or is no database any more,
a PostgreSQL that stops. What a store does not say is never read as "not used yet", "not revoked" or "allowed".
"""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any, Final

import apsw
import pytest
from tests.fakes.between import Between
from tests.fakes.between_domains import (
    FROM_CORP,
    TO_TICKETS,
    a_grant,
    both_sides,
    granted,
    redeemed,
    signed_in,
)
from tests.fakes.server import RealServer, until
from tests.fakes.wire import Reply

BOUND: Final = 5.0
"""Seconds for which a node may rely on what it read."""

PATIENCE: Final = BOUND + 10.0
"""The same on a computer that is busy."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RealServer]:
    """Both sides on SQLite; people of the other domain are known by having been here before."""
    server = both_sides(tmp_path)
    people = {"match": "subject", "unknown": "create"}
    server.company.tree["connections"] = [TO_TICKETS, {**FROM_CORP, "people": people}]
    with server:
        yield server


def refuses(reply: Reply) -> None:
    """It is the server that cannot, and nothing is given."""
    assert reply.status in (500, 503), reply
    assert reply.json["error"] in ("temporarily_unavailable", "server_error")
    assert "access_token" not in reply.json


def given(server: RealServer) -> list[str]:
    """The entries of what was given by either leg."""
    kinds = ("redemption", "cross_app")
    return [
        one["id"] for one in server.events() if one.get("outcome") == "granted" and one.get("kind") in kinds
    ]


@contextmanager
def marks_locked(server: RealServer) -> Iterator[None]:
    with closing(apsw.Connection(str(server.data / "marks.db"))) as held:
        held.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def marks_gone(server: RealServer) -> Iterator[None]:
    file, aside = server.data / "marks.db", server.data / "aside.db"
    file.rename(aside)
    yield
    aside.rename(file)


@contextmanager
def main_locked(server: RealServer) -> Iterator[None]:
    with closing(sqlite3.connect(server.data / "actas.db", timeout=20, isolation_level=None)) as held:
        held.execute("BEGIN EXCLUSIVE")
        yield


@contextmanager
def main_corrupt(server: RealServer) -> Iterator[None]:
    """The first page is no page of a database any more."""
    file = os.open(server.data / "actas.db", os.O_RDWR)
    server.signal(signal.SIGSTOP)  # it is in no transaction of its own that this would tear
    try:
        with closing(sqlite3.connect(server.data / "actas.db", timeout=20, isolation_level=None)) as held:
            held.execute("BEGIN EXCLUSIVE")
            page = os.pread(file, 4096, 0)
        os.pwrite(file, b"\x5a" * 4096, 0)
        server.signal(signal.SIGCONT)
        yield
        server.signal(signal.SIGSTOP)
        os.pwrite(file, page, 0)
    finally:
        server.signal(signal.SIGCONT)
        os.close(file)


Fault = Callable[[RealServer], AbstractContextManager[None]]

REDEEMING: Final[dict[str, Fault]] = {
    "marks are locked": marks_locked,
    "marks are gone": marks_gone,
    "known people are locked": main_locked,
    "known people are corrupt": main_corrupt,
}


@pytest.mark.requirement("REL-19", "SEC-60")
@pytest.mark.parametrize("name", REDEEMING)
def test_a_grant_is_not_redeemed_while_nobody_knows_and_is_not_lost(name: str, server: RealServer) -> None:
    used, fresh = a_grant(server), a_grant(server)
    assert redeemed(server, used).status == 200
    before = given(server)
    with REDEEMING[name](server):
        for _ in range(3):
            refuses(redeemed(server, fresh))
            refuses(redeemed(server, used))  # it is not even said that it was used: nobody knows
        assert server.alive
        # What goes wrong with the store is in the log, and not for the caller.
        last = [one for one in server.events() if one.get("outcome") == "refused"][-1]
        assert last["reason"] == "storage_unavailable"
        assert last["detail"]
    until(lambda: redeemed(server, fresh).status == 200, limit=PATIENCE)
    assert redeemed(server, fresh).status == 400
    assert redeemed(server, used).status == 400
    assert len(given(server)) == len(before) + 1


@pytest.mark.requirement("REL-19", "REL-21", "SEC-55")
@pytest.mark.parametrize("fault", [main_locked, main_corrupt])
def test_no_grant_is_given_once_it_is_not_known_any_more_what_is_revoked_and_allowed(
    fault: Fault, server: RealServer
) -> None:
    token = signed_in(server)
    assert granted(server, token).status == 200
    with fault(server):
        until(lambda: granted(server, token).status == 503, limit=PATIENCE)
        before = given(server)
        for _ in range(5):
            refuses(granted(server, token))
        assert given(server) == before
        assert server.get("/jwks").header("cache-control") == "no-store"
    until(lambda: granted(server, token).status == 200, limit=PATIENCE)


@pytest.mark.requirement("REL-19", "REL-28", "SEC-60")
def test_marks_that_are_no_database_any_more_start_no_server(server: RealServer) -> None:
    grant = a_grant(server)
    assert redeemed(server, grant).status == 200
    assert server.stop() == 0
    (server.data / "marks.db").write_bytes(b"no database " * 1000)
    for beside in ("marks.db-wal", "marks.db-shm"):
        (server.data / beside).unlink(missing_ok=True)
    code, said = server.refuse()
    assert code != 0
    assert "marks" in said
    assert "Traceback" not in said


@pytest.fixture
def wire(postgres: str) -> Iterator[Between]:
    with Between(postgres) as between:
        yield between


@pytest.mark.requirement("REL-19", "REL-20", "SEC-60")
@pytest.mark.parametrize("fault", ["cut", "stalled"])
def test_neither_leg_works_without_the_database_and_both_return_with_it(
    fault: str, tmp_path: Path, wire: Between
) -> None:
    with both_sides(tmp_path, database=wire.url) as server:
        token, used, fresh = signed_in(server), a_grant(server), a_grant(server)
        assert redeemed(server, used).status == 200
        with wire.cut() if fault == "cut" else wire.stalled():
            for _ in range(2):
                refuses(redeemed(server, fresh))
                refuses(redeemed(server, used))
            until(lambda: granted(server, token).status == 503, limit=PATIENCE)
            refuses(granted(server, token))
        # Whoever asks while the database returns may use a grant up that nobody could write down yet.
        until(lambda: redeemed(server, a_grant(server)).status == 200, limit=PATIENCE)
        before = len(given(server))
        came = redeemed(server, fresh).status
        # What was on its way in a stalled wire arrives: then it is used, and no token came of it.
        assert came == 200 if fault == "cut" else came in (200, 400)
        assert redeemed(server, fresh).status == 400
        assert redeemed(server, used).status == 400
        assert len(given(server)) - before == (came == 200)
        until(lambda: granted(server, token).status == 200, limit=PATIENCE)


@pytest.mark.requirement("REL-19", "REL-20", "SEC-60")
def test_a_grant_whose_use_was_kept_and_not_answered_gives_no_token_later(
    tmp_path: Path, wire: Between
) -> None:
    with both_sides(tmp_path, database=wire.url) as server:
        grant = a_grant(server)
        with wire.deaf():
            refuses(redeemed(server, grant))
        statuses: list[Any] = []

        def settled() -> bool:
            statuses.append(redeemed(server, grant).status)
            return statuses[-1] in (200, 400)

        until(settled, limit=PATIENCE)
        # Whichever it was, from now on it is used, and the entry of a token is there for each that left.
        assert redeemed(server, grant).status == 400
        assert len(given(server)) == statuses.count(200)
