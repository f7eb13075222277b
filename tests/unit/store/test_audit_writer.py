"""The writer when all is well: group commit, deliveries, closing."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import apsw
import pytest
from tests.fakes.audit import CountingChance, FaultyDisk, bodies, body, event
from tests.fakes.clock import FixedClock
from tests.fakes.stream_file import until

from actas.audit.chain import EMPTY, follow
from actas.core.errors import AuditUnavailable
from actas.store.audit import StreamWriter, WriterBounds, open_writer
from actas.store.audit_file import StreamFile
from actas.store.audit_folder import reading


async def start(folder: Path, *, vfs: str | None = None, bounds: WriterBounds | None = None) -> StreamWriter:
    return await open_writer(folder, clock=FixedClock(), chance=CountingChance(), vfs=vfs, bounds=bounds)


def lines(folder: Path, stream: str = "s1") -> list[bytes]:
    with reading(folder / f"{stream}.db") as reader:
        return [line for _, line in reader.rows()]


def state(folder: Path) -> tuple[Any, ...]:
    database = apsw.Connection(str(folder / "s1.db"))
    try:
        return tuple(database.execute("SELECT delivered, clean FROM state").get)
    finally:
        database.close()


async def test_the_first_entry_of_a_stream_is_its_birth(tmp_path: Path) -> None:
    writer = await start(tmp_path)
    assert event(lines(tmp_path)[0])["event"] == "log:started"
    assert (await writer.append(body("x_a"))).seq == 2
    await writer.close()


async def test_each_writer_of_a_folder_has_a_stream_of_its_own(tmp_path: Path) -> None:
    first, second = await start(tmp_path), await start(tmp_path)
    assert (first.stream, second.stream) == ("s1", "s2")
    await asyncio.gather(first.append(body("x_a")), second.append(body("x_b")))
    await asyncio.gather(first.close(), second.close())
    assert event(lines(tmp_path, "s2")[1])["id"] == "x_b"


@pytest.mark.requirement("SEC-88")
async def test_a_closed_stream_is_taken_up_where_it_ended(tmp_path: Path) -> None:
    for _ in range(3):
        writer = await start(tmp_path)
        await writer.append(body("x_a"))
        head = writer.head
        await writer.close()
        assert follow(enumerate(lines(tmp_path)[: head.seq], 1), stream="s1", head=EMPTY) == head
    kinds = [event(line).get("event") for line in lines(tmp_path)]
    assert kinds == ["log:started", None, "log:closed"] * 3


async def test_requests_in_flight_share_one_transaction(
    tmp_path: Path, disk: FaultyDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    write = StreamFile.write

    def counting(file: StreamFile, written: tuple[bytes, ...], **rest: Any) -> None:
        batches.append(len(written))
        write(file, written, **rest)

    monkeypatch.setattr(StreamFile, "write", counting)
    writer = await start(tmp_path, vfs=disk.vfs, bounds=WriterBounds(batch=100, limit=60))
    disk.free.clear()
    one = asyncio.create_task(writer.append(body("x_first")))
    await until(disk.hanging.is_set)
    rest = [asyncio.create_task(writer.append(one)) for one in bodies(250)]
    await asyncio.sleep(0)
    disk.free.set()
    await asyncio.gather(one, *rest)
    assert batches[:4] == [1, 100, 100, 50]
    await writer.close()


@pytest.mark.requirement("REL-01")
async def test_nobody_is_answered_before_the_sync(tmp_path: Path, disk: FaultyDisk) -> None:
    writer = await start(tmp_path, vfs=disk.vfs, bounds=WriterBounds(limit=60))
    disk.free.clear()
    waiting = asyncio.create_task(writer.append(body("x_a")))
    await until(disk.hanging.is_set)
    assert not waiting.done()
    assert writer.head.seq == 1
    disk.free.set()
    assert (await waiting).seq == writer.head.seq == 2
    await writer.close()


async def test_a_full_queue_sheds_at_once(tmp_path: Path, disk: FaultyDisk) -> None:
    writer = await start(tmp_path, vfs=disk.vfs, bounds=WriterBounds(queue=10, limit=60))
    disk.free.clear()
    first = asyncio.create_task(writer.append(body("x_first")))
    await until(disk.hanging.is_set)
    rest = [asyncio.create_task(writer.append(one)) for one in bodies(10)]
    await asyncio.sleep(0)
    with pytest.raises(AuditUnavailable) as refused:
        await writer.append(body("x_shed"))
    assert refused.value.overloaded
    disk.free.set()
    await asyncio.gather(first, *rest)
    assert (await writer.append(body("x_after"))).seq == 13
    await writer.close()
    assert b"x_shed" not in b"".join(lines(tmp_path))


@pytest.mark.requirement("REL-03")
async def test_the_watermark_follows_with_the_next_batch(tmp_path: Path) -> None:
    writer = await start(tmp_path)
    first, second = [await writer.append(one) for one in bodies(2)]
    writer.delivered(second)
    await writer.append(body("x_a"))
    assert state(tmp_path) == (first.seq - 1, 0)
    writer.delivered(first)
    await writer.append(body("x_b"))
    assert state(tmp_path) == (4, 0)
    await writer.close()


@pytest.mark.requirement("REL-03")
async def test_the_watermark_follows_by_itself_when_nobody_asks(tmp_path: Path) -> None:
    writer = await start(tmp_path, bounds=WriterBounds(limit=1.0))
    receipt = await writer.append(bodies(1)[0])
    writer.delivered(receipt)
    await until(lambda: state(tmp_path) != (1, 0))
    assert state(tmp_path) == (2, 0)
    await writer.close()


@pytest.mark.requirement("REL-03")
async def test_an_answer_that_leaves_late_is_noted_too(tmp_path: Path) -> None:
    writer = await start(tmp_path, bounds=WriterBounds(limit=1.0))
    receipt = await writer.append(bodies(1)[0])
    await until(lambda: writer._timer is None)
    writer.delivered(receipt)
    await until(lambda: state(tmp_path) != (1, 0))
    assert state(tmp_path) == (2, 0)
    await writer.close()


@pytest.mark.requirement("REL-03")
async def test_an_answer_that_leaves_while_a_note_is_written_is_noted_after_it(
    tmp_path: Path, disk: FaultyDisk
) -> None:
    writer = await start(tmp_path, vfs=disk.vfs, bounds=WriterBounds(limit=2.0))
    first, second = [await writer.append(one) for one in bodies(2)]
    await until(lambda: writer._timer is None)
    disk.free.clear()
    writer.delivered(first)
    await until(disk.hanging.is_set)
    writer.delivered(second)
    await asyncio.sleep(2 * writer._tick)
    disk.free.set()
    await until(lambda: state(tmp_path)[0] == 3)
    assert state(tmp_path) == (3, 0)
    await writer.close()


@pytest.mark.requirement("REL-02")
async def test_a_note_of_a_delivery_that_hangs_is_seen_though_nobody_waits(
    tmp_path: Path, disk: FaultyDisk
) -> None:
    writer = await start(tmp_path, vfs=disk.vfs, bounds=WriterBounds(limit=1.0))
    receipt = await writer.append(bodies(1)[0])
    await until(lambda: writer._timer is None)
    disk.free.clear()
    writer.delivered(receipt)
    await until(lambda: writer.trouble is not None)
    assert writer.trouble == "stream s1 has not answered for 1.0 s"
    disk.free.set()
    await until(lambda: writer.trouble is None)
    assert (await writer.append(body("x_after"))).seq == receipt.seq + 1
    await writer.close()


@pytest.mark.requirement("REL-03")
async def test_a_clean_close_names_what_never_left(tmp_path: Path) -> None:
    writer = await start(tmp_path)
    receipts = [await writer.append(one) for one in bodies(3)]
    writer.delivered(receipts[1])
    await writer.close()
    closed = event(lines(tmp_path)[-1])
    assert closed["event"] == "log:closed"
    assert closed["facts"] == {"delivery_unknown": ["x_1", "x_3"]}
    again = await start(tmp_path)
    assert again.unknown == ()
    await again.close()


@pytest.mark.requirement("REL-03")
async def test_an_answer_long_overdue_is_set_aside_and_named_when_closing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = await start(tmp_path)
    await writer.append(bodies(1)[0])
    monkeypatch.setattr("actas.audit.delivery.PATIENCE", 0.0)
    await writer.append(body("x_a"))
    assert state(tmp_path) == (2, 0)
    await writer.close()
    assert event(lines(tmp_path)[-1])["facts"] == {"delivery_unknown": ["x_1"]}


async def test_closing_writes_what_waits_and_then_refuses(tmp_path: Path) -> None:
    writer = await start(tmp_path)
    waiting = [asyncio.create_task(writer.append(one)) for one in bodies(50)]
    await asyncio.sleep(0)
    await writer.close()
    assert [(await one).seq for one in waiting] == list(range(2, 52))
    with pytest.raises(AuditUnavailable, match="closed"):
        await writer.append(body("x_late"))
    assert state(tmp_path)[1] == 1


async def test_closing_twice_is_closing_once(tmp_path: Path) -> None:
    writer = await start(tmp_path)
    await writer.close()
    await writer.close()
    assert [event(line)["event"] for line in lines(tmp_path)] == ["log:started", "log:closed"]


async def test_a_closed_stream_is_free_for_the_next(tmp_path: Path) -> None:
    await (await start(tmp_path)).close()
    again = await start(tmp_path)
    assert again.stream == "s1"
    await again.close()


async def test_the_files_are_nobody_else_s(tmp_path: Path) -> None:
    writer = await start(tmp_path / "audit")
    for name in ("s1.db", "s1.db-wal", "s1.lock"):
        assert (tmp_path / "audit" / name).stat().st_mode & 0o777 == 0o600, name
    await writer.close()
