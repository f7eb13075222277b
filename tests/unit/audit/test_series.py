"""A series of checkpoints."""

from __future__ import annotations

import pytest
from tests.fakes.audit import AuditRing

from actas.audit.chain import GENESIS, Head
from actas.audit.checkpoint import BadCheckpoint, Checkpoint, SignedCheckpoint, ring_keys, sign, to_line
from actas.audit.series import following, read_series, regressions

pytestmark = pytest.mark.requirement("SEC-88")

RING = AuditRing()
KEYS = ring_keys(RING)
A, B, C = "aa" * 32, "bb" * 32, "cc" * 32


async def make(count: int) -> list[SignedCheckpoint]:
    made: list[SignedCheckpoint] = []
    for n in range(1, count + 1):
        before = made[-1] if made else None
        made.append(await sign(following(before, heads={"s1": Head(n * 10, f"{n:064x}")}, at=""), RING))
    return made


def lines(made: list[SignedCheckpoint]) -> list[tuple[str, bytes]]:
    return [(f"line {n}", to_line(one)[:-1]) for n, one in enumerate(made, 1)]


async def test_each_names_the_one_before() -> None:
    first, second, third = await make(3)
    assert (first.checkpoint.number, first.checkpoint.prev) == (1, GENESIS)
    assert (second.checkpoint.number, second.checkpoint.prev) == (2, first.digest)
    assert (third.checkpoint.number, third.checkpoint.prev) == (3, second.digest)


async def test_a_whole_series_has_no_finding_in_any_order_and_with_copies() -> None:
    made = await make(4)
    series = read_series(lines([*made[::-1], *made]), KEYS)
    assert series.findings == ()
    assert list(series.checkpoints) == made


async def test_the_end_of_a_series_stands_alone() -> None:
    made = await make(4)
    assert read_series(lines(made[2:]), KEYS).findings == ()


async def test_missing_ones_are_named() -> None:
    made = await make(5)
    (one,) = read_series(lines([made[0], *made[2:]]), KEYS).findings
    assert (one.fault, one.seq, one.sentence) == ("missing_checkpoint", 2, "checkpoint 2 is missing")
    (many,) = read_series(lines([made[0], made[4]]), KEYS).findings
    assert many.sentence == "checkpoints 2 to 4 are missing"


async def test_one_that_does_not_follow_is_named() -> None:
    made = await make(1)
    stray = await sign(Checkpoint(number=2, at="", heads={}, prev=A), RING)
    (found,) = read_series(lines([*made, stray]), KEYS).findings
    assert (found.fault, found.seq) == ("missing_checkpoint", 2)
    assert "was not made after" in found.sentence


async def test_two_histories_are_seen() -> None:
    made = await make(2)
    other = await sign(following(made[0], heads={"s1": Head(99, A)}, at=""), RING)
    (found,) = read_series(lines([*made, other]), KEYS).findings
    assert (found.fault, found.seq) == ("rival_checkpoint", 2)


async def test_one_that_seals_less_is_seen() -> None:
    made = await make(1)
    less = await sign(Checkpoint(number=2, at="", heads={"s1": Head(9, A)}, prev=made[0].digest), RING)
    (found,) = read_series(lines([*made, less]), KEYS).findings
    assert (found.fault, found.seq) == ("regressed_checkpoint", 2)


async def test_a_forged_one_is_named_and_not_used() -> None:
    made = await make(2)
    forged = await sign(Checkpoint(number=9, at="", heads={}, prev=A), AuditRing())
    series = read_series(lines([*made, forged]), KEYS)
    assert list(series.checkpoints) == made
    (found,) = series.findings
    assert (found.fault, found.where) == ("forged_checkpoint", "line 3")


@pytest.mark.parametrize(
    ("before", "after", "lost"),
    [
        ({}, {"s1": Head(1, A)}, ""),
        ({"s1": Head(1, A)}, {"s1": Head(1, A), "s2": Head(4, B)}, ""),
        ({"s1": Head(1, A)}, {"s1": Head(2, B)}, ""),
        ({"s1": Head(2, A)}, {}, "stream s1, sealed up to entry 2, is not there any more"),
        ({"s1": Head(2, A)}, {"s1": Head(1, A)}, "stream s1 was sealed up to entry 2 and now ends at 1"),
        ({"s1": Head(2, A)}, {"s1": Head(2, C)}, "entry 2 of stream s1 is not the one that was sealed"),
    ],
)
def test_what_ends_earlier_than_it_did_is_told(
    before: dict[str, Head], after: dict[str, Head], lost: str
) -> None:
    assert regressions(before, after) == lost


async def test_nothing_is_made_that_would_seal_less() -> None:
    (first,) = await make(1)
    with pytest.raises(BadCheckpoint, match="is not there any more"):
        following(first, heads={}, at="")
