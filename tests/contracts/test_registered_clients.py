"""Clients that registered themselves are kept alike by every engine (REL-23)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select
from tests.contracts.places import OnPostgres, OnSqlite
from tests.fakes.clock import NOON, FixedClock
from tests.fakes.ring import FakeRing

from actas.audit.log import draw_up
from actas.clients.registered import Registered, is_registered_id, new_id
from actas.core.ports import SystemChance
from actas.core.records import Record
from actas.store.database import Database
from actas.store.registered import SqlRegisteredClients
from actas.store.tables import OUTBOX, REGISTERED_CLIENTS

NOW = int(NOON)
DAY = 24 * 3600
RING = FakeRing("ES256")


def client(**changes: Any) -> Registered:
    made: dict[str, Any] = {
        "client_id": new_id(chance=SystemChance(), marking=RING),
        "metadata": {"client_name": "An app", "redirect_uris": ["https://app.example/callback"]},
        "secret": bytes(32),
        "registered_at": NOW,
        "used_at": NOW,
        "until": NOW + DAY,
    }
    return Registered(**{**made, **changes})


def entry() -> Record:
    return draw_up("registration:granted", now=NOON, chance=SystemChance(), after={})


async def ends(database: Database) -> list[int]:
    """When each that is kept ends."""
    async with database.reading() as connection:
        return [*(await connection.execute(select(REGISTERED_CLIENTS.c.until))).scalars()]


class _Suite:
    @pytest.fixture
    def clock(self) -> FixedClock:
        return FixedClock(NOON)

    @pytest.fixture
    def store(self, one: Database, clock: FixedClock) -> SqlRegisteredClients:
        return SqlRegisteredClients(one, clock=clock, marking=RING)

    @pytest.fixture
    def other(self, another: Database, clock: FixedClock) -> SqlRegisteredClients:
        return SqlRegisteredClients(another, clock=clock, marking=RING)

    @pytest.mark.requirement("OP-110", "REL-01", "REL-21")
    async def test_who_registered_here_is_known_elsewhere_at_the_first_use(
        self, store: SqlRegisteredClients, other: SqlRegisteredClients, another: Database
    ) -> None:
        await other.refresh()
        made = client()
        record = entry()
        assert await store.keep(made, most=10, record=record)
        assert store.known(made.client_id) == made
        assert other.known(made.client_id) is None
        await other.look(made.client_id, unused_for=30 * DAY)
        found = other.known(made.client_id)
        assert found is not None
        assert (found.metadata, found.secret) == (made.metadata, made.secret)
        assert found.until == NOW + 30 * DAY
        async with another.reading() as connection:
            assert [*(await connection.execute(select(OUTBOX.c.entry))).scalars()] == [record.entry]
        await store.refresh()
        late = SqlRegisteredClients(another, clock=FixedClock(NOON), marking=RING)
        await late.refresh()
        assert late.known(made.client_id) == replace(made, used_at=found.used_at, until=found.until)
        assert await ends(another) == [found.until]

    @pytest.mark.requirement("REL-21")
    async def test_who_is_used_here_alone_goes_on_elsewhere(
        self, store: SqlRegisteredClients, other: SqlRegisteredClients, clock: FixedClock
    ) -> None:
        made = client()
        assert await store.keep(made, most=10, record=entry())
        await other.refresh()
        await store.look(made.client_id, unused_for=30 * DAY)
        clock.advance(DAY + 60)
        await other.refresh()
        assert other.known(made.client_id) is None  # it knows of no use
        await other.look(made.client_id, unused_for=30 * DAY)
        found = other.known(made.client_id)
        assert found == replace(made, used_at=NOW + DAY + 60, until=NOW + 31 * DAY + 60)
        clock.advance(31 * DAY)
        await store.look(made.client_id, unused_for=30 * DAY)
        assert store.known(made.client_id) is None  # unused for too long, wherever

    async def test_a_name_that_was_made_up_is_not_looked_for(
        self, store: SqlRegisteredClients, one: Database
    ) -> None:
        await store.refresh()
        await one.close()
        made_up = new_id(chance=SystemChance(), marking=RING)[:-1] + "!"
        for name in (made_up, "Reg-", "Reg-" + "a" * 30, "web"):
            await store.look(name, unused_for=DAY)
            assert store.known(name) is None

    @pytest.mark.requirement("OP-114")
    async def test_of_many_at_once_so_many_are_kept_as_there_may_be(
        self, store: SqlRegisteredClients, other: SqlRegisteredClients, another: Database
    ) -> None:
        asked = [(store, other)[number % 2].keep(client(), most=3, record=entry()) for number in range(8)]
        assert sum(await asyncio.gather(*asked)) == 3
        assert len(await ends(another)) == 3

    @pytest.mark.requirement("OP-114", "REL-24", "SEC-86")
    async def test_who_is_not_used_ends_on_every_node_and_it_is_written_down(
        self,
        store: SqlRegisteredClients,
        other: SqlRegisteredClients,
        clock: FixedClock,
        another: Database,
    ) -> None:
        unused, used = client(), client()
        for one in (unused, used):
            assert await store.keep(one, most=10, record=entry())
        await other.refresh()
        await other.look(used.client_id, unused_for=30 * DAY)
        clock.advance(DAY)
        assert other.known(unused.client_id) is None  # before anybody removed it
        clock.advance(1)
        assert await store.sweep() == 1
        assert await other.sweep() == 0
        for node in (store, other):
            await node.refresh()
            assert node.known(unused.client_id) is None
            assert node.known(used.client_id) is not None
        async with another.reading() as connection:
            rows = await connection.execute(
                select(OUTBOX.c.body).where(OUTBOX.c.event == "registration:ended")
            )
            (told,) = rows.scalars()
        assert unused.client_id in told
        assert "before" in told

    async def test_a_use_is_noted_once_an_hour(
        self, store: SqlRegisteredClients, another: Database, clock: FixedClock
    ) -> None:
        made = client()
        assert await store.keep(made, most=10, record=entry())
        seen: list[int] = []
        for wait in (0, 60, 3600):
            clock.advance(wait)
            await store.look(made.client_id, unused_for=DAY)
            seen += await ends(another)
        assert seen == [NOW + DAY, NOW + DAY, NOW + 3660 + DAY]


class TestOnSqlite(OnSqlite, _Suite):
    pass


class TestOnPostgres(OnPostgres, _Suite):
    pass


def test_only_a_name_that_was_made_here_is_one() -> None:
    name = new_id(chance=SystemChance(), marking=RING)
    assert is_registered_id(name, marking=RING)
    swapped = name.swapcase()
    for other in (name[:-1], name + "a", swapped, name.removeprefix("Reg-"), "Reg-é" + name[5:]):
        assert not is_registered_id(other, marking=RING)
