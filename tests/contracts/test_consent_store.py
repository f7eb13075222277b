"""Every store of consents passes the suite."""

from __future__ import annotations

import pytest
from tests.contracts.consent_store import ConsentStoreSuite, Waiting
from tests.contracts.places import OnPostgres, OnSqlite
from tests.fakes.clock import FixedClock

from actas.store.consents import SqlConsents
from actas.store.database import Database
from actas.store.device_codes import SqlDeviceCodes
from actas.store.memory_sign_in import MemoryConsents, MemoryDeviceCodes


class TestInMemory(ConsentStoreSuite):
    @pytest.fixture
    def devices(self, clock: FixedClock) -> MemoryDeviceCodes:
        return MemoryDeviceCodes(clock=clock)

    @pytest.fixture
    def store(self, devices: MemoryDeviceCodes) -> MemoryConsents:
        return MemoryConsents(devices)

    @pytest.fixture
    def other(self, store: MemoryConsents) -> MemoryConsents:
        return store

    @pytest.fixture
    def waiting(self, store: MemoryConsents, devices: MemoryDeviceCodes) -> Waiting:
        async def entries() -> list[str]:
            return [one.entry for one in (*store.records, *devices.records)]

        return entries


class _OnADatabase(ConsentStoreSuite):
    @pytest.fixture
    def devices(self, another: Database, clock: FixedClock) -> SqlDeviceCodes:
        return SqlDeviceCodes(another, clock=clock)

    @pytest.fixture
    def store(self, one: Database) -> SqlConsents:
        return SqlConsents(one)

    @pytest.fixture
    def other(self, another: Database) -> SqlConsents:
        return SqlConsents(another)


class TestOnSqlite(OnSqlite, _OnADatabase):
    pass


class TestOnPostgres(OnPostgres, _OnADatabase):
    pass
