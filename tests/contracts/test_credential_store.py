"""Every store of what people prove who they are with passes the suite."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, insert
from tests.contracts.credential_store import CredentialStoreSuite, SealedBeside, Waiting
from tests.contracts.places import OnPostgres, OnSqlite

from actas.store.credentials import SqlCredentials
from actas.store.database import Database
from actas.store.memory import MemoryCredentials
from actas.store.tables import SECRETS


class TestInMemory(CredentialStoreSuite):
    @pytest.fixture
    def store(self) -> MemoryCredentials:
        return MemoryCredentials()

    @pytest.fixture
    def other(self, store: MemoryCredentials) -> MemoryCredentials:
        return store

    @pytest.fixture
    def sealed_beside(self, store: MemoryCredentials) -> SealedBeside:
        async def put(sealed: bytes) -> None:
            store.beside = [sealed]

        return put

    @pytest.fixture
    def waiting(self, store: MemoryCredentials) -> Waiting:
        async def entries() -> list[str]:
            return sorted(one.entry for one in store.records)

        return entries


class _OnADatabase(CredentialStoreSuite):
    @pytest.fixture
    def store(self, one: Database) -> SqlCredentials:
        return SqlCredentials(one)

    @pytest.fixture
    def other(self, another: Database) -> SqlCredentials:
        return SqlCredentials(another)

    @pytest.fixture
    def sealed_beside(self, one: Database) -> SealedBeside:
        async def put(sealed: bytes) -> None:
            async with one.writing() as connection:
                await connection.execute(delete(SECRETS))
                await connection.execute(insert(SECRETS).values(name="digest", sealed=sealed))

        return put


class TestOnSqlite(OnSqlite, _OnADatabase):
    pass


class TestOnPostgres(OnPostgres, _OnADatabase):
    pass
