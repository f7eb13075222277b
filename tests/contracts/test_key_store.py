"""Every store of keys passes the suite; one that looks before it writes does not."""

from __future__ import annotations

import asyncio

import pytest
from tests.contracts.key_store import Entries, KeyStoreSuite
from tests.contracts.places import OnPostgres, OnSqlite

from actas.keys.kept import StoredKey
from actas.store.database import Database
from actas.store.keys import SqlKeyStore
from actas.store.memory import MemoryKeyStore
from actas.store.outbox import Outbox


async def waiting(store: SqlKeyStore) -> list[str]:
    """The ids of the entries that any process may write by now."""
    taken = await Outbox(store._database).take(now=2_000_000_000)
    return [one.entry for one in taken]


class _OnADatabase(KeyStoreSuite):
    @pytest.fixture
    def store(self, one: Database) -> SqlKeyStore:
        return SqlKeyStore(one)

    @pytest.fixture
    def other(self, another: Database) -> SqlKeyStore:
        return SqlKeyStore(another)

    @pytest.fixture
    def entries(self, store: SqlKeyStore) -> Entries:
        return lambda: waiting(store)


class TestOnSqlite(OnSqlite, _OnADatabase):
    pass


class TestOnPostgres(OnPostgres, _OnADatabase):
    pass


class TestInMemory(KeyStoreSuite):
    @pytest.fixture
    def store(self) -> MemoryKeyStore:
        return MemoryKeyStore()

    @pytest.fixture
    def other(self, store: MemoryKeyStore) -> MemoryKeyStore:
        return store

    @pytest.fixture
    def entries(self, store: MemoryKeyStore) -> Entries:
        async def kept() -> list[str]:
            return [one.entry for one in store.records]

        return kept


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
