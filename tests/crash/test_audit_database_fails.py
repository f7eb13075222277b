"""A log in PostgreSQL, and the database fails under load: nothing is issued without its record (REL-01, REL-02).

What asks here needs nothing of the database but the log: clients with a secret, who speak for themselves. The
wire is cut, or swallows everything, or swallows the answers alone, which is the worst: then entries are
committed that nobody hears of. And the server of the database is killed as by a power cut.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

import pytest
from tests.fakes.between import Between
from tests.fakes.load import Load, press
from tests.fakes.server import RealServer, until
from tests.fakes.standby import Pair
from tests.fakes.storage_fault import LONGEST, nothing_is_lost, press_through

FAULTS: Final[dict[str, Callable[[Between], AbstractContextManager[None]]]] = {
    "cut": Between.cut,
    "stalled": Between.stalled,
    "deaf": Between.deaf,
}


@pytest.fixture
def wire(postgres: str) -> Iterator[Between]:
    with Between(postgres) as between:
        yield between


@pytest.mark.requirement("REL-02", "REL-01", "REL-31")
@pytest.mark.parametrize("fault", FAULTS)
def test_while_the_log_cannot_be_written_nothing_is_issued(tmp_path: Path, wire: Between, fault: str) -> None:
    load = Load()
    with RealServer(tmp_path, database=wire.url) as server:
        began = server.pid
        asyncio.run(press_through(server, load, lambda _: FAULTS[fault](wire)))
        assert load.slowest < LONGEST
        assert load.statuses().keys() == {200, 503}
        assert load.broken == {}
        assert server.pid == began
        assert server.stop() == 0
        nothing_is_lost(server, load)
        assert {event["stream"] for event in server.events()} == {"s1"}


@pytest.mark.requirement("REL-02", "REL-25")
@pytest.mark.parametrize("fault", FAULTS)
def test_a_stop_signal_works_while_the_log_cannot_be_written(
    tmp_path: Path, wire: Between, fault: str
) -> None:
    with RealServer(tmp_path, database=wire.url) as server:
        reply = server.post(server.company.own())
        with FAULTS[fault](wire):
            assert server.post(server.company.own()).status == 503
            assert server.stop() == 0
        assert "audit log not sealed" in server.said
        server.start()
        assert server.entry(reply)["outcome"] == "granted"
        assert "log:recovered" in {event["event"] for event in server.events()}
        assert server.stop() == 0
        assert server.verdict().findings == ()


async def _press_while(server: RealServer, load: Load, deed: Callable[[], None]) -> None:
    """Load the server, do something to it, and go on until it serves again."""
    stop = asyncio.Event()
    asking = asyncio.create_task(
        press(server, load, lambda _: server.company.own(), callers=12, stop=stop, pause=0.0)
    )
    try:
        await asyncio.to_thread(until, lambda: load.statuses()[200] > 100)
        await asyncio.to_thread(deed)
        before = load.statuses()[200]
        await asyncio.to_thread(until, lambda: load.statuses()[200] > before + 50, limit=40)
    finally:
        stop.set()
        await asking


@pytest.mark.requirement("REL-01", "REL-02", "REL-03")
def test_a_database_that_is_killed_under_load_keeps_every_entry_that_was_answered(tmp_path: Path) -> None:
    load = Load()
    with (
        Pair(synchronous=False) as pair,
        RealServer(tmp_path, database=pair.url) as server,
    ):

        def power_cut() -> None:
            pair.kill_primary()
            until(lambda: load.statuses()[503] > 0)
            pair.restart_primary()

        asyncio.run(_press_while(server, load, power_cut))
        assert load.statuses().keys() == {200, 503}
        assert server.stop() == 0
        nothing_is_lost(server, load)


@pytest.mark.requirement("REL-01", "REL-03", "SEC-88")
def test_a_node_that_is_killed_leaves_a_stream_that_is_recovered_while_the_other_serves(
    tmp_path: Path, postgres: str
) -> None:
    first = RealServer(tmp_path, database=postgres)
    second = first.twin()
    loads = (Load(), Load())
    try:
        for node in (first, second):
            node.company.write()
            node.start()

        def killed() -> None:
            first.kill9()
            first.start()

        async def both() -> None:
            await asyncio.gather(
                _press_while(first, loads[0], killed), _press_while(second, loads[1], lambda: None)
            )

        asyncio.run(both())
        assert (first.stop(), second.stop()) == (0, 0)
        for load in loads:
            assert load.statuses().keys() == {200}
            nothing_is_lost(first, load)
        told = Counter((event["stream"], event["event"]) for event in first.events())
        assert told["s1", "log:recovered"] == 1
        assert told["s2", "log:recovered"] == 0
        assert (told["s1", "log:closed"], told["s2", "log:closed"]) == (1, 1)
    finally:
        first.close()
        second.close()
