"""Keeping a process and the store of record together."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.fakes.clock import FixedClock
from tests.fakes.kept_log import configured, entries

from actas.admin.objects import Change, Snapshot, changed
from actas.admin.record import Author
from actas.app import narrowing, steward
from actas.app.assembly import Assembly, assembly
from actas.app.foundation import Foundation, foundation
from actas.app.house import House
from actas.app.narrowing import narrowed
from actas.app.prepared import Prepared, prepare
from actas.app.steward import Steward
from actas.settings.definitions import Definitions
from actas.settings.load import Draft


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
    house = SimpleNamespace(
        base=base,
        writer=SimpleNamespace(stream="s1"),
        shared=SimpleNamespace(minutes=None),
        note_loaded=note_loaded,
    )
    await Steward(cast("House", house)).begin()


@pytest.mark.requirement("REL-01")
async def test_processes_of_two_nodes_whose_streams_are_called_alike_are_two() -> None:
    store = Waiting()
    await begin(store)
    await begin(store)
    assert len(set(store.asked)) == 2


def switched_off(name: str, kept: Snapshot) -> Sequence[Change]:
    client = kept.get("clients", name)
    assert client is not None
    return [changed("disabled", client, disabled=True)]


@pytest.mark.requirement("REL-21")
async def test_what_a_change_takes_away_ends_before_the_whole_is_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft, may_compile = configured(tmp_path), threading.Event()
    async with (
        foundation(draft, dev=True, create=True) as here,
        assembly(here) as node,
        foundation(draft, dev=True) as there,
        assembly(there) as other,
    ):
        await other.steward.change(lambda kept: switched_off("web", kept), Author(via="api"))

        def slowly(base: Foundation, files: Draft) -> Prepared:
            assert may_compile.wait(60)
            return prepare(base, files)

        monkeypatch.setattr(steward, "prepare", slowly)
        monkeypatch.setattr(steward, "PATIENCE", 0.05)
        before = node.steward.generation
        try:
            # Twice: the second reading finds the first one's work still going on, and is no failure.
            for _ in range(2):
                async with asyncio.timeout(60):
                    await node.steward.follow()
            assert node.base.catalog.clients["web"].disabled
            assert not node.base.catalog.clients["orders"].disabled
            assert node.steward.generation == before
            noted = [one for one in entries(here) if one["event"] == "catalog:narrowed"]
            assert [(one["generation"], one["in_force"]) for one in noted] == [(before + 1, before)]
        finally:
            may_compile.set()
        monkeypatch.setattr(steward, "PATIENCE", 30.0)
        await node.steward.follow()
        assert node.steward.generation == other.steward.generation > before
        assert node.base.catalog.digest == other.base.catalog.digest


async def test_a_change_that_this_node_makes_is_not_undone_by_a_reading_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with foundation(configured(tmp_path), dev=True, create=True) as base, assembly(base) as node:
        readings: list[asyncio.Task[None]] = []
        is_in_force = threading.Event()
        put_in_force = Assembly.put_in_force

        async def beside_a_reading(house: Assembly, prepared: Prepared, *, generation: int) -> None:
            if not readings:
                readings.append(asyncio.create_task(node.steward.follow()))
                await asyncio.wait(readings, timeout=0.2)  # as far as it comes
            await put_in_force(house, prepared, generation=generation)

        def slowly(old: Definitions, kept: Snapshot) -> Definitions:
            assert is_in_force.wait(60)
            return narrowed(old, kept)

        monkeypatch.setattr(Assembly, "put_in_force", beside_a_reading)
        monkeypatch.setattr(narrowing, "narrowed", slowly)
        made = await node.steward.change(lambda kept: switched_off("web", kept), Author(via="api"))
        digest = node.base.catalog.digest
        assert digest != base.catalog.digest
        is_in_force.set()
        await asyncio.gather(*readings)
        assert node.steward.generation == made.snapshot.generation
        assert node.base.catalog.digest == digest


@pytest.mark.requirement("REL-25")
async def test_a_process_that_ends_puts_nothing_in_force_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft, may_compile = configured(tmp_path), threading.Event()

    def slowly(base: Foundation, files: Draft) -> Prepared:
        assert may_compile.wait(60)
        return prepare(base, files)

    def loading() -> list[asyncio.Task[Any]]:
        tasks = [(one, one.get_coro()) for one in asyncio.all_tasks()]
        return [one for one, at in tasks if getattr(at, "__qualname__", "") == Steward._load.__qualname__]

    async with foundation(draft, dev=True, create=True) as here:
        async with assembly(here) as node, foundation(draft, dev=True) as there, assembly(there) as other:
            await other.steward.change(lambda kept: switched_off("web", kept), Author(via="api"))
            monkeypatch.setattr(steward, "prepare", slowly)
            monkeypatch.setattr(steward, "PATIENCE", 0.05)
            await node.steward.follow()
            assert loading()
        assert not loading()
        may_compile.set()
