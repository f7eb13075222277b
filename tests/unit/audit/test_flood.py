"""Counting what would flood the log."""

from __future__ import annotations

import json
import math

import msgspec
import pytest
from tests.fakes.audit import CountingChance, MemoryWriter
from tests.fakes.clock import FixedClock

from actas.audit.flood import OTHERS, FloodBounds, FloodGate
from actas.audit.log import Minutes
from actas.core.errors import AuditUnavailable
from actas.core.ports import JsonObject

pytestmark = pytest.mark.requirement("SEC-90")

MINUTE = 1_790_000_040.0


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(MINUTE)


def due(gate: FloodGate, now: float) -> list[JsonObject]:
    return [one.members() for one in gate.due(now)]


def test_the_first_hundred_of_a_minute_are_written(clock: FixedClock) -> None:
    gate = FloodGate(clock=clock)
    assert [gate.admit("192.0.2.1", "bad_client_auth") for _ in range(150)] == [True] * 100 + [False] * 50


def test_the_others_are_counted_exactly_by_reason(clock: FixedClock) -> None:
    gate = FloodGate(clock=clock)
    for n in range(1100):
        gate.admit("192.0.2.1", "malformed_request" if n % 10 else "bad_client_auth")
    clock.advance(60)
    assert due(gate, clock.now()) == [
        {
            "source": "192.0.2.1",
            "from": "2026-09-21T14:14:00.000Z",
            "until": "2026-09-21T14:15:00.000Z",
            "written": 100,
            "counted": 1000,
            "reasons": {"bad_client_auth": 100, "malformed_request": 900},
        }
    ]


def test_what_is_only_counted_takes_nobodys_place_among_what_is_written(clock: FixedClock) -> None:
    gate = FloodGate(clock=clock, bounds=FloodBounds(per_source=1, sources=1))
    for source in ("a", "a", "b"):
        gate.count(source, "not_decided")
    assert gate.admit("a", "bad_client_auth")
    clock.advance(60)
    told = [(one["source"], one["written"], one["reasons"]) for one in due(gate, clock.now())]
    assert told == [("a", 1, {"not_decided": 2}), (OTHERS, 0, {"not_decided": 1})]


def test_nothing_is_due_before_the_minute_is_over_nor_twice(clock: FixedClock) -> None:
    gate = FloodGate(clock=clock, bounds=FloodBounds(per_source=0))
    gate.admit("a", "bad_client_auth")
    assert due(gate, MINUTE + 59.9) == []
    assert len(due(gate, MINUTE + 60)) == 1
    assert due(gate, MINUTE + 60) == []


async def test_what_cannot_be_written_is_kept_until_it_can(clock: FixedClock) -> None:
    gate, writer = FloodGate(clock=clock, bounds=FloodBounds(per_source=0)), MemoryWriter()
    minutes = Minutes(writer=writer, flood=gate, clock=clock, chance=CountingChance())
    for source in "abc":
        gate.admit(source, "bad_client_auth")
    clock.advance(60)
    writer.broken = True
    with pytest.raises(AuditUnavailable):
        await minutes.write_counts(clock.now())
    gate.admit("d", "bad_client_auth")
    clock.advance(60)
    writer.broken = False
    await minutes.write_counts(clock.now())
    await minutes.write_counts(math.inf)
    assert [json.loads(line)["source"] for line in writer.lines] == ["a", "b", "c", "d"]


def test_a_quiet_source_has_no_summary(clock: FixedClock) -> None:
    gate = FloodGate(clock=clock)
    assert all(gate.admit("a", "bad_client_auth") for _ in range(100))
    assert due(gate, MINUTE + 60) == []


def test_a_new_minute_begins_anew(clock: FixedClock) -> None:
    gate = FloodGate(clock=clock, bounds=FloodBounds(per_source=1))
    assert [gate.admit("a", "r"), gate.admit("a", "r")] == [True, False]
    clock.advance(60)
    assert gate.admit("a", "r")
    assert [one["counted"] for one in due(gate, clock.now())] == [1]


def test_one_source_does_not_count_against_another(clock: FixedClock) -> None:
    gate = FloodGate(clock=clock, bounds=FloodBounds(per_source=1))
    gate.admit("a", "r")
    gate.admit("a", "r")
    assert gate.admit("b", "r")


def test_at_the_end_all_that_was_counted_is_due(clock: FixedClock) -> None:
    gate = FloodGate(clock=clock, bounds=FloodBounds(per_source=0))
    gate.admit("a", "r")
    assert [one["counted"] for one in due(gate, math.inf)] == [1]
    assert due(gate, math.inf) == []


def test_a_clock_that_goes_back_neither_loses_nor_reopens(clock: FixedClock) -> None:
    gate = FloodGate(clock=clock, bounds=FloodBounds(per_source=1))
    gate.admit("a", "r")
    clock.advance(-3600)
    assert not gate.admit("a", "r")
    assert due(gate, clock.now()) == []
    assert [one["counted"] for one in due(gate, MINUTE + 60)] == [1]


def test_a_flood_that_changes_its_address_is_bounded_and_still_counted(clock: FixedClock) -> None:
    gate = FloodGate(clock=clock, bounds=FloodBounds(sources=10, in_all=50))
    written = sum(gate.admit(f"2001:db8::{n:x}", "r") for n in range(10_000))
    summaries = due(gate, MINUTE + 60)
    assert written == 50
    assert [one["source"] for one in summaries] == [OTHERS]
    assert summaries[0]["counted"] == 10_000 - written


def test_a_million_refusals_from_everywhere_stay_far_below_ten_megabytes(clock: FixedClock) -> None:
    gate = FloodGate(clock=clock)
    written = sum(gate.admit(f"2001:db8::{n % 20_000:x}", "bad_client_auth") for n in range(1_000_000))
    summaries = due(gate, math.inf)
    assert written + sum(int(str(one["counted"])) for one in summaries) == 1_000_000
    assert written * 900 + sum(len(msgspec.json.encode(one)) + 200 for one in summaries) < 10_000_000


def test_summaries_that_nobody_collects_are_folded_without_losing_a_count(clock: FixedClock) -> None:
    gate = FloodGate(clock=clock, bounds=FloodBounds(per_source=0, kept=5))
    for minute in range(20):
        for source in "ab":
            gate.admit(source, f"r{minute % 2}")
        clock.advance(60)
    summaries = due(gate, clock.now())
    assert len(summaries) <= 6
    assert summaries[0]["source"] == OTHERS
    assert sum(int(str(one["counted"])) for one in summaries) == 40
