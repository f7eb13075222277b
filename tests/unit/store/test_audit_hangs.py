"""When the storage hangs: nothing is issued, nobody waits for long, and service resumes by itself (REL-02)."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.fakes.audit import FaultyDisk, bodies, body, event
from tests.fakes.stream_file import ids, refused, start, until

from actas.core.errors import AuditUnavailable
from actas.store.audit import WriterBounds
from actas.store.audit_folder import reading

pytestmark = pytest.mark.requirement("REL-02")


async def test_a_write_that_hangs_is_given_up_and_others_are_refused_at_once(
    tmp_path: Path, disk: FaultyDisk
) -> None:
    writer = await start(tmp_path, vfs=disk.vfs)
    disk.free.clear()
    stuck = [asyncio.create_task(writer.append(one)) for one in bodies(3)]
    await until(disk.hanging.is_set)
    queued = [asyncio.create_task(writer.append(one)) for one in bodies(3, begin=4)]
    ends = await asyncio.gather(*stuck, *queued, return_exceptions=True)
    assert all(isinstance(end, AuditUnavailable) for end in ends)
    later = asyncio.create_task(refused(writer, body("x_later")))
    await asyncio.sleep(0)
    assert later.done()
    await later
    assert writer.trouble is not None
    disk.free.set()
    await until(lambda: writer.trouble is None)
    receipt = await writer.append(body("x_after"))
    kept = ids(tmp_path)
    assert kept[receipt.seq - 1] == "x_after"
    # What was in flight may have been written in the end, and nobody was told that it was.
    assert not {"x_4", "x_5", "x_6", "x_later"} & set(kept)
    await writer.close()


@pytest.mark.requirement("REL-01", "REL-03")
async def test_a_batch_that_was_committed_after_all_is_continued_from_and_named_undelivered(
    tmp_path: Path, disk: FaultyDisk
) -> None:
    writer = await start(tmp_path, vfs=disk.vfs)
    disk.free.clear()
    await refused(writer, bodies(1)[0])
    disk.free.set()
    await until(lambda: writer.trouble is None)
    assert writer.head.seq == 2
    assert (await writer.append(body("x_after"))).seq == 3
    await writer.close()
    with reading(tmp_path / "s1.db") as reader:
        closed = event(list(reader.rows())[-1][1])
    assert closed["facts"] == {"delivery_unknown": ["x_1"]}


async def test_with_the_usual_bounds_the_answer_comes_within_three_seconds(
    tmp_path: Path, disk: FaultyDisk
) -> None:
    writer = await start(tmp_path, vfs=disk.vfs, bounds=WriterBounds())
    disk.free.clear()
    begun = time.monotonic()
    await refused(writer, body("x_a"))
    assert 1.9 < time.monotonic() - begun < 3
    disk.free.set()
    await until(lambda: writer.trouble is None)
    assert time.monotonic() - begun < 8
    await writer.close()


async def test_the_event_loop_is_free_while_the_disk_hangs(tmp_path: Path, disk: FaultyDisk) -> None:
    writer = await start(tmp_path, vfs=disk.vfs)
    disk.free.clear()
    stuck = asyncio.create_task(writer.append(body("x_a")))
    await until(disk.hanging.is_set)
    turns = 0
    while not stuck.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 100
    disk.free.set()
    with pytest.raises(AuditUnavailable):
        await stuck
    await until(lambda: writer.trouble is None)
    await writer.close()


async def test_closing_while_the_disk_hangs_ends_in_time(tmp_path: Path, disk: FaultyDisk) -> None:
    writer = await start(tmp_path, vfs=disk.vfs)
    disk.free.clear()
    waiting = asyncio.create_task(writer.append(body("x_a")))
    await until(disk.hanging.is_set)
    with pytest.raises(AuditUnavailable, match="did not close within"):
        await writer.close()
    with pytest.raises(AuditUnavailable):
        await waiting


HANGS = """
import asyncio, sys
from pathlib import Path
from actas.core.errors import (AuditUnavailable)
from actas.store.audit import WriterBounds, open_writer
from tests.fakes.audit import CountingChance, FaultyDisk, body
from tests.fakes.clock import FixedClock

async def main():
    disk = FaultyDisk()
    writer = await open_writer(Path(sys.argv[1]), clock=FixedClock(), chance=CountingChance(), vfs=disk.vfs,
                               bounds=WriterBounds(limit=0.2, closing=0.5))
    disk.free.clear()
    for n in range(3):
        try:
            await writer.append(body("x_a"))
        except AuditUnavailable:
            print("refused", flush=True)
    try:
        await writer.close()
    except AuditUnavailable:
        print("left", flush=True)

asyncio.run(main())
"""


async def test_a_disk_that_hangs_for_ever_does_not_keep_the_process_from_stopping(tmp_path: Path) -> None:
    begun = time.monotonic()
    child = subprocess.run(
        [sys.executable, "-c", HANGS, str(tmp_path)], check=True, capture_output=True, text=True, timeout=30
    )
    assert child.stdout.split() == ["refused", "refused", "refused", "left"]
    assert time.monotonic() - begun < 15
