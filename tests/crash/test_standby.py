"""The primary database and a node are lost at once, and a standby takes over (REL-29)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from tests.fakes.server import RealServer, until
from tests.fakes.standby import Pair
from tests.fakes.wire import Reply

TAKEOVER: Final = 30.0
"""Seconds from the loss of the primary until a request is answered with a token again."""

Asked = tuple[Mapping[str, Any], Reply]


@pytest.fixture
def synchronous() -> Iterator[Pair]:
    with Pair(synchronous=True) as pair:
        yield pair


@pytest.fixture
def asynchronous() -> Iterator[Pair]:
    with Pair(synchronous=False) as pair:
        yield pair


def granted(asked: list[Asked]) -> list[Asked]:
    return [one for one in asked if one[1].status == 200]


async def keep_asking(node: RealServer, asked: list[Asked], stop: asyncio.Event) -> None:
    """Ask with a fresh assertion again and again, and remember every answer."""
    while not stop.is_set():
        form = node.company.asserted()
        try:
            asked.append((form, await asyncio.to_thread(node.post, form)))
        except OSError:
            await asyncio.sleep(0.05)


async def lose_the_primary(pair: Pair, lost: RealServer, left: RealServer, asked: list[Asked]) -> float:
    """Lose the primary and a node under load, promote the standby, return how long nobody got a token."""
    stop = asyncio.Event()
    callers = [asyncio.create_task(keep_asking(node, asked, stop)) for node in (lost, left) for _ in range(3)]
    try:
        await asyncio.to_thread(until, lambda: len(granted(asked)) > 40)
        await asyncio.to_thread(pair.kill_primary)
        await asyncio.to_thread(lost.kill9)
        before = len(granted(asked))
        took = asyncio.create_task(
            asyncio.to_thread(until, lambda: len(granted(asked)) > before + 5, limit=TAKEOVER)
        )
        await asyncio.to_thread(pair.promote)
        return await took
    finally:
        stop.set()
        await asyncio.gather(*callers)


@pytest.mark.requirement("REL-29")
def test_with_a_synchronous_standby_nothing_that_was_acknowledged_is_lost(
    tmp_path: Path, synchronous: Pair
) -> None:
    lost = RealServer(tmp_path, database=synchronous.url)
    left = lost.twin()
    asked: list[Asked] = []
    try:
        for node in (lost, left):
            node.company.write()
            node.start()
        assert "a failover may lose data" not in left.said
        assert asyncio.run(lose_the_primary(synchronous, lost, left, asked)) < TAKEOVER
        until(lambda: left.manage("/readyz").status == 200)
        # What was used once before the failover was used once after it.
        assert {left.post(form).status for form, _ in granted(asked)} == {401}
        tokens = {reply.header("actas-entry") for _, reply in granted(asked)}
        assert tokens <= {event["id"] for event in left.events() if event.get("outcome") == "granted"}
        assert left.stop() == 0
    finally:
        lost.close()
        left.close()


@pytest.mark.requirement("REL-29")
def test_a_node_says_at_its_start_what_an_asynchronous_standby_may_lose_and_that_is_what_is_lost(
    tmp_path: Path, asynchronous: Pair
) -> None:
    with RealServer(tmp_path, database=asynchronous.url) as node:
        assert "a failover may lose data" in node.said
        assert "its standby follows asynchronously" in node.said
        asynchronous.cut_off_standby()
        form = node.company.asserted()
        answers = [node.post(form), node.post(form)]
        assert [one.status for one in answers] == [200, 401]
        asynchronous.kill_primary()
        asynchronous.promote()
        until(lambda: node.post(node.company.asserted()).status == 200, limit=TAKEOVER)
        again = node.post(form)
        assert again.status == 200
        # The audit log lies in the database, and lost the same. That it did is written down, in another stream.
        events = node.events()
        kept = {event["id"] for event in events if event.get("outcome") == "granted"}
        assert again.header("actas-entry") in kept
        assert answers[0].header("actas-entry") not in kept
        (begun,) = [one for one in events if one["stream"] == "s2" and one["seq"] == 1]
        assert [one["stream"] for one in begun["facts"]["broken"]] == ["s1"]
        assert "audit stream is not whole" in node.said
        assert node.stop() == 0
