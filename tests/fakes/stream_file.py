"""A stream in a file whose storage may fail: its writer, what it keeps, and what a request then meets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from actas.audit.chain import EMPTY, follow
from actas.core.errors import AuditUnavailable
from actas.store.audit import StreamWriter, WriterBounds, open_writer
from actas.store.audit_folder import reading
from tests.fakes.audit import CountingChance, event
from tests.fakes.clock import FixedClock

QUICK: Final = WriterBounds(limit=1.0, closing=2.0)


async def start(folder: Path, *, vfs: str | None = None, bounds: WriterBounds = QUICK) -> StreamWriter:
    """Open a writer that gives up soon."""
    return await open_writer(folder, clock=FixedClock(), chance=CountingChance(), vfs=vfs, bounds=bounds)


def ids(folder: Path) -> list[str]:
    """Return the ids of all entries, once the chain is followed."""
    with reading(folder / "s1.db") as reader:
        rows = list(reader.rows())
    follow(rows, stream="s1", head=EMPTY)
    return [str(event(line)["id"]) for _, line in rows]


async def until(true: Callable[[], object]) -> None:
    """Wait for something that another thread does; a test that waits in vain fails by its time limit."""
    while not true():
        await asyncio.sleep(0.005)


async def refused(writer: StreamWriter, sent: bytes) -> AuditUnavailable:
    """Append, see it refused, and return why."""
    with pytest.raises(AuditUnavailable) as failed:
        await writer.append(sent)
    assert not failed.value.overloaded
    return failed.value
