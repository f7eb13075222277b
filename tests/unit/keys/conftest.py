"""Two nodes that share keys."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.fakes.rotating import Node, Time

from actas.store.database import open_database
from actas.store.keys import SqlKeyStore


@pytest.fixture
def clock() -> Time:
    return Time()


@pytest.fixture
async def shared(tmp_path: Path, clock: Time) -> AsyncIterator[SqlKeyStore]:
    database = await open_database(tmp_path, clock=clock)
    yield SqlKeyStore(database)
    await database.close()


@pytest.fixture
async def nodes(shared: SqlKeyStore, clock: Time) -> list[Node]:
    return [await Node.start(shared, clock) for _ in range(2)]
