"""A serving process that is put together, and one that cannot be."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, select
from tests.fakes.clock import FixedClock
from tests.fakes.door import call
from tests.fakes.issuer_keys import World
from tests.fakes.kept_log import SECRET, configured, entries

from actas.app.assembly import Assembly, assembly
from actas.app.foundation import Foundation, foundation
from actas.app.prepared import prepare
from actas.core.lineage import LATER, Lineage, Revoked
from actas.core.ports import SystemClock
from actas.store.follower import Follower, Stale
from actas.store.tables import REVOCATIONS, SIGNING_KEYS
from actas.web.health import management_app


class Blind(Follower):
    """Never reads anything."""

    async def catch_up(self) -> None:
        raise Stale("the shared state cannot be read")


@pytest.mark.requirement("REL-09", "REL-31")
async def test_an_issuer_that_is_down_shows_in_the_numbers_and_warns_and_the_node_stays_ready(
    tmp_path: Path,
) -> None:
    async with foundation(configured(tmp_path), dev=True, create=True) as base, assembly(base) as house:
        world = World()
        house.shared.out.keys = world.keys
        management = management_app(house.probes, house.metrics.now, warnings=house.warnings)

        async def shown(path: str) -> tuple[int, str]:
            reply = await call(management, path=path, method="GET", headers=(), body=b"")
            return reply.status, reply.body.decode()

        await world.key()
        assert 'actas_upstream_open{upstream="issuer acme"} 0.0' in (await shown("/metrics"))[1]
        await world.fails("status 500")
        assert 'actas_upstream_open{upstream="issuer acme"} 1.0' in (await shown("/metrics"))[1]
        assert await shown("/readyz") == (200, "ok\n")
        assert house.warnings() == (
            (
                "issuer acme has not answered since 2026-09-21T14:25:00Z (status 500); its known keys are used until "
                "2026-09-22T14:13:20Z"
            ),
        )
        await house.put_in_force(prepare(base, base.files), generation=1)
        assert house.warnings() == ()  # this configuration does not trust it


@pytest.mark.requirement("REL-13", "REL-31")
@pytest.mark.parametrize("jump", [600, -600])
async def test_a_clock_that_jumps_stops_issuing_and_removing_at_the_next_request(
    jump: float, tmp_path: Path
) -> None:
    clock = FixedClock()
    draft = configured(tmp_path)
    async with foundation(draft, dev=True, create=True, clock=clock) as base, assembly(base) as house:
        management = management_app(house.probes, house.metrics.now, warnings=house.warnings)

        async def ready() -> tuple[int, str]:
            reply = await call(management, path="/readyz", method="GET", headers=(), body=b"")
            return reply.status, reply.body.decode()

        async def asked() -> tuple[int, str]:
            form = b"grant_type=client_credentials&client_id=nobody&client_secret=x"
            reply = await call(house.gate.endpoints["/token"], body=form)
            return reply.status, reply.json["error_uri"].partition("#")[2]

        assert (await asked(), await ready()) == ((401, "bad_client_auth"), (200, "ok\n"))
        clock.advance(jump)
        assert await asked() == (503, "storage_unavailable")
        status, said = await ready()
        assert status == 503
        assert said.startswith(
            f"clock: the clock of this computer was set {'ahead' if jump > 0 else 'back'} by 600"
        )
        clock.advance(-jump)
        assert (await asked(), await ready()) == ((401, "bad_client_auth"), (200, "ok\n"))


class Set(SystemClock):
    """The clock of this computer, as somebody set it."""

    by = 0.0

    def now(self) -> float:
        return super().now() + self.by


@pytest.mark.requirement("REL-13", "REL-31")
@pytest.mark.parametrize("by", [600.0, -600.0])
async def test_of_two_nodes_on_one_database_the_one_whose_clock_is_set_leaves_until_it_is_right(
    by: float, tmp_path: Path, postgres: str
) -> None:
    (tmp_path / "one").mkdir()
    draft = configured(tmp_path / "one", postgres)
    clocks = Set(), Set()
    async with contextlib.AsyncExitStack() as stack:
        nodes = list[Assembly]()
        for clock in clocks:
            base = await stack.enter_async_context(
                foundation(draft, dev=True, create=True, migrate=True, clock=clock)
            )
            nodes.append(await stack.enter_async_context(assembly(base)))

        async def issues(node: Assembly) -> bool:
            form = (
                b"grant_type=client_credentials&client_id=web&scope=orders:read&client_secret="
                + SECRET.encode()
            )
            reply = await call(node.gate.endpoints["/token"], body=form)
            assert reply.status in (200, 503)
            return reply.status == 200

        async def within(seconds: float, node: Assembly, *, is_there: bool) -> None:
            async with asyncio.timeout(seconds):
                while await issues(node) is not is_there:
                    await asyncio.sleep(0.1)

        assert [await issues(node) for node in nodes] == [True, True]
        clocks[1].by = by
        await within(60, nodes[1], is_there=False)
        assert await issues(nodes[0])
        management = management_app(nodes[1].probes, nodes[1].metrics.now)
        reply = await call(management, path="/readyz", method="GET", headers=(), body=b"")
        assert reply.status == 503
        assert b"the clock of this node and that of the database" in reply.body
        clocks[1].by = 0.0
        await within(60, nodes[1], is_there=True)


@pytest.mark.requirement("REL-13")
async def test_a_clock_that_is_not_that_of_the_shared_database_ends_nothing_for_good(
    tmp_path: Path, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actas.app.sweeping.SWEEP_EVERY", 1.0)
    clock = Set()
    async with (
        foundation(configured(tmp_path, postgres), dev=True, create=True, migrate=True, clock=clock) as base,
        assembly(base) as house,
    ):
        until = int(clock.now()) + 3600
        await base.revoked.add(
            [Revoked(mark=mark, up_to=LATER, until=until, entry="x") for mark in ("one", "another")]
        )
        kept = await rows_of(base, SIGNING_KEYS), await rows_of(base, REVOCATIONS)
        clock.by = 365 * 86_400.0
        await asyncio.sleep(1.2)
        await house._keeper.look()
        assert (await rows_of(base, SIGNING_KEYS), await rows_of(base, REVOCATIONS)) == kept
        clock.by = 0.0
        assert base.revoked.against(Lineage(("one",), 0)) is not None


async def rows_of(base: Foundation, table: Table) -> list[Any]:
    async with base.database.reading() as connection:
        return [tuple(row) for row in (await connection.execute(select(table))).all()]


async def test_a_server_that_cannot_start_closes_its_stream_all_the_same(tmp_path: Path) -> None:
    async with foundation(configured(tmp_path), dev=True, create=True) as base:
        with pytest.raises(Stale):
            async with assembly(base, follower=Blind()):
                raise AssertionError("it serves")
        assert [one["event"] for one in entries(base)] == ["log:started", "log:closed"]
