"""Whatever nodes, clocks and the network do, no token is taken that was revoked longer ago than the bound.

A model of the server: one log that is written in order, two nodes that have read it so far, each with its own
idea of when that was, and a sweep that removes what has ended. A verifier follows either node as it comes, its
clock is set forth and back by minutes, and pages of an answer are two rows long.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from actas_sdk.errors import InvalidToken
from actas_sdk.flow import World
from actas_sdk.revoked import Ended, Following, Lineage, Told

BEGUN = 1_790_000_000
BOUND = 5.0
LIFE = 300
MARGIN = 600
"""Seconds that the server keeps a row longer than what it ends."""

PAGE = 2
TOKENS = 6


@dataclass
class Row:
    seq: int
    at: float
    token: int
    ended: Ended


@dataclass
class Node:
    upto: int = 0
    read_at: float = 0.0


@dataclass
class Server:
    log: list[Row] = field(default_factory=list)
    nodes: tuple[Node, Node] = field(default_factory=lambda: (Node(), Node()))

    def revoke(self, token: int, *, at: float, until: int) -> None:
        seq = self.log[-1].seq + 1 if self.log else 1
        ended = Ended(mark_of(token), 4_102_444_800, until + MARGIN)
        self.log.append(Row(seq, at, token, ended))

    def read(self, node: int, *, at: float) -> None:
        self.nodes[node].read_at = at
        self.nodes[node].upto = self.log[-1].seq if self.log else 0

    def answer(self, node: int, after: int, *, at: float) -> Told | None:
        asked = self.nodes[node]
        if at - asked.read_at > BOUND:
            return None
        rows = [row for row in self.log if after < row.seq <= asked.upto][:PAGE]
        return Told(
            after=after,
            ended=[row.ended for row in rows],
            last=rows[-1].seq if rows else asked.upto,
            more=len(rows) == PAGE,
            age=at - asked.read_at,
        )


def mark_of(token: int) -> str:
    return f"token{token:07}"


class Followed(RuleBasedStateMachine):
    """A verifier, and everything that can happen around it."""

    def __init__(self) -> None:
        super().__init__()
        self.ran = 0.0
        self.skew = 0.0
        self.server = Server()
        self.ends_at = {token: BEGUN + LIFE * (1 + token) for token in range(TOKENS)}
        self.verifier = Following(
            within=BOUND,
            world=World(now=self.wall, monotonic=lambda: self.ran, jitter=lambda: 0.5),
        )

    def wall(self) -> float:
        return BEGUN + self.ran + self.skew

    @rule(seconds=st.one_of(st.floats(0, 7), st.floats(0, 500)))
    def time_passes(self, seconds: float) -> None:
        self.ran += seconds

    @rule(skew=st.floats(-290, 290))
    def the_clock_is_set(self, skew: float) -> None:
        self.skew = skew

    @rule(token=st.integers(0, TOKENS - 1))
    def a_token_is_revoked(self, token: int) -> None:
        if self.ends_at[token] > BEGUN + self.ran:
            self.server.revoke(token, at=self.ran, until=self.ends_at[token])

    @rule(node=st.integers(0, 1))
    def a_node_reads(self, node: int) -> None:
        self.server.read(node, at=self.ran)

    @rule()
    def what_has_ended_is_swept(self) -> None:
        newest = self.server.log[-1:]
        kept = [row for row in self.server.log[:-1] if row.ended.until >= BEGUN + self.ran]
        self.server.log = kept + newest

    @rule(nodes=st.lists(st.integers(0, 1), min_size=1, max_size=4), delay=st.floats(0, 2))
    def the_verifier_asks(self, nodes: list[int], delay: float) -> None:
        for node in nodes:
            asked_at = self.verifier.now()
            told = self.server.answer(node, self.verifier.after, at=self.ran)
            self.ran += delay
            if told is None or not self.verifier.take(told, asked_at=asked_at):
                break

    @rule()
    def all_is_well_again(self) -> None:
        """Once a node and the verifier read to the end, what was not revoked is taken."""
        self.server.read(0, at=self.ran)
        for _ in range(2 + len(self.server.log)):
            self.verifier.unknown()
            told = self.server.answer(0, self.verifier.after, at=self.ran)
            assert told is not None
            if not self.verifier.take(told, asked_at=self.verifier.now()):
                break
        assert self.verifier.unknown() is None
        revoked = {row.token for row in self.server.log}
        for token in range(TOKENS):
            if self.wall() < self.ends_at[token]:
                assert self.is_taken(token) == (token not in revoked)

    def is_taken(self, token: int) -> bool:
        if self.verifier.unknown() is not None:
            return False
        try:
            self.verifier.require_live(Lineage(BEGUN, ("another-mark", mark_of(token))))
        except InvalidToken:
            return False
        return True

    @invariant()
    def nothing_is_taken_that_was_revoked_longer_ago_than_the_bound(self) -> None:
        for row in self.server.log:
            if self.ran - row.at > BOUND and self.wall() < self.ends_at[row.token]:
                assert not self.is_taken(row.token), row

    @invariant()
    def no_more_is_remembered_than_was_revoked(self) -> None:
        assert len(self.verifier) <= TOKENS


TestFollowed = Followed.TestCase
TestFollowed.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def test_a_verifier_that_runs_for_long_remembers_only_what_is_live() -> None:
    """A day of revocations, one a minute, each of a token that lives for five."""
    ran = [0.0]
    verifier = Following(
        within=BOUND, world=World(now=lambda: BEGUN + ran[0], monotonic=lambda: ran[0], jitter=lambda: 0.5)
    )
    most = 0
    for minute in range(24 * 60):
        ran[0] = minute * 60.0
        until = int(BEGUN + ran[0] + LIFE + MARGIN)
        told = Told(
            after=verifier.after,
            ended=[Ended(mark_of(minute), 4_102_444_800, until)],
            last=minute + 1,
            more=False,
            age=0.0,
        )
        verifier.take(told, asked_at=verifier.now())
        most = max(most, len(verifier))
    assert most <= (LIFE + MARGIN) / 60 + 2
