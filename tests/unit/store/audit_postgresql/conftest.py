"""Writers of streams in one PostgreSQL, by a wire that may be cut."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import pytest
from tests.fakes.audit import CountingChance
from tests.fakes.between import Between
from tests.fakes.clock import FixedClock
from tests.fakes.shared_writer import Start

from actas.audit.chain import Head
from actas.core.errors import AuditUnavailable
from actas.core.secret import Secret
from actas.store.audit import NOTHING_SEALED, StreamWriter, WriterBounds
from actas.store.audit_shared import open_shared_writer
from actas.store.database import open_database


@pytest.fixture
async def url(postgres: str) -> str:
    """The address of a database at this release's schema."""
    await (await open_database(Secret(postgres), clock=FixedClock())).close()
    return postgres


@pytest.fixture
async def writers() -> AsyncIterator[list[StreamWriter]]:
    """Whoever is in here is closed after the test."""
    opened: list[StreamWriter] = []
    yield opened
    for one in opened:
        scribe: Any = one._scribe
        if not scribe._task.cancelled():
            with contextlib.suppress(AuditUnavailable):
                await one.close()


@pytest.fixture
def wire(url: str) -> Iterator[Between]:
    with Between(url) as between:
        yield between


@pytest.fixture
def start(writers: list[StreamWriter]) -> Start:
    async def starting(
        url: str, *, sealed: Mapping[str, Head] = NOTHING_SEALED, bounds: WriterBounds | None = None
    ) -> StreamWriter:
        writer = await open_shared_writer(
            Secret(url), clock=FixedClock(), chance=CountingChance(), sealed=sealed, bounds=bounds
        )
        writers.append(writer)
        return writer

    return starting
