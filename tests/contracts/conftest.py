"""Two ways to one database, whose ``place`` the class says (``places``)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from sqlalchemy import select
from tests.fakes.clock import FixedClock

from actas.store.database import Database, Place, open_database
from actas.store.tables import OUTBOX


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


@pytest.fixture
def waiting(another: Database) -> Callable[[], Awaitable[list[str]]]:
    """The entries that were kept with a change and stand in no stream yet, in order of their names."""

    async def entries() -> list[str]:
        async with another.reading() as connection:
            return sorted((await connection.execute(select(OUTBOX.c.entry))).scalars())

    return entries
