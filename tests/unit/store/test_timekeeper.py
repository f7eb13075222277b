"""A clock that jumps is noticed at once, and what rests on it waits until it can be believed."""

from __future__ import annotations

import pytest
from tests.fakes.clock import FixedClock

from actas.core.errors import StoreUnavailable
from actas.core.metrics import CLOCK_JUMPS
from actas.store.timekeeper import HOLD, MOST_JUMP, REMEMBERED, ClockJumped, Timekeeper
from actas.web.tally import Tally


class Computer:
    """Two clocks: one that is set, one that is not."""

    def __init__(self, *, decides: bool = True) -> None:
        self.clock = FixedClock()
        self.steady = 1000.0
        self.tally = Tally()
        self.keeper = Timekeeper(self.clock, steady=lambda: self.steady, decides=decides, meter=self.tally)

    def passes(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.steady += seconds

    def is_believed(self) -> bool:
        try:
            self.keeper.require()
        except ClockJumped:
            return False
        return True

    def jumps(self) -> dict[tuple[str, ...], float]:
        return dict(self.tally.snapshot(0).counters[CLOCK_JUMPS.name])


@pytest.mark.requirement("REL-13")
@pytest.mark.parametrize("jump", [600, -600, MOST_JUMP + 1, -MOST_JUMP - 1, 365 * 86400, -365 * 86400])
def test_a_clock_that_jumps_is_not_believed_from_the_next_look_on(jump: float) -> None:
    computer = Computer()
    computer.passes(3600)
    assert computer.is_believed()
    computer.clock.advance(jump)
    with pytest.raises(StoreUnavailable, match=r"was set (ahead|back) by [0-9]+ s; nothing is issued until"):
        computer.keeper.require()
    assert computer.keeper.trouble
    assert computer.jumps() == {("forward" if jump > 0 else "back",): 1}


@pytest.mark.requirement("REL-13")
@pytest.mark.parametrize("jump", [86400, -86400])
def test_a_clock_that_is_put_right_is_believed_at_once_and_nothing_was_lost(jump: float) -> None:
    computer = Computer()
    computer.clock.advance(jump)
    assert not computer.is_believed()
    computer.passes(10)
    assert not computer.is_believed()
    computer.clock.advance(-jump)
    assert computer.is_believed()
    assert computer.keeper.trouble is None
    assert sum(computer.jumps().values()) == 1


@pytest.mark.requirement("REL-13")
@pytest.mark.parametrize("jump", [600, -200])
def test_a_clock_that_stays_where_it_jumped_to_is_believed_after_a_minute(jump: float) -> None:
    computer = Computer()
    computer.clock.advance(jump)
    for _ in range(int(HOLD)):
        assert not computer.is_believed()
        computer.passes(1)
    assert computer.is_believed()
    computer.passes(1)
    assert computer.is_believed()


@pytest.mark.requirement("REL-13", "SEC-11")
def test_a_clock_that_went_back_waits_until_nothing_that_was_forgotten_is_good_again() -> None:
    computer = Computer()
    high = computer.clock.now()
    computer.clock.advance(-3600)
    while not computer.is_believed():
        assert computer.clock.now() < high - REMEMBERED
        computer.passes(30)
    assert computer.clock.now() >= high - REMEMBERED


def test_a_second_jump_begins_the_wait_anew() -> None:
    computer = Computer()
    computer.clock.advance(600)
    assert not computer.is_believed()
    computer.passes(HOLD - 1)
    computer.clock.advance(600)
    assert not computer.is_believed()
    computer.passes(HOLD - 1)
    assert not computer.is_believed()
    assert computer.jumps() == {("forward",): 2}


def test_a_clock_that_is_corrected_slowly_is_never_in_doubt() -> None:
    computer = Computer()
    for _ in range(1000):
        computer.passes(1)
        computer.clock.advance(0.5)
        assert computer.is_believed()
    assert computer.jumps() == {}


def test_where_the_database_decides_a_jump_is_told_and_refuses_nothing() -> None:
    computer = Computer(decides=False)
    computer.clock.advance(600)
    assert computer.is_believed()
    assert computer.keeper.trouble is None
    assert computer.jumps() == {("forward",): 1}
