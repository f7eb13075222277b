"""Every store of sinks passes the suite."""

from __future__ import annotations

import pytest
from tests.contracts.places import OnPostgres, OnSqlite
from tests.contracts.sink_store import SinkStoreSuite

from actas.store.database import Database
from actas.store.sinks import SqlSinks


class _OnADatabase(SinkStoreSuite):
    @pytest.fixture
    def store(self, one: Database) -> SqlSinks:
        return SqlSinks(one)

    @pytest.fixture
    def other(self, another: Database) -> SqlSinks:
        return SqlSinks(another)

    @pytest.fixture
    def elsewhere(self, another: Database) -> SqlSinks:
        return SqlSinks(another, log="of another node")


class TestOnSqlite(OnSqlite, _OnADatabase):
    pass


class TestOnPostgres(OnPostgres, _OnADatabase):
    pass
