"""The link from each entry to the one before."""

from __future__ import annotations

from hashlib import sha256

import pytest
from tests.fakes.audit import bodies, body

from actas.audit.chain import (
    EMPTY,
    GENESIS,
    BrokenChain,
    Head,
    NotAnEntry,
    extend,
    follow,
    line_hash,
    read_link,
)


def test_the_line_is_the_link_and_then_the_body() -> None:
    lines, head = extend([b'{"id":"x_a"}', b'{"id":"x_b"}'], stream="s1", head=EMPTY)
    first = b'{"v":1,"stream":"s1","seq":1,"prev":"' + b"0" * 64 + b'","id":"x_a"}'
    prev = sha256(first).hexdigest()
    second = b'{"v":1,"stream":"s1","seq":2,"prev":"' + prev.encode() + b'","id":"x_b"}'
    assert lines == (first, second)
    assert head == Head(2, sha256(second).hexdigest())


def test_no_bodies_leave_the_head_where_it_is() -> None:
    head = Head(7, "ab" * 32)
    assert extend([], stream="s1", head=head) == ((), head)


def test_a_link_is_read_from_its_place() -> None:
    line = extend([body("x_a", seq=99, prev="f" * 64, stream="s9")], stream="s1", head=EMPTY)[0][0]
    link = read_link(line)
    assert (link.stream, link.seq, link.prev) == ("s1", 1, GENESIS)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b'{"id":"x_a"}',
        b'{"v":2,"stream":"s1","seq":1,"prev":"' + b"0" * 64 + b'","id":"x"}',
        b'{"v":1,"stream":"S1","seq":1,"prev":"' + b"0" * 64 + b'","id":"x"}',
        b'{"v":1,"stream":"s1","seq":0,"prev":"' + b"0" * 64 + b'","id":"x"}',
        b'{"v":1,"stream":"s1","seq":01,"prev":"' + b"0" * 64 + b'","id":"x"}',
        b'{"v":1,"stream":"s1","seq":1,"prev":"' + b"0" * 63 + b'","id":"x"}',
        b'{"v":1,"stream":"s1","seq":1,"prev":"' + b"A" * 64 + b'","id":"x"}',
        b'{"v":1,"stream":"s1","seq":1,"prev":"' + b"0" * 64 + b'","id":"x"',
        b'{"v":1,"stream":"s1","seq":1,"prev":"' + b"0" * 64 + b'","id":}',
        b' {"v":1,"stream":"s1","seq":1,"prev":"' + b"0" * 64 + b'","id":"x"}',
        b'{"v":1,"stream":"s1","seq":1,"prev":"' + b"0" * 64 + b'","at":"\xb0"}',
        b'{"v":1,"stream":"s1","seq":1,"prev":"'
        + b"0" * 64
        + b'","id":'
        + b"[" * 100_000
        + b"]" * 100_000
        + b"}",
        b'{"stream":"s1","v":1,"seq":1,"prev":"' + b"0" * 64 + b'","id":"x"}',
    ],
)
def test_what_is_not_a_line_of_the_log_is_refused(line: bytes) -> None:
    with pytest.raises(NotAnEntry):
        read_link(line)


def test_a_line_says_when_it_was_made_if_it_says_so_in_text() -> None:
    made, unmade = extend([b'{"at":"2026"}', b'{"at":5}'], stream="s1", head=EMPTY)[0]
    assert (read_link(made).at, read_link(unmade).at) == ("2026", "")


def test_a_whole_chain_is_followed_to_its_head() -> None:
    lines, head = extend(bodies(20), stream="s1", head=EMPTY)
    assert follow(enumerate(lines, 1), stream="s1", head=EMPTY) == head


def test_a_chain_is_followed_from_the_middle() -> None:
    lines, head = extend(bodies(20), stream="s1", head=EMPTY)
    assert follow(enumerate(lines[10:], 11), stream="s1", head=Head(10, line_hash(lines[9]))) == head


@pytest.mark.requirement("REL-03", "SEC-88")
@pytest.mark.parametrize(
    ("rows", "seq"),
    [
        ([(1, 0), (3, 2)], 2),
        ([(1, 0), (2, 0)], 2),
        ([(1, 0), (2, 2)], 2),
        ([(1, 0), (3, 1)], 2),
        ([(1, 1)], 1),
    ],
)
def test_a_chain_that_does_not_follow_is_refused(rows: list[tuple[int, int]], seq: int) -> None:
    lines, _ = extend(bodies(3), stream="s1", head=EMPTY)
    with pytest.raises(BrokenChain) as refused:
        follow([(row, lines[at]) for row, at in rows], stream="s1", head=EMPTY)
    assert refused.value.seq == seq


def test_an_edited_entry_is_named_by_the_one_after() -> None:
    lines = list(extend(bodies(3), stream="s1", head=EMPTY)[0])
    lines[1] = lines[1].replace(b"x_2", b"x_9")
    with pytest.raises(BrokenChain) as refused:
        follow(enumerate(lines, 1), stream="s1", head=EMPTY)
    assert refused.value.seq == 2


def test_a_line_of_another_stream_or_of_none_is_refused() -> None:
    stranger = extend(bodies(1), stream="s2", head=EMPTY)[0][0]
    for line in (stranger, b"garbage"):
        with pytest.raises(BrokenChain) as refused:
            follow([(1, line)], stream="s1", head=EMPTY)
        assert refused.value.seq == 1
