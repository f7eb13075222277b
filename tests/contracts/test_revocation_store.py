"""Every store of revocations passes the suite."""

from __future__ import annotations

import pytest
from tests.contracts.places import OnPostgres, OnSqlite
from tests.contracts.revocation_store import RevocationStoreSuite
from tests.fakes.clock import FixedClock

from actas.store.database import Database
from actas.store.revocations import RevocationList


class _OnADatabase(RevocationStoreSuite):
    @pytest.fixture
    def store(self, one: Database, clock: FixedClock) -> RevocationList:
        return RevocationList(one, clock=clock)

    @pytest.fixture
    def other(self, another: Database, clock: FixedClock) -> RevocationList:
        return RevocationList(another, clock=clock)


class TestOnSqlite(OnSqlite, _OnADatabase):
    pass


class TestOnPostgres(OnPostgres, _OnADatabase):
    pass
