"""Two ways to one database, whose ``place`` the class says (``places``)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.fakes.clock import FixedClock

from actas.store.database import Database, Place, open_database


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
async def one(place: Place, clock: FixedClock) -> AsyncIterator[Database]:
    database = await open_database(place, clock=clock)
    yield database
    await database.close()


@pytest.fixture
async def another(one: Database, place: Place, clock: FixedClock) -> AsyncIterator[Database]:
    database = await open_database(place, clock=clock)
    yield database
    await database.close()
