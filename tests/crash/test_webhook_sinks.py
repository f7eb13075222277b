"""A webhook gets everything, in order, whatever it answers and however the process dies that sends.

``ACTAS_SOAK=1`` kills more often.
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from tests.fakes.listening import Reply
from tests.fakes.program import Program
from tests.fakes.server import RealServer, patiently, until
from tests.fakes.sinks import delivers, entries_of, require_in_order
from tests.fakes.webhook import Delivery, Webhook

KILLS: Final = 4 if os.environ.get("ACTAS_SOAK") == "1" else 2
"""By two it is seen that what came again can come again, and that one node goes on from the other and back."""


@pytest.fixture
def actas(tmp_path: Path) -> Program:
    """The program, with a home of its own."""
    return Program(tmp_path / "home")


@pytest.fixture
def receiver() -> Iterator[Webhook]:
    with Webhook() as running:
        yield running


@pytest.fixture(params=["files", "postgresql"])
def database(request: pytest.FixtureRequest) -> str | None:
    """Where the log is, and what is known of the sinks: in files, or in a database that nodes share."""
    return None if request.param == "files" else str(request.getfixturevalue("postgres"))


def sinking(folder: Path, receiver: Webhook, *, database: str | None = None, **more: Any) -> RealServer:
    sink = {"name": "siem", "webhook": receiver.url, "secret": {"env": "SIEM_SECRET"}, **more}
    server = RealServer(folder / "node", database=database, changes={"audit": {"sinks": [sink]}})
    server.company.environ["SIEM_SECRET"] = receiver.secret
    return server


def ask(server: RealServer, times: int = 1) -> None:
    for _ in range(times):
        assert server.post(server.company.own()).status == 200


def require_all(server: RealServer, receiver: Webhook) -> None:
    """Wait until every entry of the log was taken, and see that they came in order and genuine."""
    until(
        lambda: set(server.lines()) <= {line.rstrip(b"\n") for line in receiver.lines()},
        limit=90.0,
        because="everything is there",
    )
    require_in_order(entries_of(receiver.lines()))
    assert receiver.forged == []


@pytest.mark.requirement("REL-04", "REL-22")
@pytest.mark.timeout(180)
def test_what_was_delivered_when_the_process_died_comes_again_as_the_same(
    tmp_path: Path, receiver: Webhook
) -> None:
    server = sinking(tmp_path, receiver, batch=10)
    killed: list[Delivery] = []
    kill = threading.Event()

    def answer(delivery: Delivery) -> Reply:
        if kill.is_set():
            kill.clear()
            killed.append(delivery)
            os.killpg(server.pid, signal.SIGKILL)
        return 200, {}

    receiver.answer = answer
    with server:
        for _ in range(KILLS):
            ask(server, 3)
            kill.set()
            until(lambda: not server.alive, because="it was killed")
            server.kill9()  # nothing is left of it
            server.start()
        require_all(server, receiver)
        assert len(killed) == KILLS
        names = [one.id for one in killed]

        def came_again() -> bool:
            tried = [one.id for one in receiver.tried]
            return all(tried.count(name) >= 2 for name in names)

        until(came_again, limit=30.0, because="what died came again")
        for one in killed:
            assert {other.body for other in receiver.tried if other.id == one.id} == {one.body}


@pytest.mark.requirement("REL-04")
@pytest.mark.timeout(180)
def test_a_receiver_that_fails_in_every_way_gets_everything_and_holds_nobody_up(
    tmp_path: Path, receiver: Webhook
) -> None:
    ways: list[Reply] = [(500, {}), None, (429, {"Retry-After": "2"}), (503, {"Retry-After": "soon"})]
    asked_at: list[float] = []

    def answer(_: Delivery) -> Reply:
        asked_at.append(time.monotonic())
        if len(asked_at) > len(ways):
            time.sleep(0.3)  # slow
            return 204, {}
        return ways[len(asked_at) - 1]

    receiver.answer = answer
    with sinking(tmp_path, receiver, batch=5) as server:
        slowest = 0.0
        while len(asked_at) <= len(ways):
            began = time.monotonic()
            ask(server)
            slowest = max(slowest, time.monotonic() - began)
            time.sleep(0.05)
        print(f"the slowest answer took {slowest:.2f} s")
        require_all(server, receiver)
        assert len({one.id for one in receiver.tried[: len(ways) + 1]}) == 1
        assert asked_at[3] - asked_at[2] >= 2.0
        # The last that a server does is to deliver that it ended.
        assert server.stop() == 0
    assert b"log:closed" in receiver.lines()[-2] + receiver.lines()[-1]


@pytest.mark.requirement("REL-04", "SEC-89")
@pytest.mark.timeout(180)
def test_what_a_receiver_will_not_have_stops_it_until_an_operator_passes_it_over(
    tmp_path: Path, receiver: Webhook, actas: Program
) -> None:
    receiver.answer = lambda delivery: (422 if b'"event":"keys:created"' in delivery.body else 204, {})
    with sinking(tmp_path, receiver) as server:

        def sinks(*words: str) -> Any:
            return actas("audit", "sinks", *words, "-c", str(server.company.file), "--dev")

        def standing() -> dict[str, Any]:
            found: dict[str, Any] = sinks("list", "--json").document["items"][0]
            return found

        def stopped_at() -> int:
            refused = standing()["refused"]
            return refused["from"] if refused else 0

        passed: list[int] = []
        for _ in range(2):  # one key signs tokens, one seals the log
            until(lambda: stopped_at() not in (0, *passed), limit=30.0, because="it stopped")
            refused = standing()["refused"]
            assert refused["from"] == refused["to"]
            assert "422" in refused["why"]
            assert standing()["state"] == "stopped"
            before = len(receiver.taken)
            ask(server, 2)
            time.sleep(1.5)
            assert len(receiver.taken) == before
            assert b'actas_audit_sink_stopped{sink="siem"} 1.0' in server.manage("/metrics").body
            assert sinks("skip", "siem", "--reason", "ticket 4711").code == 2
            assert sinks("skip", "siem", "--reason", "ticket 4711", "--yes").code == 0
            passed.append(refused["from"])
        until(lambda: standing()["state"] == "up to date", limit=30.0, because="all is there")
        has = entries_of(receiver.lines())
        events = [one["event"] for one in server.events()]
        assert len(has) == len(events) - 2
        assert [one["why"] for one in has if one["event"] == "sinks:skipped"] == ["ticket 4711"] * 2
        assert sum(one["event"] == "sinks:stopped" for one in has) == 2


@pytest.mark.requirement("REL-04", "REL-25")
@pytest.mark.timeout(120)
def test_a_receiver_that_hangs_does_not_keep_a_server_from_stopping(
    tmp_path: Path, receiver: Webhook
) -> None:
    let_go = threading.Event()

    def hang(_: Delivery) -> Reply:
        let_go.wait(60)
        return None

    receiver.answer = hang
    try:
        with sinking(tmp_path, receiver) as server:
            ask(server, 3)
            until(lambda: receiver.tried, because="it is asked")
            ask(server, 3)
            assert server.stop() == 0
            assert "Traceback" not in server.said
            let_go.set()
            receiver.answer = lambda _: (200, {})
            server.start()
            require_all(server, receiver)
    finally:
        let_go.set()


@pytest.mark.requirement("REL-04", "REL-22")
@pytest.mark.timeout(240)
def test_of_two_nodes_one_delivers_whichever_is_killed(
    tmp_path: Path, receiver: Webhook, database: str | None
) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    receiver.answer = lambda _: (chance.choice([200, 200, 200, 500]), {})
    server = sinking(tmp_path, receiver, database=database, batch=7)
    other = server.twin()
    nodes = [server, other]
    try:
        for one in nodes:
            one.company.write()
            one.start()
        for _ in range(KILLS):
            for _ in patiently(chance.uniform(0.3, 1.0)):
                ask(nodes[chance.randrange(2)])
            until(lambda: any(delivers(one) for one in nodes), limit=30.0, because="one delivers")
            killed = next(one for one in nodes if delivers(one))
            killed.kill9()
            left = next(one for one in nodes if one is not killed)
            for passed in patiently(30.0, pause=0.1):
                ask(left)
                if delivers(left):
                    print(f"another took over after {passed:.1f} s")
                    break
            assert delivers(left)
            killed.start()
        receiver.answer = lambda _: (200, {})
        require_all(server, receiver)
        assert receiver.most_at_once == 1
    finally:
        for one in nodes:
            one.close()


@pytest.mark.requirement("SEC-34", "SEC-87")
@pytest.mark.timeout(120)
def test_a_private_address_is_not_reached_and_no_secret_is_told(tmp_path: Path, receiver: Webhook) -> None:
    with sinking(tmp_path, receiver, webhook="https://10.255.255.1/in") as server:
        until(lambda: "a delivery failed and is tried again" in server.said, because="it is said")
        assert "10.255.255.1, a private address; only public addresses are connected to" in server.said
        assert receiver.secret not in server.said
        assert receiver.secret.removeprefix("whsec_") not in server.said
    assert receiver.tried == []
