"""What was revoked, and how far what was read of it is believed."""

from __future__ import annotations

from typing import Any

import pytest
from sdk.tests.support import NOW, StillWorld

from actas_sdk import revoked
from actas_sdk.errors import BadAnswer, ClientRefused, InvalidToken, Misconfigured, Unreachable
from actas_sdk.revoked import Ended, Following, Lineage, Told, lineage_of

A, B, C = ("a" * 12, "b" * 12, "c" * 12)
EVER = 4_102_444_800
SOON = int(NOW) + 300


def following(still: StillWorld, *, within: float = 5.0) -> Following:
    return Following(within=within, world=still.world())


def take(followed: Following, *ended: Ended, last: int, more: bool = False, age: float = 0.0) -> bool:
    told = Told(after=followed.after, ended=ended, last=last, more=more, age=age)
    return followed.take(told, asked_at=followed.now())


def dead(followed: Following, *marks: str, since: int = int(NOW)) -> bool:
    try:
        followed.require_live(Lineage(since, marks))
    except InvalidToken:
        return True
    return False


def test_when_a_backup_was_restored_every_token_from_before_is_dead(still: StillWorld) -> None:
    followed = following(still)
    take(followed, Ended(revoked.EVERYTHING, int(NOW), EVER), last=1)
    assert dead(followed, A, since=int(NOW))
    assert dead(followed, B, since=int(NOW) - 5)
    assert not dead(followed, A, since=int(NOW) + 1)


@pytest.mark.parametrize(
    "claim",
    [
        None,
        "",
        1_790_000_000,
        ["1790000000", A],
        "1790000000",
        f"1790000000 {A[1:]}",
        f"1790000000  {A}",
        f"1790000000 {A} ",
        f"1790000000 {A}\n",
        f"17900000x0 {A}",
        f"\u0661790000000 {A}",
        f"-790000000 {A}",
        " ".join(["1790000000", *[A] * 65]),
    ],
)
def test_a_token_that_does_not_say_what_it_comes_from_is_refused(claim: Any) -> None:
    with pytest.raises(InvalidToken, match="lineage"):
        lineage_of({} if claim is None else {"lineage": claim})


def test_the_claim_is_a_time_and_marks() -> None:
    assert lineage_of({"lineage": f"1790000000 {A} {B}"}) == Lineage(1_790_000_000, (A, B))


def test_before_anything_was_read_nothing_is_known(still: StillWorld) -> None:
    followed = following(still)
    problem = followed.unknown()
    assert isinstance(problem, Unreachable)
    assert (str(problem), problem.retry_after) == ("what was revoked is not known: read never yet", 1)
    assert (followed.after, followed.wait()) == (0, 0)


def test_a_mark_ends_what_began_before_its_moment_and_nothing_later(still: StillWorld) -> None:
    followed = following(still)
    take(followed, Ended(A, int(NOW), SOON), Ended(B, EVER, SOON), last=2)
    assert followed.unknown() is None
    assert dead(followed, C, A)
    assert not dead(followed, A, since=int(NOW) + 1)
    assert dead(followed, B, since=int(NOW) + 1)
    assert not dead(followed, C)


def test_of_two_revocations_of_one_thing_both_hold(still: StillWorld) -> None:
    followed = following(still)
    take(followed, Ended(A, 200, SOON), Ended(A, 100, SOON + 60), last=2)
    assert dead(followed, A, since=200)
    still.now += 301
    take(followed, last=2)
    assert dead(followed, A, since=200)


def test_what_was_read_is_believed_for_the_bound_and_not_longer(still: StillWorld) -> None:
    followed = following(still)
    take(followed, last=0)
    still.now += 5.0
    assert followed.unknown() is None
    still.now += 0.1
    problem = followed.unknown()
    assert str(problem) == "what was revoked is not known: read last 5.1 s ago, and 5 s is the bound"


def test_what_the_server_had_read_is_as_old_as_it_says(still: StillWorld) -> None:
    followed = following(still)
    take(followed, last=0, age=2.0)
    still.now += 3.0
    assert followed.unknown() is None
    still.now += 0.1
    assert followed.unknown() is not None


def test_an_answer_is_as_old_as_its_question(still: StillWorld) -> None:
    followed = following(still)
    asked_at = followed.now()
    still.now += 5.1
    followed.take(Told(after=0, ended=(), last=0, more=False, age=0), asked_at=asked_at)
    assert followed.unknown() is not None


def test_an_older_answer_does_not_make_a_newer_one_old(still: StillWorld) -> None:
    followed = following(still)
    before = followed.now()
    still.now += 4
    take(followed, last=0)
    followed.take(Told(after=0, ended=(), last=0, more=False, age=1.0), asked_at=before)
    still.now += 4
    assert followed.unknown() is None


def test_nothing_is_known_before_the_end_is_reached(still: StillWorld) -> None:
    followed = following(still)
    assert take(followed, Ended(A, EVER, SOON), last=1, more=True)
    assert followed.unknown() is not None
    assert not take(followed, Ended(B, EVER, SOON), last=2)
    assert followed.unknown() is None
    assert dead(followed, A)
    assert dead(followed, B)


def test_more_after_the_end_is_a_defect_and_not_asked_for_for_ever(still: StillWorld) -> None:
    with pytest.raises(BadAnswer):
        take(following(still), last=0, more=True)


def test_whichever_clock_says_longer_counts(still: StillWorld) -> None:
    """A computer that slept has a steady clock that stood still, one whose clock is set another."""
    followed = following(still)
    take(followed, last=0)
    still.steady -= 3600
    still.now += 3600
    assert followed.unknown() is not None

    take(followed, last=0)
    still.now -= 3600
    still.steady += 3600
    assert followed.unknown() is None
    still.steady += 5.1
    assert followed.unknown() is not None


def test_what_can_end_nothing_any_more_is_forgotten(still: StillWorld) -> None:
    followed = following(still)
    take(followed, Ended(A, EVER, SOON), Ended(B, EVER, SOON + 3600), last=2)
    still.now += 301
    take(followed, last=2)
    assert len(followed) == 1
    assert dead(followed, B)


def test_a_clock_that_is_set_back_to_before_what_was_forgotten_begins_anew(still: StillWorld) -> None:
    followed = following(still)
    take(followed, Ended(A, EVER, SOON), last=7)
    still.now += 301
    take(followed, last=7)
    assert (len(followed), followed.unknown()) == (0, None)

    still.now -= 60
    still.steady += 60
    assert followed.unknown() is not None
    assert (followed.after, followed.wait()) == (0, 0)
    take(followed, Ended(A, EVER, SOON), last=7)
    assert followed.unknown() is None
    assert dead(followed, A)


def test_a_server_that_ends_earlier_is_followed_from_there(still: StillWorld) -> None:
    """A backup was restored, or another node has not read so far yet."""
    followed = following(still)
    take(followed, Ended(A, EVER, SOON), last=9)
    take(followed, last=4)
    assert followed.after == 4
    assert dead(followed, A)


def test_an_answer_to_a_place_that_was_given_up_leaves_no_gap(still: StillWorld) -> None:
    followed = following(still)
    take(followed, last=9)
    take(followed, last=4)
    late = Told(after=9, ended=(Ended(A, EVER, SOON),), last=10, more=False, age=0)
    assert followed.take(late, asked_at=followed.now())
    assert followed.after == 4


def test_it_is_asked_every_second_and_oftener_for_a_shorter_bound(still: StillWorld) -> None:
    followed, sooner = following(still), following(still, within=2)
    take(followed, last=0)
    take(sooner, last=0)
    assert followed.wait() == pytest.approx(0.8)
    assert sooner.wait() == pytest.approx(0.4)


def test_a_failure_changes_nothing_but_is_tried_again_later_and_later(still: StillWorld) -> None:
    followed = following(still)
    take(followed, Ended(A, EVER, SOON), last=1)
    waits = []
    for _ in range(8):
        followed.failed(Unreachable("down"))
        waits.append(followed.wait())
    assert waits[:3] == pytest.approx([0.25, 0.5, 1.0])
    assert waits[-1] == pytest.approx(2.5)
    assert followed.unknown() is None
    assert dead(followed, A)
    still.now += 5.1
    assert str(followed.unknown()).endswith("5 s is the bound: down")

    take(followed, last=1)
    assert (followed.unknown(), followed.trouble) == (None, None)
    followed.failed(Unreachable("down"))
    assert followed.wait() == pytest.approx(0.25)


def test_a_server_that_asks_to_wait_is_given_time_and_one_that_refuses_us_more(still: StillWorld) -> None:
    followed = following(still)
    followed.failed(Unreachable("busy", retry_after=3))
    assert followed.wait() == pytest.approx(3)
    followed.failed(Unreachable("busy", retry_after=86400))
    assert followed.wait() == pytest.approx(30)
    for _ in range(12):
        followed.failed(ClientRefused("who?"))
    assert followed.wait() == pytest.approx(15)


def test_what_had_ended_before_it_was_told_takes_no_room(
    still: StillWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revoked, "_MOST", 2)
    followed = following(still)
    over = [Ended(mark, EVER, int(NOW) - 1) for mark in (A, B)]
    take(followed, *over, Ended(C, EVER, SOON), Ended("d" * 12, EVER, SOON), last=4)
    assert len(followed) == 2
    assert dead(followed, C)
    assert not dead(followed, A)
    still.now = NOW - 60  # a clock that is set back wants to hear of them again
    assert followed.unknown() is not None
    assert followed.after == 0


def test_more_than_can_be_remembered_lets_nobody_in(
    still: StillWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revoked, "_MOST", 2)
    followed = following(still)
    take(followed, Ended(A, EVER, SOON), Ended(B, EVER, SOON), last=2)
    take(followed, Ended(A, EVER, SOON), last=3)
    with pytest.raises(BadAnswer, match="more than 2"):
        take(followed, Ended(C, EVER, SOON), last=4)
    assert followed.after == 3


def test_there_is_room_again_once_enough_can_end_nothing_any_more(
    still: StillWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revoked, "_MOST", 2)
    followed = following(still)
    take(followed, Ended(A, int(NOW), SOON), Ended(B, int(NOW), SOON), last=2)
    with pytest.raises(BadAnswer, match="more than 2"):
        take(followed, Ended(C, int(NOW), EVER), last=3)
    still.now = SOON + 1
    take(followed, Ended(C, int(NOW), EVER), last=3)
    assert followed.unknown() is None
    assert dead(followed, C)


@pytest.mark.parametrize("within", [0, 1.9, 301, float("nan"), float("inf")])
def test_a_bound_that_cannot_work_is_a_misconfiguration(still: StillWorld, within: float) -> None:
    with pytest.raises(Misconfigured, match="2 to 300"):
        following(still, within=within)
