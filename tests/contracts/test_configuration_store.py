"""The store of the configuration passes the suite."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.contracts.configuration_store import ConfigurationStoreSuite, commit, created, kept
from tests.fakes.clock import FixedClock

from actas.core.secret import Secret
from actas.store.configuration import SqlConfiguration
from actas.store.database import open_database
from actas.store.engine import EVERYBODY


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

    @pytest.mark.requirement("REL-21")
    async def test_a_change_is_heard_of_at_once(self, store: SqlConfiguration, postgres: str) -> None:
        database = await open_database(Secret(postgres), clock=FixedClock())
        heard: asyncio.Queue[str] = asyncio.Queue()
        listening = asyncio.create_task(database.hear(heard.put_nowait))
        try:
            assert await asyncio.wait_for(heard.get(), 30) == EVERYBODY
            assert await store.commit(commit(0, created(kept())), by="me")
            assert await asyncio.wait_for(heard.get(), 30) == "configuration"
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            await database.close()
