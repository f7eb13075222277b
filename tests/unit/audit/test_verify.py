"""The verifier, over lines in memory. What each attack does to real files is in tests/attacks."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from tests.fakes.audit import AuditRing, bodies

from actas.audit.chain import EMPTY, Head, extend, line_hash
from actas.audit.checkpoint import Checkpoint, ring_keys, sign, to_line
from actas.audit.findings import FAULTS
from actas.audit.verify import Line, Verdict, verify_lines
from actas.audit.walk import MOST_FINDINGS, REMEMBERED

pytestmark = pytest.mark.requirement("SEC-88")

RING = AuditRing()
KEYS = ring_keys(RING)


def chain(count: int, *, stream: str = "s1") -> list[bytes]:
    return list(extend(bodies(count), stream=stream, head=EMPTY)[0])


def relink(lines: Sequence[bytes], *, begin: int, stream: str = "s1") -> list[bytes]:
    """Write the chain anew from entry ``begin`` on, as somebody does who knows how it is made."""
    kept = list(lines[: begin - 1])
    head = Head(begin - 1, line_hash(kept[-1])) if kept else EMPTY
    rest = [b"{" + line.split(b'",', 2)[2] for line in lines[begin - 1 :]]
    return kept + list(extend(rest, stream=stream, head=head)[0])


def edited(line: bytes) -> bytes:
    assert b"granted" in line
    return line.replace(b"granted", b"refused")


async def sealing(*heads: dict[str, Head]) -> list[tuple[str, bytes]]:
    """Return a series of checkpoints over these heads."""
    made: list[tuple[str, bytes]] = []
    prev = "0" * 64
    for number, one in enumerate(heads, 1):
        signed = await sign(Checkpoint(number=number, at="", heads=one, prev=prev), RING)
        prev = signed.digest
        made.append((f"checkpoint {number}", to_line(signed)[:-1]))
    return made


def seal(lines: Sequence[bytes], seq: int) -> Head:
    return Head(seq, line_hash(lines[seq - 1]))


def judge(
    lines: Sequence[bytes], checkpoints: Sequence[tuple[str, bytes]] = (), *, start: int | None = 1
) -> Verdict:
    numbered = [Line(line, f"line {n}") for n, line in enumerate(lines, 1)]
    return verify_lines(numbered, checkpoints=checkpoints, keys=KEYS, start=start)


def first(verdict: Verdict) -> tuple[str, int]:
    assert verdict.first is not None
    return verdict.first.fault, verdict.first.seq


async def test_a_whole_log_is_whole_and_says_how_far_that_is_proven() -> None:
    one, two = chain(10), chain(4, stream="s2")
    verdict = judge(
        [*one, *two], await sealing({"s1": seal(one, 5)}, {"s1": seal(one, 7), "s2": seal(two, 4)})
    )
    assert verdict.whole
    assert verdict.first is None
    assert (verdict.entries, verdict.checkpoints, verdict.unsealed) == (14, 2, 3)
    assert verdict.kids == tuple(KEYS)
    assert [(v.stream, v.entries, v.sealed, v.sealed_by, v.unsealed) for v in verdict.streams] == [
        ("s1", 10, 7, 2, 3),
        ("s2", 4, 4, 2, 0),
    ]
    assert verdict.sentences() == (
        "s1: 10 entries, sealed up to entry 7 by checkpoint 2, 3 entries after that not yet sealed",
        "s2: 4 entries, sealed up to entry 4 by checkpoint 2",
    )


def test_without_checkpoints_it_says_that_nothing_is_sealed() -> None:
    verdict = judge(chain(1))
    assert verdict.whole
    assert verdict.sentences() == ("s1: 1 entry, not sealed, 1 entry after that not yet sealed",)


def test_an_empty_log_is_whole() -> None:
    assert judge([]).whole


def test_streams_may_alternate() -> None:
    one, two = chain(3), chain(3, stream="s2")
    assert judge([one[0], two[0], two[1], one[1], one[2], two[2]]).whole


def test_streams_are_listed_in_order_of_their_numbers() -> None:
    lines = [*chain(1, stream="s10"), *chain(1, stream="s2")]
    assert [one.stream for one in judge(lines).streams] == ["s2", "s10"]


def test_it_says_from_when_to_when_the_log_reaches() -> None:
    lines = extend([b'{"at":"2026-02"}', b'{"at":"2026-01"}', b'{"at":"2026-03"}'], stream="s1", head=EMPTY)[
        0
    ]
    verdict = judge(lines)
    assert (verdict.first_at, verdict.last_at) == ("2026-01", "2026-03")


@pytest.mark.parametrize("seq", [1, 2, 5, 9])
def test_an_edited_entry_is_named(seq: int) -> None:
    lines = chain(10)
    lines[seq - 1] = edited(lines[seq - 1])
    assert first(judge(lines)) == ("edited", seq)


def test_two_edited_neighbours_are_named_by_the_first() -> None:
    lines = chain(10)
    lines[4:6] = [edited(lines[4]), edited(lines[5])]
    assert first(judge(lines)) == ("edited", 5)


@pytest.mark.parametrize(("begin", "end"), [(1, 1), (2, 2), (4, 7), (1, 9)])
def test_deleted_entries_are_named(begin: int, end: int) -> None:
    lines = chain(10)
    del lines[begin - 1 : end]
    verdict = judge(lines)
    assert first(verdict) == ("deleted", begin)
    assert len(verdict.findings) == 1


def test_every_other_entry_deleted_is_bounded_and_named_from_the_first() -> None:
    verdict = judge(chain(500)[::2])
    assert first(verdict) == ("deleted", 2)
    assert len(verdict.findings) == MOST_FINDINGS


def test_a_deletion_with_the_rest_renumbered_is_seen_at_the_seam() -> None:
    lines = chain(10)
    del lines[4]
    lines = [
        line.replace(b'"seq":%d' % n, b'"seq":%d' % (n - 1)) if n > 5 else line
        for n, line in zip([1, 2, 3, 4, 6, 7, 8, 9, 10], lines, strict=True)
    ]
    verdict = judge(lines)
    assert first(verdict) == ("edited", 4)
    assert verdict.first is not None
    assert "entry 4 or entry 5" in verdict.first.sentence


def test_an_inserted_entry_is_named_whether_it_stands_before_or_behind_its_twin() -> None:
    lines = chain(10)
    forged = edited(lines[4])
    assert first(judge([*lines[:4], forged, *lines[4:]])) == ("inserted", 5)
    assert first(judge([*lines[:5], forged, *lines[5:]])) == ("inserted", 5)


def test_an_inserted_entry_that_links_to_nothing_is_named_not_its_neighbour() -> None:
    lines = chain(10)
    forged = b'{"v":1,"stream":"s1","seq":5,"prev":"' + b"f" * 64 + b'","id":"x_forged"}'
    verdict = judge([*lines[:4], forged, *lines[4:]])
    assert first(verdict) == ("inserted", 5)
    assert len(verdict.findings) == 1


def test_an_insertion_with_the_rest_renumbered_is_traced_to_where_it_was_put() -> None:
    lines = chain(10)
    forged = extend([b'{"id":"x_forged"}'], stream="s1", head=seal(lines, 4))[0]
    rest = [line.replace(b'"seq":%d' % n, b'"seq":%d' % (n + 1)) for n, line in enumerate(lines[4:], 5)]
    assert first(judge([*lines[:4], *forged, *rest])) == ("inserted", 5)


def test_an_unlinked_insertion_with_the_rest_renumbered_is_traced_too() -> None:
    lines = chain(10)
    forged = b'{"v":1,"stream":"s1","seq":5,"prev":"' + b"f" * 64 + b'","id":"x_forged"}'
    rest = [line.replace(b'"seq":%d' % n, b'"seq":%d' % (n + 1)) for n, line in enumerate(lines[4:], 5)]
    assert first(judge([*lines[:4], forged, *rest])) == ("inserted", 5)


def test_an_entry_that_comes_a_second_time_is_named() -> None:
    lines = chain(10)
    assert first(judge([*lines, lines[3]])) == ("inserted", 4)


@pytest.mark.parametrize(("source", "target"), [(4, 5), (4, 9), (0, 6)])
def test_a_moved_entry_is_named(source: int, target: int) -> None:
    lines = chain(10)
    lines.insert(target, lines.pop(source))
    verdict = judge(lines)
    assert first(verdict) == ("reordered", source + 1)
    assert len(verdict.findings) == 1


def test_moved_entries_are_named_together() -> None:
    lines = chain(10)
    verdict = judge([*lines[:4], *lines[6:8], *lines[4:6], *lines[8:]])
    assert first(verdict) == ("reordered", 5)
    assert verdict.first is not None
    assert verdict.first.sentence == "some of entries 5 to 6 of s1 stand later than where they were written"


def test_a_moved_entry_is_told_from_a_missing_one() -> None:
    lines = chain(10)
    verdict = judge([lines[0], *lines[2:4], *lines[5:8], lines[4], *lines[8:]])
    assert [(one.fault, one.seq) for one in verdict.findings] == [("deleted", 2), ("reordered", 5)]


async def test_two_broken_seals_in_a_row_are_one_rewriting() -> None:
    lines = chain(10)
    checkpoints = await sealing({"s1": seal(lines, 4)}, {"s1": seal(lines, 5)})
    lines[0] = edited(lines[0])
    verdict = judge(relink(lines, begin=1), checkpoints)
    assert [(one.fault, one.seq) for one in verdict.findings] == [("edited", 1)]


async def test_a_moved_entry_that_was_edited_too_is_both() -> None:
    lines = chain(10)
    checkpoints = await sealing({"s1": seal(lines, 5)}, {"s1": seal(lines, 10)})
    moved = edited(lines.pop(4))
    verdict = judge([*lines[:6], moved, *lines[6:]], checkpoints)
    assert {(one.fault, one.seq) for one in verdict.findings} == {("reordered", 5), ("edited", 5)}


async def test_a_cut_tail_is_found_by_the_checkpoint_that_covers_it() -> None:
    lines = chain(10)
    checkpoints = await sealing({"s1": seal(lines, 3)}, {"s1": seal(lines, 8)})
    assert judge(lines[:8], checkpoints).whole
    verdict = judge(lines[:7], checkpoints)
    assert first(verdict) == ("cut", 8)
    assert verdict.first is not None
    assert verdict.first.sentence == (
        "s1 ends at entry 7, but checkpoint 2 sealed entry 8: the end was cut off"
    )


async def test_a_whole_stream_that_is_gone_is_a_cut() -> None:
    lines = chain(3, stream="s2")
    verdict = judge(chain(3), await sealing({"s2": seal(lines, 3)}))
    assert first(verdict) == ("cut", 1)


async def test_a_chain_written_anew_is_found_by_the_seal_it_breaks() -> None:
    lines = chain(10)
    checkpoints = await sealing({"s1": seal(lines, 3)}, {"s1": seal(lines, 8)})
    lines[5] = edited(lines[5])
    verdict = judge(relink(lines, begin=6), checkpoints)
    assert first(verdict) == ("edited", 4)
    assert verdict.first is not None
    assert "written anew somewhere from entry 4 on" in verdict.first.sentence


async def test_a_sealed_entry_changed_alone_is_named_itself() -> None:
    lines = chain(10)
    checkpoints = await sealing({"s1": seal(lines, 3)}, {"s1": seal(lines, 8)})
    lines[7] = edited(lines[7])
    verdict = judge(lines, checkpoints)
    assert first(verdict) == ("edited", 8)
    assert len(verdict.findings) == 1


async def test_a_seal_settles_which_of_two_neighbours_was_changed() -> None:
    lines = chain(10)
    checkpoints = await sealing({"s1": seal(lines, 4)}, {"s1": seal(lines, 7)})
    unlinked = b'{"v":1,"stream":"s1","seq":5,"prev":"' + b"f" * 64 + b'","id":"x_forged"}'
    assert first(judge([*lines[:4], unlinked, *lines[5:]], checkpoints)) == ("edited", 5)
    lines[5] = edited(lines[5])
    assert first(judge(lines[:7], checkpoints)) == ("edited", 6)


async def test_the_genuine_twin_settles_the_seal() -> None:
    lines = chain(10)
    checkpoints = await sealing({"s1": seal(lines, 5)})
    verdict = judge([*lines[:4], edited(lines[4]), *lines[4:]], checkpoints)
    assert [(one.fault, one.seq) for one in verdict.findings] == [("inserted", 5)]


async def test_what_changed_before_a_gap_or_at_the_end_is_named() -> None:
    lines = chain(10)
    checkpoints = await sealing({"s1": seal(lines, 6)})
    lines[5] = edited(lines[5])
    assert ("edited", 1) in {
        (one.fault, one.seq) for one in judge([*lines[:6], *lines[8:]], checkpoints).findings
    }
    assert first(judge(lines[:6], checkpoints)) == ("edited", 1)


def test_a_doubt_before_a_gap_is_reported() -> None:
    lines = chain(10)
    lines[4] = edited(lines[4])
    assert first(judge([*lines[:6], *lines[8:]])) == ("edited", 5)


def test_a_doubt_that_nothing_settles_for_long_is_reported() -> None:
    lines = chain(20)
    lines[4:6] = [edited(lines[4]), edited(lines[5])]
    verdict = judge(
        relink(lines, begin=7)
        + list(
            extend(bodies(REMEMBERED), stream="s1", head=Head(20, line_hash(relink(lines, begin=7)[-1])))[0]
        )
    )
    assert first(verdict) == ("edited", 5)


async def test_unsealed_entries_can_be_changed_unseen_and_that_is_said() -> None:
    lines = chain(10)
    checkpoints = await sealing({"s1": seal(lines, 6)})
    lines[8] = edited(lines[8])
    verdict = judge(relink(lines, begin=9), checkpoints)
    assert verdict.whole
    assert verdict.unsealed == 4


def test_a_damaged_line_is_named_in_place_of_its_entry() -> None:
    lines = chain(10)
    lines[4] = lines[4][:60] + b"\xff"
    verdict = judge(lines)
    assert [(one.fault, one.seq) for one in verdict.findings] == [("damaged", 5)]


def test_garbage_between_entries_is_named_by_its_line() -> None:
    lines = chain(10)
    verdict = judge([*lines[:5], b"garbage", *lines[5:]])
    (found,) = verdict.findings
    assert (found.fault, found.stream, found.where) == ("damaged", None, "line 6")


def test_a_line_of_another_stream_in_a_stream_s_file_is_named() -> None:
    one, two = chain(3), chain(3, stream="s2")
    lines = [Line(line, f"row {n}", "s1", n) for n, line in enumerate([one[0], two[1], one[2]], 1)]
    verdict = verify_lines(lines)
    assert [(found.fault, found.stream, found.seq) for found in verdict.findings] == [("damaged", "s1", 2)]


def test_a_row_under_another_number_is_named() -> None:
    lines = [Line(line, f"row {n}", "s1", n) for n, line in zip([1, 2, 13], chain(3), strict=True)]
    verdict = verify_lines(lines)
    assert [(found.fault, found.seq) for found in verdict.findings] == [("reordered", 3)]


def test_a_part_begins_where_it_is_said_to_begin() -> None:
    lines = chain(10)
    assert not judge(lines[4:]).whole
    assert judge(lines[4:], start=5).whole
    assert judge(lines[4:], start=None).whole
    assert first(judge(lines[5:], start=5)) == ("deleted", 5)


async def test_a_part_is_compared_with_the_seal_just_before_it() -> None:
    lines = chain(10)
    checkpoints = await sealing({"s1": seal(lines, 4)}, {"s1": seal(lines, 9)})
    verdict = judge(lines[4:], checkpoints, start=5)
    assert verdict.whole
    assert (verdict.streams[0].first, verdict.streams[0].sealed, verdict.unsealed) == (5, 9, 1)
    other = relink([edited(lines[0]), *lines[1:]], begin=1)
    assert not judge(other[4:], checkpoints[:1], start=5).whole


async def test_a_part_says_nothing_about_streams_it_does_not_contain() -> None:
    lines = chain(4)
    checkpoints = await sealing({"s1": seal(lines, 4), "s2": Head(7, "ab" * 32)})
    assert judge(lines[2:], checkpoints, start=None).whole
    assert not judge(lines, checkpoints).whole


def test_what_lies_before_the_part_is_passed_over() -> None:
    lines = chain(10)
    assert judge(lines, start=5).whole


async def test_checkpoints_are_worth_nothing_without_a_key() -> None:
    lines = chain(5)
    verdict = verify_lines(
        [Line(line, "") for line in lines[:3]], checkpoints=await sealing({"s1": seal(lines, 5)})
    )
    assert verdict.whole
    assert verdict.checkpoints == 0


async def test_faults_of_checkpoints_are_named_after_bad_entries() -> None:
    lines = chain(5)
    checkpoints = await sealing({"s1": seal(lines, 1)}, {"s1": seal(lines, 2)}, {"s1": seal(lines, 3)})
    del checkpoints[1]
    assert first(judge(lines, checkpoints)) == ("missing_checkpoint", 2)
    lines[3] = edited(lines[3])
    assert first(judge(lines, checkpoints)) == ("edited", 4)


def test_a_file_written_anew_line_by_line_is_bounded() -> None:
    lines = [b'{"v":1,"stream":"s1","seq":%d,"prev":"%b","id":"x"}' % (n, b"f" * 64) for n in range(1, 2000)]
    verdict = judge(lines)
    assert first(verdict) == ("edited", 1)
    assert len(verdict.findings) <= MOST_FINDINGS


def test_every_fault_is_explained() -> None:
    assert all(sentence.endswith(".") for sentence in FAULTS.values())
