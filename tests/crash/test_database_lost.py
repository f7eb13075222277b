"""The database goes away under load: nobody hangs, nothing is issued twice, and service returns by itself (REL-20)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

import pytest
from tests.fakes.between import Between
from tests.fakes.load import Load, press
from tests.fakes.server import RealServer, until

LONGEST: Final = 10.0
"""Seconds within which everybody must have an answer: the bound is one, and the computer is busy."""

RECOVERY: Final = 15.0


@pytest.fixture
def wire(postgres: str) -> Iterator[Between]:
    with Between(postgres) as between:
        yield between


def nodes(tmp_path: Path, url: str) -> tuple[RealServer, RealServer]:
    """Return two nodes that share a database and an issuer and nothing else but the envelope key."""
    first = RealServer(tmp_path, database=url)
    return first, first.twin()


@pytest.mark.requirement("SEC-11")
def test_of_fifty_identical_requests_to_two_nodes_exactly_one_succeeds(tmp_path: Path, postgres: str) -> None:
    first, second = nodes(tmp_path, postgres)
    try:
        with first:
            second.company.write()
            second.start()
            form = first.company.asserted()
            forged = {**form, "client_assertion": form["client_assertion"][:-8] + "AAAAAAAA"}
            assert [node.post(forged).status for node in (first, second)] == [401, 401]

            async def all_at_once() -> list[int]:
                asked = [asyncio.to_thread((first, second)[n % 2].post, form) for n in range(50)]
                return sorted(reply.status for reply in await asyncio.gather(*asked))

            assert asyncio.run(all_at_once()) == [200, *[401] * 49]
            assert not (first.data / "marks.db").exists()
            assert second.stop() == 0
    finally:
        second.close()


FAULTS: Final[dict[str, Callable[[Between], AbstractContextManager[None]]]] = {
    "cut": Between.cut,
    "stalled": Between.stalled,
}


async def _press_through(server: RealServer, wire: Between, load: Load, fault: str) -> float:
    """Load the server, take the database away, look, give it back; return how long service took to return."""
    stop = asyncio.Event()
    asking = asyncio.create_task(
        press(server, load, lambda _: server.company.asserted(), callers=8, stop=stop)
    )
    try:
        await asyncio.to_thread(until, lambda: load.statuses()[200] > 30)
        with FAULTS[fault](wire):
            await asyncio.to_thread(until, lambda: load.statuses()[503] > 0)
            before = load.statuses()[200]
            await asyncio.to_thread(until, lambda: load.statuses()[503] >= 24)
            assert load.statuses()[200] == before
            keys, live, ready = [
                await asyncio.to_thread(ask)
                for ask in (
                    lambda: server.get("/jwks"),
                    lambda: server.manage("/livez"),
                    lambda: server.manage("/readyz"),
                )
            ]
            assert (keys.status, live.status, ready.status) == (200, 200, 503)
        mended = load.statuses()[200]
        return await asyncio.to_thread(until, lambda: load.statuses()[200] > mended)
    finally:
        stop.set()
        await asking


@pytest.mark.requirement("REL-20", "REL-19")
@pytest.mark.parametrize("fault", FAULTS)
def test_requests_that_need_the_database_fail_fast_and_service_returns_with_it(
    tmp_path: Path, wire: Between, fault: str
) -> None:
    load = Load()
    with RealServer(tmp_path, database=wire.url) as server:
        began = server.pid
        took = asyncio.run(_press_through(server, wire, load, fault))
        assert took < RECOVERY
        assert load.slowest < LONGEST
        assert load.statuses().keys() == {200, 503}
        assert load.broken == {}
        assert server.pid == began
        until(lambda: server.manage("/readyz").status == 200)
        granted = [event for event in server.events() if event.get("outcome") == "granted"]
        assert load.tokens.keys() <= {event["id"] for event in granted}
        assert len({event["id"] for event in granted}) == len(granted)
        assert "Traceback" not in server.said
        assert server.stop() == 0


@pytest.mark.requirement("REL-20", "REL-21")
def test_a_node_that_cannot_see_the_database_for_longer_than_the_bound_issues_nothing_at_all(
    tmp_path: Path, wire: Between
) -> None:
    with RealServer(tmp_path, database=wire.url) as server:
        assert server.post(server.company.own()).status == 200
        with wire.cut():
            # A client with a secret needs nothing of the database, until what the node knows is too old.
            until(lambda: server.post(server.company.own()).status == 503, limit=20)
            assert server.get("/jwks").status == 200
        until(lambda: server.post(server.company.own()).status == 200)
        assert server.stop() == 0


@pytest.mark.requirement("REL-25")
@pytest.mark.parametrize("fault", FAULTS)
def test_a_stop_signal_works_while_the_database_is_away(tmp_path: Path, wire: Between, fault: str) -> None:
    with RealServer(tmp_path, database=wire.url) as server:
        assert server.post(server.company.asserted()).status == 200
        with FAULTS[fault](wire):
            assert server.post(server.company.asserted()).status == 503
            assert server.stop() == 0
