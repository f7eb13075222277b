"""What a stream says about itself."""

from __future__ import annotations

import pytest
from tests.fakes.audit import CountingChance, event
from tests.fakes.clock import FixedClock

from actas.audit.lifecycle import MOST_NAMED, BrokenStream, Narrator
from actas.audit.log import draw_up
from actas.core.events import EVENTS

NARRATOR = Narrator(clock=FixedClock(), chance=CountingChance())


def test_a_birth_says_no_more_than_that() -> None:
    (made,) = NARRATOR.started()
    assert {**event(made), "id": ""} == {"id": "", "at": "2026-09-21T14:13:20.000Z", "event": "log:started"}


def test_no_event_says_where_it_stands_itself() -> None:
    """The stream does: an entry with two members of one name is read in two ways."""
    for name in ("v", "stream", "seq", "prev"):
        with pytest.raises(ValueError, match=name):
            draw_up("sinks:lost", now=0, chance=CountingChance(), **{name: "s1"})


@pytest.mark.requirement("REL-03")
def test_a_recovery_names_what_was_checked_and_what_is_unknown() -> None:
    (made,) = NARRATOR.recovered(checked=(3, 9), unknown=["x_a"])
    assert event(made)["event"] == "log:recovered"
    assert event(made)["facts"] == {"checked": [3, 9], "delivery_unknown": ["x_a"]}


@pytest.mark.requirement("SEC-88")
def test_a_stream_passed_over_is_named() -> None:
    broken = BrokenStream(stream="s1", seq=4, sentence="why")
    for made in (
        *NARRATOR.started(broken=[broken]),
        *NARRATOR.recovered(checked=(0, 0), unknown=(), broken=[broken]),
    ):
        assert event(made)["facts"]["broken"] == [{"stream": "s1", "seq": 4, "sentence": "why"}]


@pytest.mark.requirement("REL-03")
def test_no_event_grows_without_bound_and_none_is_left_out() -> None:
    unknown = [f"x_{n}" for n in range(2 * MOST_NAMED + 1)]
    made = [event(one) for one in NARRATOR.closed(unknown=unknown)]
    assert [len(one["facts"]["delivery_unknown"]) for one in made] == [MOST_NAMED, MOST_NAMED, 1]
    assert [name for one in made for name in one["facts"]["delivery_unknown"]] == unknown
    assert len({one["id"] for one in made}) == 3


def test_its_events_are_in_the_table() -> None:
    for made in (*NARRATOR.started(), *NARRATOR.recovered(checked=(0, 0), unknown=()), *NARRATOR.closed()):
        assert event(made)["event"] in EVENTS
