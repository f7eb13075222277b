"""Whatever breaks next: faults in no order, while callers ask, and the house finds its way back by itself.

Each round breaks one thing or two at once; nobody is told, and nothing is restarted that did not end. Then
both nodes must be ready, issue, and hear of each other's revocations. What was answered must be in the log.

``ACTAS_SOAK=1`` makes the run long, and of a seed of its own each time; ``ACTAS_SEED`` repeats one.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from bench.soak import Plan, Soak, soaking
from bench.soak_load import GRANTED
from tests.fakes.server import SPREAD, RealServer, until
from tests.fakes.wire import FORM, Reply, ask, encoded

SOAK: Final = os.environ.get("ACTAS_SOAK") == "1"
SEED: Final = int(os.environ.get("ACTAS_SEED") or (time.time_ns() % 100_000 if SOAK else 20))
ROUNDS: Final = 100 if SOAK else 3

RATE: Final = 30.0
"""Requests a second: the computer is busy with other tests too."""


class Disorder:
    """The faults, of which each does its worst and returns."""

    def __init__(self, soak: Soak, chance: random.Random) -> None:
        self._nodes, self._database, self._chance = soak.cluster.nodes, soak.database, chance
        self.faults: list[Callable[[], None]] = [
            self.database_restarts,
            self.database_crashes,
            self.database_is_away,
            self.database_stalls,
            self.a_session_crashes,
            self.sessions_end,
            self.a_node_is_killed,
            self.a_node_restarts,
            self.the_configuration_is_read_again,
        ]

    def database_restarts(self) -> None:
        self._database.restart()

    def database_crashes(self) -> None:
        self._database.restart(mode="immediate")

    def database_is_away(self) -> None:
        with self._database.away():
            time.sleep(self._chance.choice([0.3, 2.0, 4.0]))

    def database_stalls(self) -> None:
        with self._database.stalled():
            time.sleep(self._chance.choice([0.5, 1.5, 4.0]))

    def a_session_crashes(self) -> None:
        """Kill one: PostgreSQL ends all the others then, and recovers."""
        self._database.signal(self._chance.choice(self._database.sessions()), signal.SIGKILL)

    def sessions_end(self) -> None:
        """End some, as an administrator does."""
        for one in self._database.sessions():
            if self._chance.random() < 0.6:
                self._database.signal(one, signal.SIGTERM)

    def a_node_is_killed(self) -> None:
        node = self._chance.choice(self._nodes)
        node.kill9()
        time.sleep(self._chance.random())
        node.launch()

    def a_node_restarts(self) -> None:
        node = self._chance.choice(self._nodes)
        assert node.stop() == 0, node.said
        node.launch()

    def the_configuration_is_read_again(self) -> None:
        for node in self._nodes:
            node.signal(signal.SIGHUP)


def back(node: RealServer) -> None:
    """Wait until a node issues. One that was started while there was no database ended, and is started again.

    It may end while it is waited for: the database takes a while to refuse it.
    """
    if not comes_up(node):
        assert "cannot be" in node.said, node.said
        node.kill9()
        node.launch()
        node.wait_until_ready()


def comes_up(node: RealServer) -> bool:
    """Wait until a node issues, or has ended; return whether it issues."""
    try:
        node.wait_until_ready()
    except AssertionError:
        if node.alive:
            raise
        return False
    return True


def post(node: RealServer, path: str, **form: Any) -> Reply:
    fields = {"client_id": "assistant", "client_secret": node.company.secrets["assistant"], **form}
    return ask(
        node.port,
        "POST",
        path,
        headers={"Content-Type": FORM, "X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"},
        body=encoded(fields),
    )


def hears_of_a_revocation(first: RealServer, second: RealServer) -> None:
    """Issue and revoke on one node, and see the other say so."""
    answer = post(first, "/token", **first.company.for_alice())
    assert answer.status == 200, answer
    token = answer.json["access_token"]

    def active() -> bool:
        return bool(post(second, "/introspect", token=token).json["active"])

    assert active()
    assert post(first, "/revoke", token=token).status == 200
    until(lambda: not active(), limit=SPREAD)


async def disorder(folder: Path, chance: random.Random) -> Soak:
    """Break things until it is over, and return what was seen."""
    async with soaking(Plan(seconds=60.0, rate=RATE), folder) as soak:
        faults, nodes = Disorder(soak, chance).faults, soak.cluster.nodes
        soak.load.begin()
        stop = asyncio.Event()
        asking = asyncio.create_task(soak.load.ask(stop=stop, rate=RATE))
        try:
            for number in range(ROUNDS):
                await asyncio.sleep(chance.random())
                for fault in chance.sample(faults, chance.choice([1, 2])):
                    print(f"{number:4}  {fault.__name__}", flush=True)
                    await asyncio.to_thread(fault)
                for node in nodes:
                    await asyncio.to_thread(back, node)
                await asyncio.to_thread(hears_of_a_revocation, *nodes)
                await asyncio.to_thread(hears_of_a_revocation, *reversed(nodes))
        finally:
            stop.set()
            await asking
        await soak.compare()
        await asyncio.to_thread(soak.cluster.stop)
        for node in nodes:
            assert (await asyncio.to_thread(node.verdict)).findings == ()
        return soak


@pytest.mark.requirement("REL-01", "REL-02", "REL-20", "REL-21")
@pytest.mark.timeout(3600 if SOAK else 300)
def test_whatever_breaks_the_house_finds_its_way_back(tmp_path: Path) -> None:
    print(f"ACTAS_SEED={SEED}")
    soak = asyncio.run(disorder(tmp_path, random.Random(SEED)))
    assert soak.load.total()[GRANTED] > ROUNDS
    assert soak.compared == soak.load.total()[GRANTED]
    assert soak.unrecorded == []
    assert soak.load.doubled == []
    for node in soak.cluster.nodes:
        assert "Traceback" not in node.said
