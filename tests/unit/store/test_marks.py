"""The marks of a data folder: what the contract suite cannot see from outside."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import apsw
import pytest
from tests.contracts.mark_store import SOON, claimed
from tests.fakes.clock import NOON, FixedClock
from tests.fakes.processes import run_together

from actas.store import audit_sqlite, marks_file
from actas.store import marks as marks_module
from actas.store.marks import Marks, MarksUnavailable, mark_of, open_marks
from actas.store.marks_file import Claim, MarksFile


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
async def marks(tmp_path: Path, clock: FixedClock) -> AsyncIterator[Marks]:
    marks = await open_marks(tmp_path, clock=clock)
    yield marks
    await marks.close()


def rows(folder: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(apsw.Connection(str(folder / "marks.db"))) as connection:
        return list(connection.execute(sql))


CLAIMANT = """
import asyncio, sys
from pathlib import Path
from actas.core.ports import SystemClock
from actas.store.marks import open_marks

async def claim(folder, until, count):
    marks = await open_marks(folder, clock=SystemClock())
    claims = [
        marks.claim(purpose="client_assertion", issuer="orders", token_id="a", expires_at=until)
        for _ in range(count)
    ]
    print(sum(await asyncio.gather(*claims)))
    await marks.close()

def main():
    asyncio.run(claim(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
"""


@pytest.mark.requirement("SEC-11")
def test_of_fifty_identical_claims_in_two_processes_exactly_one_succeeds(tmp_path: Path) -> None:
    # The folder is new, so both also make and set up the file at the same moment.
    said = run_together(CLAIMANT, str(tmp_path / "data"), str(4_000_000_000), "25", count=2)
    assert sorted(int(one) for one in said) == [0, 1]


@pytest.mark.requirement("SEC-11")
def test_of_many_processes_in_an_empty_folder_exactly_one_succeeds(tmp_path: Path) -> None:
    said = run_together(CLAIMANT, str(tmp_path / "data"), str(4_000_000_000), "3", count=6)
    assert sorted(int(one) for one in said) == [0, 0, 0, 0, 0, 1]


@pytest.mark.requirement("SEC-11")
async def test_a_mark_outlives_the_process(tmp_path: Path, clock: FixedClock) -> None:
    for expected in (True, False, False):
        marks = await open_marks(tmp_path, clock=clock)
        assert await claimed(marks, "a") is expected
        await marks.close()


async def test_the_file_is_private_has_a_log_and_is_synced_fully(marks: Marks, tmp_path: Path) -> None:
    assert await claimed(marks, "a")
    for path in tmp_path.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600, path
    assert rows(tmp_path, "PRAGMA journal_mode") == [("wal",)]
    assert marks._file._db is not None
    assert marks._file._db.execute("PRAGMA synchronous").fetchone() == (2,)


@pytest.mark.requirement("SEC-95")
async def test_only_a_hash_of_what_was_claimed_is_kept(marks: Marks, tmp_path: Path) -> None:
    assert await claimed(marks, "canary-jti", issuer="canary-issuer")
    assert rows(tmp_path, "SELECT key, keep_until FROM marks") == [
        (
            mark_of(purpose="client_assertion", issuer="canary-issuer", token_id="canary-jti"),
            SOON + 60 + 300,
        )
    ]
    assert not [path for path in tmp_path.iterdir() if b"canary" in path.read_bytes()]


@pytest.mark.requirement("SEC-95")
def test_parts_that_are_cut_elsewhere_are_another_mark() -> None:
    names = [("a", "bc", "d"), ("ab", "c", "d"), ("a", "b", "cd"), ("abc", "d", "x"), ("d", "bc", "a")]
    assert len({mark_of(purpose=p, issuer=i, token_id=t) for p, i, t in names}) == len(names)


async def test_claims_in_flight_share_a_transaction(
    marks: Marks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    gate = threading.Event()
    claim = MarksFile.claim

    def watched(self: MarksFile, claims: list[Claim], *, now: int) -> list[bool | None]:
        gate.wait(10)
        batches.append(len(claims))
        return claim(self, claims, now=now)

    monkeypatch.setattr(MarksFile, "claim", watched)
    waiting = [asyncio.create_task(claimed(marks, f"t{n % 150}")) for n in range(300)]
    await asyncio.sleep(0)
    gate.set()
    answers = await asyncio.gather(*waiting)
    assert sum(answers) == 150
    assert sum(batches) == 300
    assert len(batches) <= 4


async def test_marks_that_are_past_their_time_are_removed_a_few_at_a_time(
    marks: Marks, tmp_path: Path, clock: FixedClock
) -> None:
    await asyncio.gather(*[claimed(marks, f"t{n}", at=SOON + n % 7) for n in range(250)])
    clock.advance(10_000)
    counts = []
    for n in range(4):
        assert await claimed(marks, f"u{n}", at=int(clock.now()) + 60)
        counts += rows(tmp_path, "SELECT count(*) FROM marks")
    assert counts == [(151,), (52,), (3,), (4,)]
    assert rows(tmp_path, "SELECT until FROM forgotten") == [(SOON + 6 + 360,)]


async def test_more_is_removed_than_comes_in(marks: Marks, tmp_path: Path, clock: FixedClock) -> None:
    await asyncio.gather(*[claimed(marks, f"t{n}") for n in range(600)])
    clock.advance(10_000)
    for n in range(3):
        later = int(clock.now()) + 60
        await asyncio.gather(*[claimed(marks, f"u{n}.{m}", at=later) for m in range(200)])
    assert rows(tmp_path, f"SELECT count(*) FROM marks WHERE keep_until < {clock.now()}") == [(0,)]


async def test_a_clock_that_ran_ahead_for_a_moment_does_not_end_the_service(
    marks: Marks, clock: FixedClock
) -> None:
    assert await claimed(marks, "a")
    clock.advance(1_000_000_000)
    assert await claimed(marks, "b", at=int(clock.now()) + 60)
    clock.advance(-1_000_000_000)
    assert await claimed(marks, "c", at=SOON + 60)


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
        gate.wait(10)
        return claim(self, claims, now=now)

    monkeypatch.setattr(MarksFile, "claim", hanging)
    monkeypatch.setattr(marks_module, "LIMIT", 0.01)
    monkeypatch.setattr(marks_module, "MOST_WAITING", 2)
    for _ in range(2):
        with pytest.raises(MarksUnavailable, match="not recorded within"):
            await claimed(marks, "a")
    with pytest.raises(MarksUnavailable, match="2 claims wait"):
        await claimed(marks, "b")
    monkeypatch.setattr(marks_module, "LIMIT", 10)
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


async def test_the_end_comes_after_the_last_claim_of_a_batch(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, busy = threading.Event(), threading.Event()
    claim = MarksFile.claim

    def slow(self: MarksFile, claims: list[Claim], *, now: int) -> list[bool | None]:
        busy.set()
        gate.wait(10)
        return claim(self, claims, now=now)

    monkeypatch.setattr(MarksFile, "claim", slow)
    marks = await open_marks(tmp_path, clock=clock)
    tasks = [asyncio.create_task(claimed(marks, "first"))]
    await asyncio.to_thread(busy.wait, 10)
    tasks += [asyncio.create_task(claimed(marks, f"t{n}")) for n in range(3)]
    await asyncio.sleep(0)
    closing_it = asyncio.create_task(marks.close())
    await asyncio.sleep(0)
    gate.set()
    await closing_it
    assert await asyncio.gather(*tasks) == [True] * 4


def test_a_loop_that_ended_without_closing_leaves_marks_that_refuse(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()

    def slow(self: MarksFile, claims: list[Claim], *, now: int) -> list[bool | None]:
        gate.wait(10)
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
    marks._thread.join(10)
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


async def test_lost_state_is_noticed(marks: Marks, tmp_path: Path) -> None:
    rows(tmp_path, "DELETE FROM forgotten")
    with pytest.raises(MarksUnavailable, match="lost its state"):
        await claimed(marks, "a")


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
