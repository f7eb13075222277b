"""Names and instants of the log."""

from __future__ import annotations

import re

import pytest
from tests.fakes.audit import CountingChance
from tests.fakes.clock import NOON

from actas.audit.stream import instant, new_entry_id
from actas.core.ports import SystemChance


def test_an_entry_id_is_a_ulid_behind_a_prefix() -> None:
    assert re.fullmatch(r"x_[0-7][0-9A-HJKMNP-TV-Z]{25}", new_entry_id(NOON, SystemChance()))


def test_an_entry_id_encodes_time_then_chance() -> None:
    assert new_entry_id(0.0, CountingChance()) == "x_00000000000000000000000001"
    assert new_entry_id(1.0, CountingChance()) == "x_00000000Z80000000000000001"


def test_ids_sort_by_time() -> None:
    chance = SystemChance()
    ids = [new_entry_id(NOON + n * 0.001, chance) for n in range(50)]
    assert ids == sorted(ids)


def test_ids_of_one_instant_differ() -> None:
    chance = SystemChance()
    assert len({new_entry_id(NOON, chance) for _ in range(1000)}) == 1000


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (1764085320.123, "2025-11-25T15:42:00.123Z"),
        (1764085320.9996, "2025-11-25T15:42:00.999Z"),
        (1764085320, "2025-11-25T15:42:00.000Z"),
    ],
)
def test_an_instant_is_written_in_utc_with_milliseconds(at: float, text: str) -> None:
    assert instant(at) == text
