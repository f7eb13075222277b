"""Taking a stream up after whatever happened to it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import apsw
import pytest
from tests.fakes.audit import CountingChance, bodies, body, event, rewrite
from tests.fakes.clock import FixedClock

from actas.audit.chain import EMPTY, Head, extend, follow, line_hash
from actas.audit.lifecycle import MOST_NAMED
from actas.core.errors import AuditUnavailable
from actas.store.audit import NOTHING_SEALED, StreamWriter, open_writer
from actas.store.audit_claim import free_streams
from actas.store.audit_file import StreamFile
from actas.store.audit_folder import reading
from actas.store.audit_sqlite import UnsoundSqlite

pytestmark = pytest.mark.requirement("REL-03")


async def start(folder: Path, *, sealed: Mapping[str, Head] = NOTHING_SEALED) -> StreamWriter:
    return await open_writer(folder, clock=FixedClock(), chance=CountingChance(), sealed=sealed)


def lines(folder: Path, stream: str = "s1") -> list[bytes]:
    with reading(folder / f"{stream}.db") as reader:
        return [line for _, line in reader.rows()]


async def crash(folder: Path, *, granted: int = 3, delivered: tuple[int, ...] = ()) -> Path:
    """Write tokens' entries, and return what a crash right then would leave: the files as they are."""
    writer = await start(folder / "before")
    receipts = [await writer.append(one) for one in bodies(granted)]
    for n in delivered:
        writer.delivered(receipts[n - 1])
    await writer.append(body("x_refused", outcome="refused"))
    shutil.copytree(folder / "before", folder / "after")
    await writer.close()
    return folder / "after"


async def test_a_crash_is_recovered_and_the_unknown_deliveries_named(tmp_path: Path) -> None:
    folder = await crash(tmp_path, granted=4, delivered=(1, 3))
    writer = await start(folder)
    assert writer.unknown == ("x_2", "x_3", "x_4")
    recovered = event(lines(folder)[-1])
    assert recovered["event"] == "log:recovered"
    assert recovered["facts"] == {"checked": [0, 6], "delivery_unknown": ["x_2", "x_3", "x_4"]}
    assert (await writer.append(body("x_next"))).seq == 8
    await writer.close()
    kept = lines(folder)
    assert follow(enumerate(kept, 1), stream="s1", head=EMPTY).seq == len(kept)


async def test_the_unknown_are_named_once(tmp_path: Path) -> None:
    folder = await crash(tmp_path)
    first = await start(folder)
    shutil.copytree(folder, tmp_path / "again")
    await first.close()
    second = await start(tmp_path / "again")
    assert second.unknown == ()
    assert event(lines(tmp_path / "again")[-1])["facts"] == {"checked": [5, 6]}
    await second.close()


async def test_what_was_set_aside_is_named_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = await start(tmp_path / "before")
    receipts = [await writer.append(one) for one in bodies(2)]
    writer.delivered(receipts[1])
    monkeypatch.setattr("actas.audit.delivery.PATIENCE", 0.0)
    await writer.append(body("x_a"))
    await writer.append(body("x_b"))
    shutil.copytree(tmp_path / "before", tmp_path / "after")
    await writer.close()
    again = await start(tmp_path / "after")
    assert again.unknown == ("x_1",)
    await again.close()


async def test_many_unknown_are_named_in_several_events(tmp_path: Path) -> None:
    folder = await crash(tmp_path, granted=MOST_NAMED + 10)
    writer = await start(folder)
    named = [event(line)["facts"]["delivery_unknown"] for line in lines(folder)[-2:]]
    assert [len(one) for one in named] == [MOST_NAMED, 10]
    await writer.close()


async def test_a_torn_tail_is_repaired(tmp_path: Path) -> None:
    folder = await crash(tmp_path)
    with (folder / "s1.db-wal").open("ab") as wal:
        wal.write(b"\x00garbage of a write that never ended" * 100)
    writer = await start(folder)
    assert writer.stream == "s1"
    assert writer.head.seq == 6
    await writer.close()


async def test_a_write_that_never_reached_the_disk_is_gone_whole(tmp_path: Path) -> None:
    folder = await crash(tmp_path)
    wal = (folder / "s1.db-wal").read_bytes()
    (folder / "s1.db-wal").write_bytes(wal[:-100])
    writer = await start(folder)
    kept = lines(folder)
    assert follow(enumerate(kept, 1), stream="s1", head=EMPTY).seq == len(kept)
    assert event(kept[-1])["event"] == "log:recovered"
    await writer.close()


async def test_a_stream_that_lost_its_state_is_checked_whole_and_nothing_is_taken_for_delivered(
    tmp_path: Path,
) -> None:
    folder = await crash(tmp_path, delivered=(1, 2, 3))
    rewrite(folder / "s1.db", lambda db: db.execute("DELETE FROM state"))
    writer = await start(folder)
    assert (writer.stream, writer.unknown) == ("s1", ("x_1", "x_2", "x_3"))
    assert event(lines(folder)[-1])["facts"]["checked"] == [0, 5]
    await writer.close()


async def test_checking_begins_where_the_last_opening_ended(tmp_path: Path) -> None:
    folder = await crash(tmp_path)
    await (await start(folder)).close()
    rewrite(folder / "s1.db", lambda db: db.execute("UPDATE state SET clean = 0"))
    writer = await start(folder)
    assert event(lines(folder)[-1])["facts"] == {"checked": [5, 7]}
    await writer.close()


async def test_checking_begins_at_the_seal_when_that_is_later(tmp_path: Path) -> None:
    folder = await crash(tmp_path)
    kept = lines(folder)
    writer = await start(folder, sealed={"s1": Head(4, line_hash(kept[3]))})
    assert event(lines(folder)[-1])["facts"]["checked"] == [4, 5]
    await writer.close()


def edit(db: apsw.Connection) -> None:
    db.execute("UPDATE entries SET line = replace(line, 'x_2', 'x_9') WHERE seq = 3")


def delete(db: apsw.Connection) -> None:
    db.execute("DELETE FROM entries WHERE seq = 3")


def append(db: apsw.Connection) -> None:
    line = extend([b'{"id":"x_forged"}'], stream="s1", head=Head(5, "0" * 64))[0][0]
    db.execute("INSERT INTO entries VALUES (6, ?)", (line,))


def retype(db: apsw.Connection) -> None:
    db.execute("UPDATE entries SET line = 5 WHERE seq = 1")


@pytest.mark.requirement("SEC-88")
@pytest.mark.parametrize(
    ("change", "seq"),
    [(edit, 3), (delete, 3), (append, 5), (retype, 1)],
    ids=lambda one: getattr(one, "__name__", ""),
)
async def test_a_stream_that_is_not_whole_is_passed_over_and_left_as_it_is(
    tmp_path: Path, change: Callable[[apsw.Connection], object], seq: int
) -> None:
    folder = await crash(tmp_path)
    rewrite(folder / "s1.db", change)
    before = (folder / "s1.db").read_bytes()
    writer = await start(folder)
    assert writer.stream == "s2"
    assert [(one.stream, one.seq) for one in writer.broken] == [("s1", seq)]
    (first,) = lines(folder, "s2")
    assert event(first)["event"] == "log:started"
    assert event(first)["facts"]["broken"][0]["stream"] == "s1"
    await writer.append(body("x_a"))
    await writer.close()
    assert (folder / "s1.db").read_bytes() == before


@pytest.mark.requirement("SEC-88")
async def test_a_file_that_is_no_database_is_passed_over(tmp_path: Path) -> None:
    tmp_path.joinpath("s1.db").write_bytes(b"not a database at all" * 500)
    writer = await start(tmp_path)
    assert (writer.stream, writer.broken[0].stream) == ("s2", "s1")
    await writer.close()


@pytest.mark.requirement("SEC-88")
async def test_a_stream_that_lost_what_is_sealed_is_passed_over(tmp_path: Path) -> None:
    folder = await crash(tmp_path)
    sealed = {"s1": Head(9, "ab" * 32)}
    writer = await start(folder, sealed=sealed)
    assert writer.stream == "s2"
    assert writer.broken[0].sentence == "entry 9 of s1 is sealed, but s1 ends at 5"
    await writer.close()


@pytest.mark.requirement("SEC-88")
async def test_a_stream_with_another_entry_than_the_sealed_one_is_passed_over(tmp_path: Path) -> None:
    folder = await crash(tmp_path)
    writer = await start(folder, sealed={"s1": Head(5, "ab" * 32)})
    assert (writer.stream, writer.broken[0].seq) == ("s2", 5)
    await writer.close()


@pytest.mark.requirement("SEC-88")
async def test_a_sealed_stream_that_is_gone_is_not_begun_again(tmp_path: Path) -> None:
    writer = await start(tmp_path, sealed={"s1": Head(5, "ab" * 32)})
    assert (writer.stream, writer.broken[0].sentence) == (
        "s2",
        "stream s1 is gone, and was sealed up to entry 5",
    )
    assert not (tmp_path / "s1.db").exists()
    await writer.close()


@pytest.mark.requirement("SEC-88")
async def test_a_stream_shorter_than_when_it_was_last_opened_is_passed_over(tmp_path: Path) -> None:
    folder = await crash(tmp_path)
    await (await start(folder)).close()
    rewrite(folder / "s1.db", lambda db: db.execute("DELETE FROM entries WHERE seq > 3"))
    writer = await start(folder)
    assert (writer.stream, writer.broken[0].seq) == ("s2", 4)
    await writer.close()


async def test_a_recovery_beside_a_broken_stream_names_it(tmp_path: Path) -> None:
    folder = await crash(tmp_path)
    shutil.copy(folder / "s1.db", folder / "s2.db")
    rewrite(folder / "s1.db", edit)
    shutil.rmtree(tmp_path / "before")
    other = await start(tmp_path / "before")
    second = await start(tmp_path / "before")
    await second.append(bodies(1)[0])
    shutil.copy(tmp_path / "before" / "s2.db", folder / "s2.db")
    shutil.copy(tmp_path / "before" / "s2.db-wal", folder / "s2.db-wal")
    await other.close()
    await second.close()
    writer = await start(folder)
    recovered = event(lines(folder, "s2")[-1])
    assert recovered["event"] == "log:recovered"
    assert recovered["facts"]["broken"][0]["stream"] == "s1"
    assert recovered["facts"]["delivery_unknown"] == ["x_1"]
    await writer.close()


async def test_more_writers_than_streams_are_refused(tmp_path: Path) -> None:
    held = list(free_streams(tmp_path))
    with pytest.raises(AuditUnavailable, match="are taken"):
        await start(tmp_path)
    held[6].release()
    writer = await start(tmp_path)
    assert writer.stream == "s7"
    await writer.close()


async def test_an_unsound_sqlite_writes_nothing_and_holds_no_stream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("apsw.sqlite_lib_version", lambda: "3.40.1")
        with pytest.raises(UnsoundSqlite):
            await start(tmp_path)
    writer = await start(tmp_path)
    assert writer.stream == "s1"
    await writer.close()


def test_a_state_lost_under_the_reader_is_damage(tmp_path: Path) -> None:
    file = StreamFile(tmp_path / "s1.db")
    rewrite(tmp_path / "s1.db", lambda db: db.execute("DELETE FROM state"))
    with pytest.raises(apsw.CorruptError, match="lost its state"):
        file.state()
    file.close()


@pytest.mark.requirement("REL-02")
async def test_storage_that_cannot_be_used_is_said_and_nothing_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "s1.db").mkdir()
    with pytest.raises(AuditUnavailable, match="s1 cannot be opened"):
        await start(tmp_path)
    (tmp_path / "s1.db").rmdir()
    writer = await start(tmp_path)
    assert writer.stream == "s1"
    await writer.close()
