"""Every store of opaque tokens passes the suite."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.contracts.opaque_store import OpaqueStoreSuite, token
from tests.contracts.places import OnPostgres, OnSqlite
from tests.fakes.clock import FixedClock

from actas.core.errors import StoreUnavailable
from actas.store.database import Database, open_database
from actas.store.memory import MemoryOpaqueTokens
from actas.store.opaque import SqlOpaqueTokens


class TestInMemory(OpaqueStoreSuite):
    @pytest.fixture
    def store(self, clock: FixedClock) -> MemoryOpaqueTokens:
        return MemoryOpaqueTokens(clock=clock)

    @pytest.fixture
    def other(self, store: MemoryOpaqueTokens) -> MemoryOpaqueTokens:
        return store


class _OnADatabase(OpaqueStoreSuite):
    @pytest.fixture
    def store(self, one: Database, clock: FixedClock) -> SqlOpaqueTokens:
        return SqlOpaqueTokens(one, clock=clock)

    @pytest.fixture
    def other(self, another: Database, clock: FixedClock) -> SqlOpaqueTokens:
        return SqlOpaqueTokens(another, clock=clock)


class TestOnSqlite(OnSqlite, _OnADatabase):
    async def test_a_database_that_is_gone_keeps_nothing_and_knows_nothing(
        self, tmp_path: Path, clock: FixedClock
    ) -> None:
        database = await open_database(tmp_path / "gone", clock=clock)
        store = SqlOpaqueTokens(database, clock=clock)
        await database.close()
        (tmp_path / "gone" / "actas.db").write_bytes(b"no database" * 999)
        with pytest.raises(StoreUnavailable):
            await store.keep(token("a"))
        with pytest.raises(StoreUnavailable):
            await store.find("a")
        await database.close()


class TestOnPostgres(OnPostgres, _OnADatabase):
    pass
