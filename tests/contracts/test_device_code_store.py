"""Every store of what devices ask passes the suite."""

from __future__ import annotations

import pytest
from tests.contracts.device_code_store import MOST, NOW, DeviceCodeStoreSuite, decided, given, kept
from tests.contracts.places import OnPostgres, OnSqlite
from tests.fakes.clock import FixedClock

from actas.store.database import Database
from actas.store.device_codes import SqlDeviceCodes
from actas.store.memory_sign_in import MemoryDeviceCodes
from actas.store.outbox import TAKEN_FOR, Outbox


class TestInMemory(DeviceCodeStoreSuite):
    @pytest.fixture
    def store(self, clock: FixedClock) -> MemoryDeviceCodes:
        return MemoryDeviceCodes(clock=clock)

    @pytest.fixture
    def other(self, store: MemoryDeviceCodes) -> MemoryDeviceCodes:
        return store


class _OnADatabase(DeviceCodeStoreSuite):
    @pytest.fixture
    def store(self, one: Database, clock: FixedClock) -> SqlDeviceCodes:
        return SqlDeviceCodes(one, clock=clock)

    @pytest.fixture
    def other(self, another: Database, clock: FixedClock) -> SqlDeviceCodes:
        return SqlDeviceCodes(another, clock=clock)

    @pytest.mark.requirement("REL-01")
    async def test_what_is_allowed_is_kept_with_its_entry_or_not_at_all(
        self, store: SqlDeviceCodes, another: Database
    ) -> None:
        await store.keep(kept(), now=NOW, most=MOST)
        for number in range(2):
            await store.decide(decided("allowed", record=given(f"e-{number}")))
        waiting = await Outbox(another).take(now=NOW + TAKEN_FOR + 1)
        assert [one.entry for one in waiting] == ["e-0"]


class TestOnSqlite(OnSqlite, _OnADatabase):
    pass


class TestOnPostgres(OnPostgres, _OnADatabase):
    pass
