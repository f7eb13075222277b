"""The marks of a data folder: what the contract suite cannot see from outside."""

from __future__ import annotations

import asyncio
import threading
from contextlib import closing
from pathlib import Path

import apsw
import pytest
from tests.contracts.mark_store import SOON, claimed
from tests.fakes.clock import FixedClock
from tests.fakes.processes import run_together

from actas.store.marks import Marks, MarksUnavailable, mark_of, open_marks
from actas.store.marks_file import Claim, MarksFile


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
        gate.wait(60)
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


async def test_the_end_comes_after_the_last_claim_of_a_batch(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, busy = threading.Event(), threading.Event()
    claim = MarksFile.claim

    def slow(self: MarksFile, claims: list[Claim], *, now: int) -> list[bool | None]:
        busy.set()
        gate.wait(60)
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


async def test_lost_state_is_noticed(marks: Marks, tmp_path: Path) -> None:
    rows(tmp_path, "DELETE FROM forgotten")
    with pytest.raises(MarksUnavailable, match="lost its state"):
        await claimed(marks, "a")
