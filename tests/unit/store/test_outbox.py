"""Entries that wait to be written: whose turn it is, in which order, and until when."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import insert
from tests.fakes.clock import NOON, FixedClock

from actas.core.records import Record
from actas.store.database import Database, open_database
from actas.store.outbox import TAKEN_FOR, Outbox
from actas.store.tables import OUTBOX


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await open_database(tmp_path, clock=FixedClock())
    yield opened
    await opened.close()


def record(entry: str) -> Record:
    return Record(entry=entry, event="keys:removed", body=f'{{"id":"{entry}"}}'.encode(), at=float(NOON))


async def put(database: Database, outbox: Outbox, *entries: str) -> None:
    async with database.writing() as connection:
        await outbox.put(connection, [record(one) for one in entries])


async def taken(outbox: Outbox, *, after: float = 0) -> list[str]:
    return [one.entry for one in await outbox.take(now=NOON + after)]


@pytest.mark.requirement("REL-01")
async def test_who_made_a_change_writes_its_entries_at_once_and_others_only_when_it_does_not(
    database: Database,
) -> None:
    mine, theirs = Outbox(database), Outbox(database)
    await put(database, mine, "x_2", "x_1")
    assert await taken(theirs) == []
    assert await taken(theirs, after=TAKEN_FOR) == []
    assert await taken(mine) == ["x_1", "x_2"]
    assert await taken(theirs, after=TAKEN_FOR + 1) == ["x_1", "x_2"]
    # From then on it is the other's turn.
    assert await taken(mine, after=TAKEN_FOR + 2) == []


@pytest.mark.requirement("REL-01")
async def test_what_is_written_waits_no_more_and_what_is_not_stays(database: Database) -> None:
    outbox = Outbox(database)
    await put(database, outbox, "x_1", "x_2")
    (first, _) = await outbox.take(now=NOON)
    assert (first.body, first.event) == (b'{"id":"x_1"}', "keys:removed")
    await outbox.written("x_1")
    assert await taken(outbox) == ["x_2"]
    await outbox.written("x_2")
    await outbox.written("x_2")
    assert await taken(outbox) == []


@pytest.mark.requirement("REL-01")
async def test_a_transaction_that_fails_leaves_no_entry(database: Database) -> None:
    outbox = Outbox(database)

    async def fail() -> None:
        async with database.writing() as connection:
            await outbox.put(connection, [record("x_1")])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await taken(outbox) == []


@pytest.mark.requirement("REL-26")
async def test_an_event_of_a_later_release_is_left_to_it(database: Database) -> None:
    outbox = Outbox(database)
    async with database.writing() as connection:
        await connection.execute(
            insert(OUTBOX).values(
                entry="x_0", place=0, event="vault:linked", body="{}", taken_by="later", taken_at=0
            )
        )
    await put(database, outbox, "x_1")
    assert await taken(outbox) == ["x_1"]
    assert await taken(outbox, after=3600) == ["x_1"]
