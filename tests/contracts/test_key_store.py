"""Every store of keys passes the suite; one that looks before it writes does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.contracts.key_store import KeyStoreSuite
from tests.fakes.clock import FixedClock

from actas.core.secret import Secret
from actas.keys.kept import StoredKey
from actas.store.database import open_database
from actas.store.keys import SqlKeyStore
from actas.store.memory import MemoryKeyStore


class TestSqliteKeyStore(KeyStoreSuite):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[SqlKeyStore]:
        database = await open_database(tmp_path, clock=FixedClock())
        yield SqlKeyStore(database)
        await database.close()

    @pytest.fixture
    async def other(self, store: SqlKeyStore, tmp_path: Path) -> AsyncIterator[SqlKeyStore]:
        database = await open_database(Secret(f"sqlite:///{tmp_path}/actas.db"), clock=FixedClock())
        yield SqlKeyStore(database)
        await database.close()


class TestPostgresqlKeyStore(KeyStoreSuite):
    @pytest.fixture
    async def store(self, postgres: str) -> AsyncIterator[SqlKeyStore]:
        database = await open_database(Secret(postgres), clock=FixedClock())
        yield SqlKeyStore(database)
        await database.close()

    @pytest.fixture
    async def other(self, store: SqlKeyStore, postgres: str) -> AsyncIterator[SqlKeyStore]:
        database = await open_database(Secret(postgres), clock=FixedClock())
        yield SqlKeyStore(database)
        await database.close()


class TestMemoryKeyStore(KeyStoreSuite):
    @pytest.fixture
    def store(self) -> MemoryKeyStore:
        return MemoryKeyStore()

    @pytest.fixture
    def other(self, store: MemoryKeyStore) -> MemoryKeyStore:
        return store


class LookingFirst(MemoryKeyStore):
    """Looks whether there is a key, and then adds one: what the suite must not let pass."""

    async def add(self, key: StoredKey) -> bool:
        if self._keys:
            return False
        await asyncio.sleep(0)
        self._keys[key.kid] = key
        return True


async def test_a_store_that_looks_before_it_writes_does_not_pass() -> None:
    broken = LookingFirst()
    with pytest.raises(AssertionError):
        await KeyStoreSuite().test_of_many_that_add_at_once_exactly_one_comes_first(broken, broken)
