"""The store of the configuration passes the suite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.contracts.configuration_store import ConfigurationStoreSuite
from tests.fakes.clock import FixedClock

from actas.core.secret import Secret
from actas.store.configuration import SqlConfiguration
from actas.store.database import open_database


class TestSqliteConfiguration(ConfigurationStoreSuite):
    @pytest.fixture
    async def store(self, tmp_path: Path) -> AsyncIterator[SqlConfiguration]:
        database = await open_database(tmp_path, clock=FixedClock())
        yield SqlConfiguration(database)
        await database.close()

    @pytest.fixture
    async def other(self, store: SqlConfiguration, tmp_path: Path) -> AsyncIterator[SqlConfiguration]:
        database = await open_database(Secret(f"sqlite:///{tmp_path}/actas.db"), clock=FixedClock())
        yield SqlConfiguration(database)
        await database.close()


class TestPostgresqlConfiguration(ConfigurationStoreSuite):
    @pytest.fixture
    async def store(self, postgres: str) -> AsyncIterator[SqlConfiguration]:
        database = await open_database(Secret(postgres), clock=FixedClock())
        yield SqlConfiguration(database)
        await database.close()

    @pytest.fixture
    async def other(self, store: SqlConfiguration, postgres: str) -> AsyncIterator[SqlConfiguration]:
        database = await open_database(Secret(postgres), clock=FixedClock())
        yield SqlConfiguration(database)
        await database.close()
