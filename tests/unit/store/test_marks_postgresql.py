"""The marks of several nodes: what the contract suite cannot see from outside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import asyncpg
import pytest
from tests.contracts.mark_store import SOON, claimed
from tests.fakes.between import Between
from tests.fakes.clock import FixedClock
from tests.fakes.processes import run_together

from actas.core.secret import Secret
from actas.store import marks as marks_module
from actas.store import marks_postgresql
from actas.store.database import open_database
from actas.store.marks import MarksUnavailable, mark_of
from actas.store.marks_file import Claim
from actas.store.marks_postgresql import PostgresqlMarks, open_shared_marks


@pytest.fixture
async def database(postgres: str, clock: FixedClock) -> str:
    """The URL of a database with this release's schema."""
    await (await open_database(Secret(postgres), clock=clock)).close()
    return postgres


@pytest.fixture
def wire(database: str) -> Iterator[Between]:
    with Between(database) as between:
        yield between


@pytest.fixture
async def marks(
    wire: Between, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[PostgresqlMarks]:
    # How many wait is looked at here, and not for how long.
    monkeypatch.setattr(PostgresqlMarks, "patience", 30.0)
    marks = await open_shared_marks(Secret(wire.url), clock=clock)
    yield marks
    await marks.close()


async def rows(url: str, sql: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(url)
    try:
        return [tuple(row) for row in await connection.fetch(sql)]
    finally:
        await connection.close()


CLAIMANT = """
import asyncio, sys
from actas.core.ports import SystemClock
from actas.core.secret import Secret
from actas.store.marks_postgresql import open_shared_marks

async def claim(url, until, count):
    marks = await open_shared_marks(Secret(url), clock=SystemClock())
    claims = [
        marks.claim(purpose="client_assertion", issuer="orders", token_id=str(n % 5), expires_at=until)
        for n in range(count)
    ]
    print(sum(await asyncio.gather(*claims)))
    await marks.close()

def main():
    asyncio.run(claim(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
"""


@pytest.mark.requirement("SEC-11", "REL-23")
def test_of_many_identical_claims_in_several_processes_exactly_one_of_each_succeeds(database: str) -> None:
    said = run_together(CLAIMANT, database, str(4_000_000_000), "50", count=4)
    assert sum(int(one) for one in said) == 5


@pytest.mark.requirement("SEC-95", "SEC-96")
async def test_only_a_hash_of_what_was_claimed_is_kept(marks: PostgresqlMarks, database: str) -> None:
    assert await claimed(marks, "canary'; DROP TABLE marks; --", issuer="canary-issuer")
    key = mark_of(
        purpose="client_assertion", issuer="canary-issuer", token_id="canary'; DROP TABLE marks; --"
    )
    assert await rows(database, "SELECT key, keep_until FROM marks") == [(key, SOON + 60 + 300)]


async def test_claims_in_flight_share_a_statement(
    marks: PostgresqlMarks, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    record = PostgresqlMarks._record

    async def watched(self: PostgresqlMarks, claims: Sequence[Claim]) -> list[bool | None]:
        batches.append(len(claims))
        return await record(self, claims)

    monkeypatch.setattr(PostgresqlMarks, "_record", watched)
    answers = await asyncio.gather(*[claimed(marks, f"t{n % 150}") for n in range(300)])
    assert sum(answers) == 150
    assert sum(batches) == 300
    assert len(batches) <= 4


@pytest.mark.requirement("REL-24")
async def test_marks_that_are_past_their_time_are_removed_a_few_at_a_time(
    marks: PostgresqlMarks, database: str, clock: FixedClock
) -> None:
    await asyncio.gather(*[claimed(marks, f"t{n}", at=SOON + n % 7) for n in range(250)])
    clock.advance(10_000)
    counts: list[int] = []
    for n in range(4):
        assert await claimed(marks, f"u{n}", at=int(clock.now()) + 60)
        ((count,),) = await rows(database, f"SELECT count(*) FROM marks WHERE keep_until < {SOON + 1000}")
        counts.append(count)
        clock.advance(1)
    # What follows an answer may still be under way when somebody looks.
    assert counts == sorted(counts, reverse=True)
    assert counts[0] >= 250 - 102
    assert counts[3] == 0


@pytest.mark.requirement("REL-24")
async def test_more_is_removed_than_comes_in(
    marks: PostgresqlMarks, database: str, clock: FixedClock
) -> None:
    await asyncio.gather(*[claimed(marks, f"t{n}") for n in range(600)])
    clock.advance(10_000)
    for n in range(4):
        later = int(clock.now()) + 60
        await asyncio.gather(*[claimed(marks, f"u{n}.{m}", at=later) for m in range(200)])
    assert await rows(database, f"SELECT count(*) FROM marks WHERE keep_until < {clock.now()}") == [(0,)]


@pytest.mark.requirement("REL-20")
async def test_what_goes_wrong_with_removing_ends_no_service(
    marks: PostgresqlMarks, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object, **__: object) -> int:
        raise RuntimeError("whatever it is")

    monkeypatch.setattr(marks_postgresql, "remove_marks", broken)
    assert await claimed(marks, "a")
    assert await claimed(marks, "b")
    assert not await claimed(marks, "a")


@pytest.mark.requirement("SEC-11", "REL-13")
async def test_a_mark_that_another_node_removes_at_the_same_moment_is_not_made_anew(
    marks: PostgresqlMarks, database: str, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The worst order: ours looks after the other node's removal is written and before it has said how far.
    assert await claimed(marks, "a")
    other = await asyncpg.connect(database)
    removal = other.transaction()
    await removal.start()
    await other.execute(marks_postgresql.REMOVE, SOON + 10_000, 10)
    again = asyncio.create_task(claimed(marks, "a"))
    while not await rows(
        database,
        "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT INTO marks%'",
    ):
        await asyncio.sleep(0)
    await removal.commit()
    await other.close()
    with pytest.raises(MarksUnavailable, match="nobody knows whether it was claimed before"):
        await again


async def test_a_clock_that_ran_ahead_for_a_moment_does_not_end_the_service(
    marks: PostgresqlMarks, clock: FixedClock
) -> None:
    assert await claimed(marks, "a")
    clock.advance(1_000_000_000)
    assert await claimed(marks, "b", at=int(clock.now()) + 60)
    clock.advance(-1_000_000_000)
    assert await claimed(marks, "c", at=SOON + 60)


@pytest.mark.requirement("REL-19", "REL-20")
async def test_a_database_that_is_away_refuses_and_the_next_claim_after_it_is_back_succeeds(
    marks: PostgresqlMarks, wire: Between
) -> None:
    assert await claimed(marks, "a")
    with wire.cut():
        for _ in range(2):
            with pytest.raises(MarksUnavailable, match="cannot be used"):
                await claimed(marks, "b")
        assert marks.trouble is not None
    assert await claimed(marks, "b")
    assert not await claimed(marks, "a")
    assert marks.trouble is None


@pytest.mark.requirement("REL-19", "REL-20")
async def test_a_database_that_hangs_refuses_in_time_and_nothing_is_claimed_twice(
    marks: PostgresqlMarks, wire: Between
) -> None:
    assert await claimed(marks, "a")
    with wire.stalled():
        began = asyncio.get_running_loop().time()
        answers = await asyncio.gather(*[claimed(marks, f"b{n}") for n in range(5)], return_exceptions=True)
        assert all(isinstance(one, MarksUnavailable) for one in answers)
        # Seconds; the bound is one, and computers of tests are busy.
        assert asyncio.get_running_loop().time() - began < 4
    # What was sent may have arrived: a caller that was refused may be refused again, and never succeeds twice.
    both = [await first_answer(marks, "b0"), await first_answer(marks, "b0")]
    assert both[1] is False


async def first_answer(marks: PostgresqlMarks, name: str) -> bool:
    """Claim until there is an answer."""
    while True:
        try:
            return await claimed(marks, name)
        except MarksUnavailable:
            continue


@pytest.mark.requirement("REL-19")
async def test_lost_state_is_noticed(marks: PostgresqlMarks, database: str) -> None:
    await rows(database, "DELETE FROM marks_forgotten")
    with pytest.raises(MarksUnavailable, match="lost its state"):
        await claimed(marks, "a")


async def test_too_many_that_wait_are_shed(marks: PostgresqlMarks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks_module, "MOST_WAITING", 2)
    answers = await asyncio.gather(*[claimed(marks, f"t{n}") for n in range(4)], return_exceptions=True)
    assert answers[:2] == [True, True]
    assert all("2 claims wait" in str(one) for one in answers[2:])


async def test_what_waits_is_recorded_before_closing_and_nothing_after_it(
    database: str, clock: FixedClock
) -> None:
    marks = await open_shared_marks(Secret(database), clock=clock)
    tasks = [asyncio.create_task(claimed(marks, f"t{n}")) for n in range(600)]
    await asyncio.sleep(0)
    await asyncio.gather(marks.close(), marks.close())
    assert all(await asyncio.gather(*tasks))
    with pytest.raises(MarksUnavailable, match="closed"):
        await claimed(marks, "later")


async def test_a_caller_who_went_away_does_not_disturb_the_others(marks: PostgresqlMarks) -> None:
    tasks = [asyncio.create_task(claimed(marks, f"t{n}")) for n in range(4)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [answers[n] for n in (0, 2, 3)] == [True, True, True]


async def test_a_database_without_the_table_is_refused_at_once(postgres: str, clock: FixedClock) -> None:
    with pytest.raises(MarksUnavailable, match="marks_forgotten"):
        await open_shared_marks(Secret(postgres), clock=clock)
    with pytest.raises(MarksUnavailable, match="cannot be used") as refused:
        await open_shared_marks(Secret("postgresql://actas:hunter2@127.0.0.1:1/sts"), clock=clock)
    assert "hunter2" not in str(refused.value)
