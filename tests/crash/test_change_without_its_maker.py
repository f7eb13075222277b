"""A process that dies between committing a change and writing its record: both, or neither (REL-01)."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path

import pytest
from tests.fakes.server import RealServer, until

from actas.admin.objects import canonical, changed
from actas.core.ports import SystemClock
from actas.store.configuration import Commit, SqlConfiguration
from actas.store.database import open_database


async def committed_by_the_dead(data: Path, *, at: int) -> int:
    """Disable the client ``nightly``, as a process does that is killed before it writes the record."""
    database = await open_database(data, clock=SystemClock())
    try:
        store = SqlConfiguration(database)
        kept = await store.read()
        one = kept.get("clients", "nightly")
        assert one is not None
        change = changed("disabled", one, disabled=True)
        body = {"id": "x_OF_THE_DEAD", "at": "2026-11-25T00:00:00.000Z", "event": "configuration:changed"}
        whole = {**body, "generation": kept.generation + 1, "by": {"via": "api"}, "changes": []}
        commit = Commit(
            after=kept.generation,
            changes=[change],
            at=at,
            entry="x_OF_THE_DEAD",
            records=[json.dumps(whole, separators=(",", ":")).encode()],
        )
        assert await store.commit(commit, by="the dead")
        return kept.generation + 1
    finally:
        await database.close()


@pytest.mark.requirement("REL-01", "REL-21")
@pytest.mark.parametrize("restarted", [False, True], ids=["beside a living node", "before the next start"])
def test_a_change_whose_maker_died_is_recorded_and_then_takes_effect(restarted: bool, tmp_path: Path) -> None:
    with RealServer(tmp_path) as server:
        assert server.post(server.company.own()).status == 200
        if restarted:
            server.stop(signal.SIGTERM)
        now = int(SystemClock().now())
        generation = asyncio.run(committed_by_the_dead(server.data, at=now))
        if restarted:
            server.start()
        until(lambda: server.post(server.company.own()).status == 401, limit=15)
        events = sorted(server.events(), key=lambda one: str(one["at"]))
        written = [one for one in server.events() if one["id"] == "x_OF_THE_DEAD"]
        assert len(written) == 1
        loaded = [one for one in events if one["event"] == "catalog:loaded"]
        assert loaded[-1]["generation"] == generation
        # In the stream it stands in, the record comes before the configuration that it speaks of.
        lines = [json.loads(line) for line in server.lines()]
        at = lines.index(written[0])
        assert any(one["event"] == "catalog:loaded" and one["generation"] == generation for one in lines[at:])


@pytest.mark.requirement("REL-01")
def test_a_change_that_was_not_committed_leaves_no_record(tmp_path: Path) -> None:
    with RealServer(tmp_path) as server:

        async def too_late() -> bool:
            database = await open_database(server.data, clock=SystemClock())
            try:
                store = SqlConfiguration(database)
                kept = await store.read()
                one = kept.get("clients", "nightly")
                assert one is not None
                late = changed("changed", one, document=canonical({**one.body, "description": "late"}))
                commit = Commit(after=kept.generation - 1, changes=[late], at=1, entry="x", records=[b"{}"])
                return await store.commit(commit, by="late")
            finally:
                await database.close()

        assert not asyncio.run(too_late())
        server.reload(told="configuration reloaded")
        assert not any("late" in line.decode() for line in server.lines())
