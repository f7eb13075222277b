"""Reading streams beside their writers."""

from __future__ import annotations

import io
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from pathlib import Path

import apsw
import pytest
from tests.fakes.audit import CountingChance, bodies, body, event, rewrite
from tests.fakes.clock import NOON, FixedClock

from actas.audit.chain import EMPTY, Head, extend
from actas.audit.kept import CHUNK, LogUnreadable, StreamDamaged, StreamReader
from actas.audit.stream import instant
from actas.store.audit import StreamWriter, open_writer
from actas.store.audit_export import Part, export
from actas.store.audit_file import StreamFile
from actas.store.audit_folder import FolderLog, reading, streams
from actas.store.audit_reader import Follower, line_at, tail


@pytest.fixture
async def writer(tmp_path: Path) -> AsyncIterator[StreamWriter]:
    writer = await open_writer(tmp_path, clock=FixedClock(), chance=CountingChance())
    yield writer
    await writer.close()


def timed(name: str, at: float) -> bytes:
    return body(name)[:-1] + b',"at":"' + instant(at).encode() + b'"}'


def names(lines: list[bytes]) -> list[str]:
    return [str(event(line)["id"]) for line in lines if "event" not in event(line)]


async def test_what_is_written_is_read_at_once(tmp_path: Path, writer: StreamWriter) -> None:
    with reading(tmp_path / "s1.db") as reader:
        for n in range(3):
            receipt = await writer.append(body(f"x_{n}"))
            assert reader.head() == writer.head
            line = reader.line(receipt.seq)
            assert line is not None
            assert event(line)["id"] == f"x_{n}"
        assert reader.line(99) is None


class OneIsAway(FolderLog):
    """A log whose second stream cannot be read while ``away``."""

    away = True

    def reading(self, stream: str) -> AbstractContextManager[StreamReader]:
        if self.away and stream == "s2":
            raise LogUnreadable("it is away")
        return super().reading(stream)


async def test_whoever_follows_misses_nothing_of_a_look_that_failed(
    tmp_path: Path, writer: StreamWriter
) -> None:
    other = await open_writer(tmp_path, clock=FixedClock(), chance=CountingChance())
    await writer.append(body("x_a"))
    await other.append(body("x_b"))
    log = OneIsAway(tmp_path)
    follower = Follower(log, cursors={})
    with pytest.raises(LogUnreadable):
        follower.more()
    log.away = False
    assert names(follower.more()) == ["x_a", "x_b"]
    assert follower.more() == []
    await other.close()


async def test_rows_come_in_chunks_and_miss_nothing(tmp_path: Path, writer: StreamWriter) -> None:
    for one in bodies(CHUNK + 50):
        writer_task = writer.append(one)
        await writer_task
    with reading(tmp_path / "s1.db") as reader:
        assert [seq for seq, _ in reader.rows()] == list(range(1, CHUNK + 52))
        assert [seq for seq, _ in reader.rows(after=CHUNK)] == list(range(CHUNK + 1, CHUNK + 52))
        assert [seq for seq, _ in reader.last(3)] == [CHUNK + 49, CHUNK + 50, CHUNK + 51]


async def test_only_streams_are_listed_in_order(tmp_path: Path, writer: StreamWriter) -> None:
    for name in ("s10.db", "s2.db", "search.db", "s0.db", "sx.db", "s3.lock", "s4.db-wal"):
        (tmp_path / name).touch()
    assert streams(tmp_path) == ("s1", "s2", "s10")


async def test_one_line_is_found_by_its_place(tmp_path: Path, writer: StreamWriter) -> None:
    receipt = await writer.append(body("x_a"))
    line = line_at(FolderLog(tmp_path), "s1", receipt.seq)
    assert line is not None
    assert event(line)["id"] == "x_a"
    assert line_at(FolderLog(tmp_path), "s1", 99) is None
    assert line_at(FolderLog(tmp_path), "../s1", 1) is None


async def test_the_tail_is_the_last_of_all_streams_and_is_followed(
    tmp_path: Path, writer: StreamWriter
) -> None:
    other = await open_writer(tmp_path, clock=FixedClock(), chance=CountingChance())
    for n in range(4):
        await (writer if n % 2 else other).append(timed(f"x_{n}", NOON + n))
    lines, follower = tail(FolderLog(tmp_path), 3)
    assert names(lines) == ["x_1", "x_2", "x_3"]
    assert follower.more() == []
    await other.append(timed("x_5", NOON + 5))
    await writer.append(timed("x_4", NOON + 4))
    assert names(follower.more()) == ["x_4", "x_5"]
    assert follower.more() == []
    await other.close()


async def test_a_stream_that_is_born_later_is_followed_from_its_birth(
    tmp_path: Path, writer: StreamWriter
) -> None:
    _, follower = tail(FolderLog(tmp_path), 10)
    other = await open_writer(tmp_path, clock=FixedClock(), chance=CountingChance())
    await other.append(body("x_a"))
    assert [event(line)["stream"] for line in follower.more()] == ["s2", "s2"]
    await other.close()


async def test_an_export_holds_the_checkpoints_and_then_all_entries_by_time(
    tmp_path: Path, writer: StreamWriter
) -> None:
    other = await open_writer(tmp_path, clock=FixedClock(), chance=CountingChance())
    for n in range(6):
        await (writer if n % 2 else other).append(timed(f"x_{n}", NOON + n))
    (tmp_path / "checkpoints.jsonl").write_bytes(b'{"kind":"actas/Checkpoint","v":1,"jws":"a"}\n')
    sink = io.BytesIO()
    assert export(FolderLog(tmp_path), sink).entries == 8
    first, *lines = sink.getvalue().splitlines()
    assert event(first)["kind"] == "actas/Checkpoint"
    assert names(lines) == [f"x_{n}" for n in range(6)]
    await other.close()


async def test_an_export_since_an_instant_begins_there_and_has_no_gap(
    tmp_path: Path, writer: StreamWriter
) -> None:
    for n, at in enumerate([1, 5, 3, 7]):
        await writer.append(timed(f"x_{n}", NOON + at))
    sink = io.BytesIO()
    export(FolderLog(tmp_path), sink, Part(since=NOON + 4))
    assert names(sink.getvalue().splitlines()) == ["x_1", "x_2", "x_3"]


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(apsw.CantOpenError), reading(tmp_path / "s1.db"):
        pass
    assert not (tmp_path / "s1.db").exists()


async def test_a_damaged_entry_is_exported_as_it_is(tmp_path: Path, writer: StreamWriter) -> None:
    rewrite(
        tmp_path / "s1.db",
        lambda db: db.execute("INSERT INTO entries VALUES (2, X'FF22'), (3, CAST('{' AS BLOB))"),
    )
    sink = io.BytesIO()
    export(FolderLog(tmp_path), sink)
    assert sink.getvalue().splitlines()[1:] == [b"\xff\x22", b"{"]
    rewrite(tmp_path / "s1.db", lambda db: db.execute("DELETE FROM entries WHERE seq > 1"))


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
def test_a_file_that_its_writer_has_only_just_made_has_no_entries(tmp_path: Path, mode: str) -> None:
    """As whoever reads the log sees it while a node or a worker begins: no damage, and nothing yet."""
    path = tmp_path / "s1.db"
    path.touch()
    making = apsw.Connection(str(path))
    making.execute(f"PRAGMA journal_mode = {mode}")
    with FolderLog(tmp_path).reading("s1") as reader:
        assert (reader.head(), list(reader.rows())) == (EMPTY, [])
    StreamFile(path).close()
    with FolderLog(tmp_path).reading("s1") as reader:
        assert reader.head() == EMPTY


def test_a_file_that_lost_its_entries_but_not_its_state_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "s1.db"
    StreamFile(path).close()
    apsw.Connection(str(path)).execute("DROP TABLE entries")
    with pytest.raises(StreamDamaged, match="no such table"), FolderLog(tmp_path).reading("s1"):
        pass


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    file = StreamFile(tmp_path / "s1.db")
    lines, _ = extend(bodies(1), stream="s1", head=Head(0, "0" * 64))
    file.write(lines, after=0, delivered=0)
    with reading(tmp_path / "s1.db") as reader, pytest.raises(apsw.ReadOnlyError):
        reader._db.execute("DELETE FROM entries")
    file.close()


async def test_a_copy_is_read_where_nothing_may_be_written(writer: StreamWriter, tmp_path: Path) -> None:
    await writer.append(body("x_a"))
    await writer.close()
    folder = Path(tempfile.mkdtemp(prefix="actas-audit-"))
    try:
        shutil.copy(tmp_path / "s1.db", folder / "copy.db")
        (folder / "copy.db").chmod(0o444)
        folder.chmod(0o555)
        if os.getuid() == 0:
            os.seteuid(65534)
        try:
            with reading(folder / "copy.db") as reader:
                assert [event(line)["seq"] for _, line in reader.rows()] == [1, 2, 3]
        finally:
            if os.getuid() == 0:
                os.seteuid(0)
        assert list(folder.iterdir()) == [folder / "copy.db"]
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)
