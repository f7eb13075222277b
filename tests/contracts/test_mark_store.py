"""Every store of marks passes the suite; one that looks before it writes does not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.contracts.mark_store import MarkStoreSuite
from tests.fakes.clock import FixedClock

from actas.core.secret import Secret
from actas.store.database import open_database
from actas.store.marks import Marks, open_marks
from actas.store.marks_postgresql import PostgresqlMarks, open_shared_marks
from actas.store.memory import MemoryMarks


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a claim wait as long as it takes: that whoever waits too long is refused is tested elsewhere."""
    for kind in (Marks, PostgresqlMarks):
        monkeypatch.setattr(kind, "patience", 30.0)


class TestMarks(MarkStoreSuite):
    @pytest.fixture
    async def marks(self, tmp_path: Path, clock: FixedClock) -> AsyncIterator[Marks]:
        marks = await open_marks(tmp_path, clock=clock)
        yield marks
        await marks.close()

    @pytest.fixture
    async def other(self, tmp_path: Path, clock: FixedClock) -> AsyncIterator[Marks]:
        other = await open_marks(tmp_path, clock=clock)
        yield other
        await other.close()


class TestPostgresqlMarks(MarkStoreSuite):
    @pytest.fixture
    async def marks(self, postgres: str, clock: FixedClock) -> AsyncIterator[PostgresqlMarks]:
        await (await open_database(Secret(postgres), clock=clock)).close()
        marks = await open_shared_marks(Secret(postgres), clock=clock)
        yield marks
        await marks.close()

    @pytest.fixture
    async def other(
        self, marks: PostgresqlMarks, postgres: str, clock: FixedClock
    ) -> AsyncIterator[PostgresqlMarks]:
        other = await open_shared_marks(Secret(postgres), clock=clock)
        yield other
        await other.close()


class TestMemoryMarks(MarkStoreSuite):
    @pytest.fixture
    def marks(self, clock: FixedClock) -> MemoryMarks:
        return MemoryMarks(clock=clock)

    @pytest.fixture
    def other(self, marks: MemoryMarks) -> MemoryMarks:
        return marks


class LookingFirst:
    """Looks whether there is a mark, and then makes one: what the suite must not let pass."""

    def __init__(self) -> None:
        self._marks: set[str] = set()

    async def claim(self, *, purpose: str, issuer: str, token_id: str, expires_at: int) -> bool:
        first = token_id not in self._marks
        await asyncio.sleep(0)
        self._marks.add(token_id)
        return first


@pytest.mark.requirement("SEC-11")
async def test_a_store_that_looks_before_it_writes_does_not_pass() -> None:
    broken = LookingFirst()
    with pytest.raises(AssertionError):
        await MarkStoreSuite().test_of_fifty_at_once_exactly_one_succeeds(broken, broken)
