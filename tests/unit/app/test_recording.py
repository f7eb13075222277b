"""Writing what was committed with a change: whoever in a process looks for it, it is written once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import cast

import pytest
from tests.fakes.clock import NOON, FixedClock

from actas.app.recording import write_waiting
from actas.audit.log import Minutes
from actas.core.records import Record
from actas.store.database import open_database
from actas.store.outbox import Outbox


class Slow:
    """Minutes that are written when there is time."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.begun = asyncio.Event()
        self.written: list[bytes] = []

    async def write(self, _event: str, body: bytes) -> None:
        self.begun.set()
        await self.go_on.wait()
        self.written.append(body)


@pytest.mark.requirement("REL-01")
async def test_an_entry_that_two_of_one_process_look_for_is_written_once(tmp_path: Path) -> None:
    """A change of configuration makes a key and writes it down, while the keeper of keys looks every second."""
    database, clock, minutes = await open_database(tmp_path, clock=FixedClock()), FixedClock(), Slow()
    outbox = Outbox(database)
    async with database.writing() as connection:
        await outbox.put(connection, [Record(entry="x_1", event="keys:created", body=b"{}", at=float(NOON))])

    async def writing() -> None:
        await write_waiting(outbox, cast("Minutes", minutes), clock=clock)

    first = asyncio.create_task(writing())
    await minutes.begun.wait()
    second = asyncio.create_task(writing())
    await asyncio.wait({second}, timeout=0.5)  # as far as it comes
    minutes.go_on.set()
    await asyncio.gather(first, second)
    assert minutes.written == [b"{}"]
    await database.close()
