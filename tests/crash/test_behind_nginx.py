"""Two nodes behind nginx, as docs/guides/several-nodes.md sets them up, with callers who never stop asking.

Nodes are stopped, started and killed meanwhile. What callers hold is compared with what the log of either node
kept (REL-01, REL-25).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
from tests.fakes.cluster import Cluster
from tests.fakes.load import Load, press
from tests.fakes.server import RealServer, until

CALLERS: Final = 8
PAUSE: Final = 0.02
"""Seconds between an answer and a caller's next request: the computer is busy with other tests too."""

SETTLED: Final = 2.0
"""Seconds after which nginx asks a node again that it could not reach: its fail_timeout, and one more."""


def forms(cluster: Cluster) -> Callable[[int], Mapping[str, Any]]:
    """Return who asks: some for themselves, some for alice, some with an assertion that works once."""
    company = cluster.company
    alice = company.id_token()

    def form(number: int) -> Mapping[str, Any]:
        if number % 4 == 0:
            return company.asserted()
        return company.for_alice(alice) if number % 2 else company.own()

    return form


async def under_load(cluster: Cluster, load: Load, deed: Callable[[], Awaitable[None]]) -> None:
    """Do something to the nodes while callers ask, and let them ask for a moment before and after."""
    stop = asyncio.Event()
    asking = asyncio.create_task(
        press(
            cluster.proxy,
            load,
            forms(cluster),
            callers=CALLERS,
            stop=stop,
            tls=cluster.proxy.tls,
            pause=PAUSE,
        )
    )
    try:
        await more(load)
        await deed()
        await more(load)
    finally:
        stop.set()
        await asking


async def more(load: Load, *, count: int = 60) -> None:
    """Wait until so many more were answered."""
    before = len(load.answered)
    await asyncio.to_thread(until, lambda: len(load.answered) >= before + count, limit=30)


def nothing_is_lost(cluster: Cluster, load: Load) -> None:
    """Stop both nodes and compare what callers hold with what was written."""
    cluster.stop()
    assert cluster.unrecorded(load.tokens.values()) == []
    for node in cluster.nodes:
        assert "Traceback" not in node.said
        assert node.verdict().findings == ()


@pytest.mark.requirement("REL-25", "REL-26", "REL-01")
def test_a_rolling_restart_fails_no_request(tmp_path: Path, postgres: str) -> None:
    load = Load()

    async def restart_both() -> None:
        for node in cluster.nodes:
            told = time.monotonic()
            assert await asyncio.to_thread(node.stop) == 0
            assert time.monotonic() - told >= 5  # it went on meanwhile, and said that it would stop
            await more(load)  # by the other one
            await asyncio.to_thread(node.start)
            await asyncio.sleep(SETTLED)

    with Cluster(tmp_path, database=postgres) as cluster:
        asyncio.run(under_load(cluster, load, restart_both))
        assert load.statuses().keys() == {200}, cluster.proxy.errors()
        assert (load.broken, load.turned_away) == ({}, 0), cluster.proxy.errors()
        asked = {line.split(" ")[5] for line in cluster.proxy.lines() if '"POST /token"' in line}
        assert {f"127.0.0.1:{node.port}" for node in cluster.nodes} <= asked
        nothing_is_lost(cluster, load)


@pytest.mark.requirement("REL-01", "REL-25")
def test_a_killed_node_fails_no_request_but_those_it_was_answering(tmp_path: Path, postgres: str) -> None:
    load = Load()
    killed: list[RealServer] = []

    async def kill_one() -> None:
        node = cluster.nodes[0]
        killed.append(node)
        await asyncio.to_thread(node.kill9)
        await more(load)
        await asyncio.to_thread(node.start)

    with Cluster(tmp_path, database=postgres) as cluster:
        asyncio.run(under_load(cluster, load, kill_one))
        failed = load.statuses()[502]
        assert load.statuses().keys() <= {200, 502}
        assert (load.broken, load.turned_away) == ({}, 0)
        assert failed <= CALLERS
        # nginx names whom it asked: nobody failed who was not asking the one that was killed.
        lost = [line for line in cluster.proxy.lines() if " 502 " in line]
        assert len(lost) == failed
        assert all(line.split(" ")[5] == f"127.0.0.1:{killed[0].port}" for line in lost)
        nothing_is_lost(cluster, load)
