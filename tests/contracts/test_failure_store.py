"""Every store of failures passes the suite."""

from __future__ import annotations

import pytest
from tests.contracts.failure_store import FailureStoreSuite
from tests.contracts.places import OnPostgres, OnSqlite

from actas.store.database import Database
from actas.store.failures import FailureList


class _OnADatabase(FailureStoreSuite):
    @pytest.fixture
    def store(self, one: Database) -> FailureList:
        return FailureList(one, me="one")

    @pytest.fixture
    def other(self, another: Database) -> FailureList:
        return FailureList(another, me="another")


class TestOnSqlite(OnSqlite, _OnADatabase):
    pass


class TestOnPostgres(OnPostgres, _OnADatabase):
    pass
