"""Every store of impersonations passes the suite."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.contracts.impersonation_store import NOW, ImpersonationStoreSuite, Revokes
from tests.contracts.places import OnPostgres, OnSqlite
from tests.fakes.clock import FixedClock
from tests.fakes.house import ListedRevocations

from actas.core.lineage import Lineage, Revoked
from actas.store.database import Database
from actas.store.impersonations import KEPT, LIVES, SqlImpersonations
from actas.store.memory_impersonations import MemoryImpersonations
from actas.store.purging import purge
from actas.store.revocations import RevocationList
from actas.store.stock import take_stock
from actas.store.tables import OUTBOX


class TestInMemory(ImpersonationStoreSuite):
    @pytest.fixture
    def revokes(self) -> ListedRevocations:
        return ListedRevocations()

    @pytest.fixture
    def store(self, revokes: ListedRevocations) -> MemoryImpersonations:
        return MemoryImpersonations(revoked=revokes.against, revoke=revokes.add)

    @pytest.fixture
    def other(self, store: MemoryImpersonations) -> MemoryImpersonations:
        return store


class _OnADatabase(ImpersonationStoreSuite):
    @pytest.fixture
    def revokes(self, one: Database, clock: FixedClock) -> RevocationList:
        return RevocationList(one, clock=clock)

    @pytest.fixture
    def store(self, one: Database, clock: FixedClock) -> SqlImpersonations:
        return SqlImpersonations(one, revoked=RevocationList(one, clock=clock), clock=clock)

    @pytest.fixture
    def other(self, another: Database, clock: FixedClock) -> SqlImpersonations:
        return SqlImpersonations(another, revoked=RevocationList(another, clock=clock), clock=clock)

    async def refreshed(self, revokes: Revokes) -> None:
        assert isinstance(revokes, RevocationList)
        await revokes.refresh()

    @pytest.mark.requirement("SEC-48")
    async def test_what_ends_the_administrator_ends_the_tokens_that_do_not_name_him(
        self, store: SqlImpersonations, revokes: RevocationList
    ) -> None:
        await self.begin(store)
        await revokes.add([Revoked(mark="mark-of-dana", up_to=NOW, until=NOW + 5, entry="x_1")])
        found = revokes.against(Lineage(("mark-of-i",), NOW))
        assert found is not None
        assert found.entry == "x_1"

    @pytest.mark.requirement("REL-01")
    async def test_every_step_is_kept_with_its_entry(
        self, store: SqlImpersonations, revokes: RevocationList, one: Database
    ) -> None:
        await self.begin(store)
        await self.begin(store, "j", who="omar", whom="actas:olga", approval=("leads",))
        await revokes.add([Revoked(mark="mark-of-dana", up_to=NOW, until=NOW + 5, entry="x_1")])
        async with one.reading() as connection:
            rows = (await connection.execute(select(OUTBOX.c.event))).scalars().all()
        assert sorted(rows) == ["impersonation:ended", "impersonation:requested", "impersonation:started"]

    @pytest.mark.requirement("REL-24")
    async def test_what_is_long_over_is_counted_and_removed_when_somebody_asks(
        self, store: SqlImpersonations, one: Database, clock: FixedClock, tmp_path: Path
    ) -> None:
        await self.begin(store)
        clock.advance(KEPT + 1)
        await self.begin(store, "j", at=int(clock.now()))
        stock = await take_stock(one, now=int(clock.now()))
        assert [held.ended for held in stock.holdings if held.name == "impersonations"] == [1]
        removed = {name: count async for name, count in purge(one, tmp_path, clock=clock)}
        assert removed["impersonations"] == 1
        assert [left.id for left in await store.newest(most=9)] == ["j"]

    async def test_what_must_be_over_by_now_is_not_looked_for(self, store: SqlImpersonations) -> None:
        """Whoever begins one has the turn of all revocations: what they read has an end, however much is kept."""
        much: dict[str, Any] = {"lasts": 10 * LIVES, "at_once": 1}
        await self.begin(store, at=NOW - LIVES + 1, **much)
        assert (await self.begin(store, "j", **much)).impersonation.id == "i"
        late = await self.begin(store, "j", at=NOW + 1, **much)
        assert (late.fresh, late.impersonation.id) == (True, "j")

    @pytest.mark.requirement("REL-24")
    async def test_what_is_long_over_is_removed(self, store: SqlImpersonations, clock: FixedClock) -> None:
        await self.begin(store)
        clock.advance(KEPT - 1)
        assert await store.sweep() == 0
        clock.advance(2)
        assert await store.sweep() == 1
        assert await store.find("i") is None


class TestOnSqlite(OnSqlite, _OnADatabase):
    pass


class TestOnPostgres(OnPostgres, _OnADatabase):
    pass
