"""Every store of revocations passes the suite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.contracts.revocation_store import RevocationStoreSuite
from tests.fakes.clock import FixedClock

from actas.core.secret import Secret
from actas.store.database import open_database
from actas.store.revocations import RevocationList


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


class TestOnSqlite(RevocationStoreSuite):
    @pytest.fixture
    async def store(self, tmp_path: Path, clock: FixedClock) -> AsyncIterator[RevocationList]:
        database = await open_database(tmp_path, clock=clock)
        yield RevocationList(database, clock=clock)
        await database.close()

    @pytest.fixture
    async def other(
        self, store: RevocationList, tmp_path: Path, clock: FixedClock
    ) -> AsyncIterator[RevocationList]:
        database = await open_database(tmp_path, clock=clock)
        yield RevocationList(database, clock=clock)
        await database.close()


class TestOnPostgres(RevocationStoreSuite):
    @pytest.fixture
    async def store(self, postgres: str, clock: FixedClock) -> AsyncIterator[RevocationList]:
        database = await open_database(Secret(postgres), clock=clock)
        yield RevocationList(database, clock=clock)
        await database.close()

    @pytest.fixture
    async def other(
        self, store: RevocationList, postgres: str, clock: FixedClock
    ) -> AsyncIterator[RevocationList]:
        database = await open_database(Secret(postgres), clock=clock)
        yield RevocationList(database, clock=clock)
        await database.close()
