"""Keeping a process and the store of record together."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest
from tests.fakes.clock import FixedClock

from actas.app.steward import House, Steward


class Waiting:
    """Records who asks for what waits to be written."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def generation(self) -> int:
        return 0

    async def take(self, *, by: str, at: int) -> list[tuple[int, int, bytes]]:
        del at
        self.asked.append(by)
        return []

    async def unwritten(self) -> None:
        return None


async def begin(store: Waiting) -> None:
    """Begin a process whose stream is called ``s1``, as that of every first process of a node is."""

    async def note_loaded(_base: object, _generation: int) -> None:
        return None

    kept = SimpleNamespace(generation=0)
    base = SimpleNamespace(kept=kept, store=store, files=None, adopt=False, changes=(), clock=FixedClock())
    house = SimpleNamespace(base=base, writer=SimpleNamespace(stream="s1"), note_loaded=note_loaded)
    await Steward(cast("House", house)).begin()


@pytest.mark.requirement("REL-01")
async def test_processes_of_two_nodes_whose_streams_are_called_alike_are_two() -> None:
    store = Waiting()
    await begin(store)
    await begin(store)
    assert len(set(store.asked)) == 2
