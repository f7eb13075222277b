"""The store of the configuration passes the suite."""

from __future__ import annotations

import asyncio

import pytest
from tests.contracts.configuration_store import ConfigurationStoreSuite, commit, created, kept
from tests.contracts.places import OnPostgres, OnSqlite

from actas.store.configuration import SqlConfiguration
from actas.store.database import Database
from actas.store.engine import EVERYBODY


class _OnADatabase(ConfigurationStoreSuite):
    @pytest.fixture
    def store(self, one: Database) -> SqlConfiguration:
        return SqlConfiguration(one)

    @pytest.fixture
    def other(self, another: Database) -> SqlConfiguration:
        return SqlConfiguration(another)


class TestOnSqlite(OnSqlite, _OnADatabase):
    pass


class TestOnPostgres(OnPostgres, _OnADatabase):
    @pytest.mark.requirement("REL-21")
    async def test_a_change_is_heard_of_at_once(self, store: SqlConfiguration, another: Database) -> None:
        heard: asyncio.Queue[str] = asyncio.Queue()
        listening = asyncio.create_task(another.hear(heard.put_nowait))
        try:
            assert await asyncio.wait_for(heard.get(), 30) == EVERYBODY
            assert await store.commit(commit(0, created(kept())), by="me")
            assert await asyncio.wait_for(heard.get(), 30) == "configuration"
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
