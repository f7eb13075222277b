"""Copies of the log lose nothing and keep their order, however the processes die that deliver them.

``ACTAS_SOAK=1`` kills more often.
"""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

import pytest
from tests.fakes.freezing import frozen
from tests.fakes.server import RealServer, patiently, until
from tests.fakes.sinks import delivers, entries_of, lines_of, require_in_order

KILLS: Final = 4 if os.environ.get("ACTAS_SOAK") == "1" else 2
"""By two it is seen that one node goes on from the other, and that one from it."""

TAKES_OVER: Final = 30.0
"""Seconds within which another process goes on (REL-22)."""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    (tmp_path / "out").mkdir()
    return tmp_path / "out" / "audit.jsonl"


@contextlib.contextmanager
def two_nodes(
    folder: Path, copy: Path, *, database: str | None = None
) -> Iterator[tuple[RealServer, RealServer]]:
    """Two servers over one log."""
    audit = {"checkpoint": {"every": "10s"}, "sinks": [{"name": "lake", "file": str(copy)}]}
    server = RealServer(folder / "node", database=database, changes={"audit": audit})
    other = server.twin()
    try:
        for one in (server, other):
            one.company.write()
            one.start()
        yield server, other
    finally:
        other.close()
        server.close()


def ask(server: RealServer, times: int = 1) -> None:
    for _ in range(times):
        assert server.post(server.company.own()).status == 200


def require_whole(server: RealServer, copy: Path) -> None:
    """Wait until the copy holds every line of the log."""
    until(
        lambda: set(server.lines()) <= {one.rstrip(b"\n") for one in lines_of(copy)},
        limit=60.0,
        because="all is there",
    )
    require_in_order(entries_of(lines_of(copy)))


@pytest.mark.requirement("REL-04", "REL-22")
@pytest.mark.timeout(180)
def test_a_copy_loses_nothing_however_often_the_node_is_killed_that_makes_it(
    tmp_path: Path, copy: Path
) -> None:
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    with two_nodes(tmp_path, copy) as nodes:
        for _ in range(KILLS):
            for _ in patiently(chance.uniform(0.3, 1.5)):
                ask(nodes[chance.randrange(2)])
            holder = until_one_delivers(nodes)
            killed, other = nodes[holder], nodes[1 - holder]
            killed.kill9()
            ask(other, 3)
            took = until(partial(delivers, other), limit=TAKES_OVER, because="the other delivers")
            print(f"another took over after {took:.1f} s")
            killed.start()
        require_whole(nodes[0], copy)
        assert [one.stop() for one in nodes] == [0, 0]
        assert "Traceback" not in nodes[0].said + nodes[1].said
    # What a clean stop wrote is there too.
    lines = {one.rstrip(b"\n") for one in lines_of(copy)}
    assert set(nodes[0].lines()) <= lines


def until_one_delivers(nodes: tuple[RealServer, RealServer]) -> int:
    """Return which of two nodes delivers."""
    until(lambda: any(delivers(one) for one in nodes), limit=TAKES_OVER, because="one delivers")
    return 0 if delivers(nodes[0]) else 1


@pytest.mark.requirement("REL-22")
@pytest.mark.timeout(180)
def test_a_node_that_was_frozen_adds_nothing_when_it_thaws(tmp_path: Path, copy: Path) -> None:
    with two_nodes(tmp_path, copy) as nodes:
        ask(nodes[0], 5)
        holder = until_one_delivers(nodes)
        before, other = nodes[holder], nodes[1 - holder]
        with frozen(before):
            ask(other, 5)
            until(lambda: delivers(other), limit=TAKES_OVER, because="the other delivers")
            ask(other, 5)
        for _ in patiently(4.0, pause=0.2):
            ask(other)
        ask(before, 5)
        require_whole(other, copy)
        assert not (delivers(before) and delivers(other))
