"""What a soak met, judged and written as a page."""

from __future__ import annotations

import datetime as dt
import os
import platform
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg
from tests.fakes.server import RealServer

from bench.measure import resident
from bench.soak_load import CALLERS, GRANTED, Minute
from bench.table import processor

AT_ONCE: Final = "another key signs at once, as in an emergency"
AHEAD: Final = "another key signs, which was published ten minutes before"

ASKED_AGAIN: Final = 40.0
"""Seconds after which a verifier has asked for a key that it did not know; it asks twice a minute at most."""

LOST: Final = "502 from the proxy"
"""What a caller hears whose request a node was answering when it was killed."""

AWAY: Final = ("503 audit_unavailable", "503 storage_unavailable")
"""What a caller hears while the database is away: no token without its entry, none without asking once."""

SHED: Final = "503 overloaded"
"""A caller is told to come back later: not what a node at 70 % should say, and nothing that is lost."""


@dataclass(slots=True)
class Fault:
    """Something that was broken, and the time within which callers may notice.

    Attributes:
        began: seconds from the beginning; ``ended`` likewise.
        excuses: how requests may fail by it.
    """

    what: str
    began: float
    ended: float = float("inf")
    excuses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What the nodes held at one moment.

    Attributes:
        nodes: of each, its process, resident kilobytes and open files; None while it was away.
        connections: to the database; None while that was away.
    """

    at: float
    nodes: tuple[tuple[int, int, int] | None, ...]
    connections: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a soak met.

    Attributes:
        capacity: requests granted a second when nothing held them up; 0 when it was not measured.
        rate: requests a second that were asked for.
        skipped: requests that were not sent because callers had fallen behind.
        compared: tokens that were looked for in the log.
        verified: whether ``actas audit verify`` found nothing.
    """

    capacity: float
    rate: float
    seconds: float
    minutes: list[Minute]
    minute: float
    total: Counter[str]
    skipped: int
    faults: list[Fault]
    failed: list[tuple[float, str]]
    samples: list[Sample]
    compared: int
    unrecorded: list[str]
    doubled: list[str]
    checked: int
    unverified: list[tuple[float, str]]
    kids: Counter[str]
    verified: bool
    tracebacks: int

    @property
    def unexplained(self) -> Counter[str]:
        """What failed although nothing was broken by which it may."""
        excused: Counter[int] = Counter()
        left: Counter[str] = Counter()
        for at, how in self.failed:
            fault = self._cause(at)
            if fault is not None and how in fault.excuses:
                excused[id(fault)] += 1
                # A killed node was answering one request of each caller at most.
                if how != LOST or excused[id(fault)] <= CALLERS:
                    continue
            if how != SHED:
                left[how] += 1
        return left

    def _cause(self, at: float) -> Fault | None:
        """Return what was broken last before that moment, if it was not mended yet."""
        before = [fault for fault in self.faults if fault.began <= at]
        return before[-1] if before and at <= before[-1].ended else None

    @property
    def lost_nothing(self) -> bool:
        """Whether every promise held."""
        return self.verified and not (
            self.unrecorded or self.doubled or self.unbelieved or self.unexplained or self.tracebacks
        )

    @property
    def unbelieved(self) -> list[str]:
        """What a verifier said of tokens although their key should have been known to it."""
        return [said for at, said in self.unverified if not self._is_news(at)]

    def _is_news(self, at: float) -> bool:
        """Whether a key signed at once a moment before: verifiers may not know it until they ask again."""
        return any(one.what == AT_ONCE and one.began <= at <= one.began + ASKED_AGAIN for one in self.faults)

    def noticed(self, fault: Fault) -> Counter[str]:
        """Return how requests failed while something was broken."""
        return Counter(how for at, how in self.failed if self._cause(at) is fault)


async def sample(at: float, nodes: Sequence[RealServer], url: str) -> Sample:
    """Look at what the nodes hold."""
    connections: int | None = None
    try:
        connection = await asyncpg.connect(url, timeout=2)
        try:
            connections = await connection.fetchval(
                "SELECT count(*) - 1 FROM pg_stat_activity WHERE datname = current_database()"
            )
        finally:
            await connection.close()
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        pass
    return Sample(at=at, nodes=tuple(_held(node) for node in nodes), connections=connections)


def _held(node: RealServer) -> tuple[int, int, int] | None:
    try:
        pid = node.pid
        return pid, resident(pid), sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    except (AssertionError, OSError, ValueError):
        return None


def page(outcome: Outcome) -> str:
    """Return the report as a page."""
    return "\n".join(
        [
            "# Reliability",
            "",
            "Written by `make soak`: [two nodes behind nginx](guides/several-nodes.md) on one PostgreSQL,",
            "steady load, and all that can go wrong. [`bench/soak.py`](../bench/soak.py) is what was done.",
            "",
            f"**{'Nothing was lost.' if outcome.lost_nothing else 'SOMETHING WAS LOST.'}**",
            "",
            *_counts(outcome),
            "",
            "## What went wrong, and what callers met",
            "",
            "| After | What was done | Requests that failed |",
            "|---|---|---|",
            *(
                f"| {_clock(fault.began)} | {fault.what} | {_spelt(outcome.noticed(fault)) or 'none'} |"
                for fault in outcome.faults
            ),
            "",
            "What a killed node was answering may fail (502 from the proxy, one for each caller at most),",
            "and whatever comes while the database is away (503). Every other failure counts as a loss.",
            "",
            "## Minute by minute",
            "",
            "| | asked | granted | otherwise | p50 ms | p99 ms |",
            "|---|---|---|---|---|---|",
            *(_minute(one) for one in outcome.minutes),
            "",
            *_minutes_are(outcome),
            "## What the nodes held",
            "",
            *_held_by(outcome),
            "",
            "## The machine",
            "",
            _machine(),
            "",
            "## Repeat it",
            "",
            "```",
            "make soak                                      # ten minutes",
            'make soak ARGS="--report docs/reliability.md"  # and write this page',
            'make soak ARGS="--hours 72"                    # a round every hour, for three days',
            "```",
            "",
            "It needs Linux and nginx. The test suite runs the same in less than a minute.",
            "",
        ]
    )


def _counts(outcome: Outcome) -> list[str]:
    total = outcome.total
    asked = sum(total.values())
    pace = f"{outcome.rate:,.0f} requests a second"
    if outcome.capacity:
        pace += (
            f", {outcome.rate / outcome.capacity:.0%} of the {outcome.capacity:,.0f} that were granted before"
        )
    refused = Counter({how: count for how, count in total.items() if how != GRANTED})
    return [
        "| | |",
        "|---|---|",
        f"| Length | {outcome.seconds / 60:,.1f} minutes, at {pace} |",
        f"| Requests | {asked:,}; {outcome.skipped:,} more were due and not sent, because callers waited |",
        f"| Granted | {total[GRANTED]:,} |",
        f"| Otherwise | {sum(refused.values()):,}: {_spelt(refused) or 'none'} |",
        f"| Of those without a cause above | {_spelt(outcome.unexplained) or 'none'} |",
        f"| Tokens that arrived | {outcome.compared:,}; {len(outcome.unrecorded)} without an entry |",
        f"| Tokens that arrived twice | {len(outcome.doubled)} |",
        f"| Shown to an API that keeps keys | {outcome.checked:,}; {len(outcome.unverified)} refused |",
        f"| Keys that signed them | {len(outcome.kids)} |",
        f"| `actas audit verify` afterwards | {'nothing found' if outcome.verified else 'FOUND SOMETHING'} |",
    ]


def _minute(one: Minute) -> str:
    granted = one.met[GRANTED]
    rest = Counter({how: count for how, count in one.met.items() if how != GRANTED})
    asked = sum(one.met.values())
    return f"| {one.number} | {asked:,} | {granted:,} | {_spelt(rest)} | {one.p50:.1f} | {one.p99:.1f} |"


def _minutes_are(outcome: Outcome) -> list[str]:
    return [] if outcome.minute == 60 else [f"A row is {outcome.minute:.0f} seconds.", ""]


def _held_by(outcome: Outcome) -> list[str]:
    lines = ["| After | node 1 | node 2 | connections to the database |", "|---|---|---|---|"]
    step = max(1, len(outcome.samples) // 24)
    for one in outcome.samples[::step]:
        cells = ["away" if it is None else f"{it[1] / 1024:.0f} MB, {it[2]} files" for it in one.nodes]
        away = "away" if one.connections is None else str(one.connections)
        lines.append(f"| {_clock(one.at)} | {' | '.join(cells)} | {away} |")
    return [*lines, "", "A node that was started again begins anew."]


def _machine() -> str:
    today = dt.datetime.now(dt.UTC).date().isoformat()
    return (
        f"{len(os.sched_getaffinity(0))} cores, {processor()}, {platform.system()} {platform.release()}, "
        f"CPython {platform.python_version()}, {today}; load {os.getloadavg()[2]:.0f} over the last quarter "
        "of an hour. The nodes, PostgreSQL, nginx, the callers and the API that checks tokens share it, and "
        "other programs may have too: the times say little, what is counted says more."
    )


def _clock(seconds: float) -> str:
    return f"{int(seconds // 3600)}:{int(seconds // 60 % 60):02}:{int(seconds % 60):02}"


def _spelt(met: Counter[str]) -> str:
    return ", ".join(f"{count:,} times {how}" for how, count in met.most_common())
