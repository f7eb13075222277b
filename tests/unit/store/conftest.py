"""What the tests of the stores share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.fakes.audit import FaultyDisk
from tests.fakes.clock import FixedClock

from actas.store.marks import Marks, open_marks


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
async def marks(tmp_path: Path, clock: FixedClock) -> AsyncIterator[Marks]:
    marks = await open_marks(tmp_path, clock=clock)
    yield marks
    await marks.close()


@pytest.fixture
def disk() -> Iterator[FaultyDisk]:
    disk = FaultyDisk()
    yield disk
    disk.fault = None
    disk.free.set()
