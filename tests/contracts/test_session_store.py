"""Every store of sessions passes the suite."""

from __future__ import annotations

import pytest
from tests.contracts.places import OnPostgres, OnSqlite
from tests.contracts.session_store import SessionStoreSuite
from tests.fakes.clock import FixedClock

from actas.store.database import Database
from actas.store.memory_sign_in import MemorySessions
from actas.store.sessions import SqlSessions


class TestInMemory(SessionStoreSuite):
    @pytest.fixture
    def store(self, clock: FixedClock) -> MemorySessions:
        return MemorySessions(clock=clock)

    @pytest.fixture
    def other(self, store: MemorySessions) -> MemorySessions:
        return store


class _OnADatabase(SessionStoreSuite):
    @pytest.fixture
    def store(self, one: Database, clock: FixedClock) -> SqlSessions:
        return SqlSessions(one, clock=clock)

    @pytest.fixture
    def other(self, another: Database, clock: FixedClock) -> SqlSessions:
        return SqlSessions(another, clock=clock)


class TestOnSqlite(OnSqlite, _OnADatabase):
    pass


class TestOnPostgres(OnPostgres, _OnADatabase):
    pass
