"""Every store of which apps sessions have served passes the suite."""

from __future__ import annotations

import pytest
from tests.contracts.places import OnPostgres, OnSqlite
from tests.contracts.session_apps import Revoke, SessionAppsSuite, entry_of
from tests.fakes.clock import FixedClock
from tests.fakes.in_memory import ListedRevocations

from actas.store.database import Database
from actas.store.memory_session_apps import MemorySessionApps
from actas.store.revocations import RevocationList
from actas.store.session_apps import SqlSessionApps


class TestInMemory(SessionAppsSuite):
    @pytest.fixture
    def revoked(self) -> ListedRevocations:
        return ListedRevocations()

    @pytest.fixture
    def store(self, clock: FixedClock, revoked: ListedRevocations) -> MemorySessionApps:
        made = MemorySessionApps(clock=clock, revoked=revoked.against)
        revoked.ends = made.end
        return made

    @pytest.fixture
    def other(self, store: MemorySessionApps) -> MemorySessionApps:
        return store

    @pytest.fixture
    def revoke(self, revoked: ListedRevocations) -> Revoke:
        async def add(mark: str, up_to: int) -> None:
            await revoked.add([entry_of(mark, up_to)])

        return add


class _OnADatabase(SessionAppsSuite):
    @pytest.fixture
    def store(self, one: Database, clock: FixedClock) -> SqlSessionApps:
        return SqlSessionApps(one, clock=clock)

    @pytest.fixture
    def other(self, another: Database, clock: FixedClock) -> SqlSessionApps:
        return SqlSessionApps(another, clock=clock)

    @pytest.fixture
    def revoke(self, one: Database, clock: FixedClock) -> Revoke:
        async def add(mark: str, up_to: int) -> None:
            await RevocationList(one, clock=clock).add([entry_of(mark, up_to)])

        return add


class TestOnSqlite(OnSqlite, _OnADatabase):
    pass


class TestOnPostgres(OnPostgres, _OnADatabase):
    pass
