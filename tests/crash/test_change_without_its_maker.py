"""A process that dies between committing a change and writing its record: both, or neither (REL-01)."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path

import pytest
from tests.fakes.server import RealServer, until

from actas.admin.objects import canonical, changed
from actas.app.foundation import foundation
from actas.audit.log import draw_up
from actas.core.lineage import LATER, Revoked
from actas.core.ports import SystemChance, SystemClock
from actas.keys.rotation import CannotChange
from actas.settings.load import read
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
        (written,) = [one for one in server.events() if one["id"] == "x_OF_THE_DEAD"]

        def in_force() -> list[dict[str, object]]:
            loaded = (one for one in server.events() if one["event"] == "catalog:loaded")
            return [one for one in loaded if one["generation"] == generation]

        until(in_force)
        # In the stream it stands in, the record comes before the configuration that it speaks of.
        lines = [json.loads(line) for line in server.lines()]
        after = lines[lines.index(written) :]
        assert [one for one in lines if one.get("generation") == generation] == [
            one for one in after if one.get("generation") == generation
        ]
        assert in_force()[0] in after


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


async def changed_by_the_dead(server: RealServer) -> dict[str, str]:
    """Prepare a key and revoke a token, as a command does that is killed before it writes its records.

    Returns:
        The kid of the key, and the entry of the revocation.
    """
    draft = read([server.company.file], dev=server.dev, environ=server.environ)
    async with foundation(draft, dev=server.dev) as base:
        (change,) = await base.rotation.rotate(["token"], at_once=False)
        record = draw_up(
            "revocation:granted",
            now=base.clock.now(),
            chance=SystemChance(),
            revoked=["token:gone"],
            why="leaked",
        )
        ended = Revoked(mark="a mark", up_to=LATER, until=LATER, entry=record.entry)
        await base.revoked.add([ended], record=record)
        return {"kid": change.key.kid, "entry": record.entry}


@pytest.mark.requirement("REL-01", "REL-22")
@pytest.mark.parametrize("restarted", [False, True], ids=["beside a living node", "before the next start"])
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_key_and_a_revocation_whose_maker_died_are_recorded_once(
    engine: str, restarted: bool, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    database = None if engine == "sqlite" else str(request.getfixturevalue("postgres"))
    with RealServer(tmp_path, database=database) as server:
        if restarted:
            server.stop(signal.SIGTERM)
        made = asyncio.run(changed_by_the_dead(server))
        if restarted:
            server.start()

        def prepared() -> list[str]:
            return [one["kid"] for one in server.events() if one["event"] == "keys:prepared"]

        def revoked() -> list[str]:
            return [one["id"] for one in server.events() if one["event"] == "revocation:granted"]

        until(lambda: prepared() and revoked(), limit=20, because="somebody else writes what the dead did")
        assert server.stop() == 0
        assert (prepared(), revoked()) == ([made["kid"]], [made["entry"]])
        assert server.verdict().whole


@pytest.mark.requirement("REL-01", "REL-06")
def test_a_change_of_keys_that_came_second_leaves_no_record(tmp_path: Path) -> None:
    with RealServer(tmp_path) as server:

        async def twice() -> int:
            draft = read([server.company.file], dev=server.dev, environ=server.environ)
            async with foundation(draft, dev=server.dev) as one, foundation(draft, dev=server.dev) as other:
                plans = [base.rotation.rotate(["token"], at_once=False) for base in (one, other)]
                ended = await asyncio.gather(*plans, return_exceptions=True)
                return sum(isinstance(each, CannotChange) for each in ended)

        assert asyncio.run(twice()) == 1
        until(
            lambda: [one["event"] for one in server.events()].count("keys:prepared") == 1,
            limit=20,
            because="the one that came first is recorded",
        )
        assert server.stop() == 0
        assert [one["event"] for one in server.events()].count("keys:prepared") == 1
