"""The marks of a data folder when something is in their way: every claim is refused, and service returns."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import apsw
import pytest
from tests.contracts.mark_store import claimed
from tests.fakes.clock import NOON, FixedClock

from actas.store import audit_sqlite, marks_file
from actas.store import marks as marks_module
from actas.store.marks import Marks, MarksUnavailable, open_marks
from actas.store.marks_file import Claim, MarksFile


def full(self: MarksFile, claims: list[Claim], *, now: int) -> list[bool | None]:
    raise apsw.FullError("database or disk is full")


def unreadable(self: MarksFile, claims: list[Claim], *, now: int) -> list[bool | None]:
    raise OSError("input/output error")


def unforeseen(self: MarksFile, claims: list[Claim], *, now: int) -> list[bool | None]:
    raise KeyError("nobody thought of this")


@pytest.mark.requirement("REL-19")
@pytest.mark.parametrize("failure", [full, unreadable, unforeseen])
async def test_a_failure_refuses_every_claim_of_the_batch_and_service_returns(
    marks: Marks, monkeypatch: pytest.MonkeyPatch, failure: Callable[..., list[bool | None]]
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(MarksFile, "claim", failure)
        answers = await asyncio.gather(*[claimed(marks, "a") for _ in range(5)], return_exceptions=True)
    assert all(isinstance(one, MarksUnavailable) for one in answers)
    assert marks.trouble is not None
    assert await claimed(marks, "b")
    assert marks.trouble is None


@pytest.mark.requirement("REL-19")
@pytest.mark.parametrize("sql", ["INSERT", "DELETE", "UPDATE", "COMMIT", "SELECT", "BEGIN"])
async def test_a_statement_that_fails_refuses_the_claim_and_the_next_connection_serves(
    marks: Marks, monkeypatch: pytest.MonkeyPatch, clock: FixedClock, sql: str
) -> None:
    assert await claimed(marks, "past")
    clock.advance(10_000)
    later = int(clock.now()) + 60

    class Broken:
        def __init__(self, database: audit_sqlite.Database) -> None:
            self._database = database

        def execute(self, statements: str, bindings: tuple[object, ...] = ()) -> audit_sqlite.Cursor:
            if statements.startswith(sql):
                raise apsw.IOError("disk I/O error")
            return self._database.execute(statements, bindings)

        def close(self, force: bool) -> None:
            self._database.close(force)

    file = marks._file
    assert file._db is not None
    monkeypatch.setattr(file, "_db", Broken(file._db))
    with pytest.raises(MarksUnavailable, match="disk I/O error"):
        await claimed(marks, "a", at=later)
    assert await claimed(marks, "a", at=later)
    assert not await claimed(marks, "a", at=later)


@pytest.mark.requirement("REL-19")
async def test_a_lock_that_somebody_holds_refuses_and_the_claim_is_not_used_up(
    marks: Marks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert marks._file._db is not None
    marks._file._db.set_busy_timeout(10)
    with closing(apsw.Connection(str(tmp_path / "marks.db"))) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(MarksUnavailable, match="locked"):
            await claimed(marks, "a")
        holder.execute("ROLLBACK")
    assert await claimed(marks, "a")


@pytest.mark.requirement("REL-19")
async def test_a_store_that_hangs_refuses_in_time_and_sheds_what_comes_later(
    marks: Marks, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    claim = MarksFile.claim

    def hanging(self: MarksFile, claims: list[Claim], *, now: int) -> list[bool | None]:
        gate.wait(60)
        return claim(self, claims, now=now)

    monkeypatch.setattr(MarksFile, "claim", hanging)
    monkeypatch.setattr(Marks, "patience", 0.01)
    monkeypatch.setattr(marks_module, "MOST_WAITING", 2)
    for _ in range(2):
        with pytest.raises(MarksUnavailable, match="not recorded within"):
            await claimed(marks, "a")
    with pytest.raises(MarksUnavailable, match="2 claims wait"):
        await claimed(marks, "b")
    monkeypatch.setattr(Marks, "patience", 10)
    gate.set()
    monkeypatch.setattr(marks_module, "MOST_WAITING", 10)
    # Somebody may have recorded it after the caller was refused: a fresh token is the price, never a second use.
    assert not await claimed(marks, "a")
    assert await claimed(marks, "b")


async def test_a_caller_who_went_away_does_not_disturb_the_others(marks: Marks) -> None:
    tasks = [asyncio.create_task(claimed(marks, f"t{n}")) for n in range(4)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [answers[n] for n in (0, 2, 3)] == [True, True, True]
    assert isinstance(answers[1], asyncio.CancelledError)


@pytest.mark.requirement("REL-19")
@pytest.mark.parametrize("name", ["marks.db", "marks.db-wal"])
@pytest.mark.parametrize("again", [False, True])
async def test_a_file_that_was_taken_away_refuses_until_somebody_looks_at_it(
    marks: Marks, tmp_path: Path, name: str, again: bool
) -> None:
    assert await claimed(marks, "a")
    (tmp_path / name).rename(tmp_path / "gone")
    if again:
        (tmp_path / name).write_bytes((tmp_path / "gone").read_bytes())
    with pytest.raises(MarksUnavailable, match="removed or replaced"):
        await claimed(marks, "b")
    if name == "marks.db":
        for _ in range(2):
            with pytest.raises(MarksUnavailable, match="removed or replaced"):
                await claimed(marks, "a")


async def test_what_waits_is_recorded_before_closing_and_nothing_after_it(
    tmp_path: Path, clock: FixedClock
) -> None:
    marks = await open_marks(tmp_path, clock=clock)
    tasks = [asyncio.create_task(claimed(marks, f"t{n}")) for n in range(600)]
    await asyncio.sleep(0)
    await asyncio.gather(marks.close(), marks.close())
    assert all(await asyncio.gather(*tasks))
    with pytest.raises(MarksUnavailable, match="closed"):
        await claimed(marks, "later")


def test_a_loop_that_ended_without_closing_leaves_marks_that_refuse(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()

    def slow(self: MarksFile, claims: list[Claim], *, now: int) -> list[bool | None]:
        gate.wait(60)
        return [True for _ in claims]

    monkeypatch.setattr(MarksFile, "claim", slow)

    async def abandoned() -> Marks:
        marks = await open_marks(tmp_path, clock=clock)
        task = asyncio.create_task(claimed(marks, "a"))
        await asyncio.sleep(0)
        task.cancel()
        return marks

    marks = asyncio.run(abandoned())
    gate.set()
    marks._queue.put(None)
    marks._thread.join(60)
    assert marks._closed


def another_release(path: Path) -> None:
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute("PRAGMA user_version = 2")


def somebody_elses(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE people (name TEXT)")


def garbage(path: Path) -> None:
    path.write_bytes(b"not a database, " * 1000)


def a_folder(path: Path) -> None:
    path.mkdir()


@pytest.mark.requirement("REL-27")
@pytest.mark.parametrize("make", [another_release, somebody_elses, garbage, a_folder])
async def test_a_file_that_is_not_ours_is_refused(
    tmp_path: Path, clock: FixedClock, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "marks.db")
    with pytest.raises(MarksUnavailable, match="cannot be used"):
        await open_marks(tmp_path, clock=clock)


@pytest.mark.requirement("REL-19")
async def test_an_unsound_sqlite_is_refused(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: "3.51.2")
    with pytest.raises(MarksUnavailable, match=r"SQLite 3\.51\.2 can corrupt.*3\.51\.3"):
        await open_marks(tmp_path, clock=clock)


def test_setting_up_tries_again_while_another_process_holds_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = apsw.Connection(str(tmp_path / "marks.db"))
    holder.execute("BEGIN EXCLUSIVE")
    monkeypatch.setattr(marks_file, "BUSY", 1)
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            holder.close()

    monkeypatch.setattr("time.sleep", sleep)
    file = MarksFile(tmp_path)
    assert len(slept) == 3
    assert file.claim([Claim(b"k", int(NOON) + 1)], now=int(NOON)) == [True]
    file.close()


def test_setting_up_gives_up_in_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks_file, "BUSY", 1)
    monkeypatch.setattr(marks_file, "_OPENING", -1)
    with closing(apsw.Connection(str(tmp_path / "marks.db"))) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(apsw.BusyError):
            MarksFile(tmp_path)
