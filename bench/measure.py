"""Counting: wall clock, CPU, memory, and medians of paired rounds.

Machines are shared and noisy, so a single number says little. Every round of a part is paired with a round of
the raw limit just before it, multiples are taken within the pair, and what is reported is the median with the
least and the greatest.
"""

from __future__ import annotations

import math
import os
import statistics
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Cost:
    """What one operation took on average, in microseconds."""

    wall: float = math.nan
    cpu: float = math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One round of a part, and the round of the raw limit it is paired with.

    Attributes:
        p50: median latency in milliseconds.
        p99: latency in milliseconds that one in a hundred exceeds.
    """

    raw: Cost
    cost: Cost
    p50: float = math.nan
    p99: float = math.nan

    @property
    def of_raw_cpu(self) -> float:
        """How much of the CPU of one operation is the raw limit's."""
        return self.raw.cpu / self.cost.cpu

    @property
    def of_raw_throughput(self) -> float:
        """Throughput as a part of the raw limit's."""
        return self.raw.wall / self.cost.wall


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The median of some figures, with the least and the greatest."""

    median: float
    least: float
    greatest: float


@dataclass(slots=True, kw_only=True)
class Part:
    """One line of the table.

    Attributes:
        exchanges: how many were made in the rounds.
        memory: resident kilobytes of the server after so many exchanges, oldest first.
        notes: sentences about how it went.
    """

    name: str
    rounds: list[Round] = field(default_factory=list[Round])
    exchanges: int = 0
    memory: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    notes: list[str] = field(default_factory=list[str])

    def spread(self, figure: Callable[[Round], float]) -> Spread:
        """Return a figure over all rounds."""
        return spread([figure(one) for one in self.rounds])


def spread(figures: Sequence[float]) -> Spread:
    """Return the median of ``figures`` with the least and the greatest."""
    return Spread(median=statistics.median(figures), least=min(figures), greatest=max(figures))


@contextmanager
def costing(count: int) -> Generator[Cost]:
    """Measure what runs inside: wall clock, and CPU of all threads of this process, per operation.

    Args:
        count: how many operations run inside.
    """
    cost = Cost()
    wall, cpu = time.perf_counter(), time.process_time()
    yield cost
    cost.cpu = (time.process_time() - cpu) / count * 1e6
    cost.wall = (time.perf_counter() - wall) / count * 1e6


def percentile(latencies: Sequence[float], part: float) -> float:
    """Return the latency that the part ``1 - part`` of them exceeds, by the nearest rank.

    Args:
        latencies: at least one, in ascending order.
        part: such as 0.99.
    """
    return latencies[max(0, math.ceil(part * len(latencies)) - 1)]


def cpu_seconds(pid: int) -> float:
    """Return the CPU seconds that all threads of a process have used, user and system."""
    # The second field is a name in brackets that may hold anything, so the fields are counted after it.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident(pid: int) -> int:
    """Return the resident memory of a process in kilobytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise ValueError(f"process {pid} has no VmRSS")


def cores() -> tuple[int, int]:
    """Return the core of what is measured and the core of who drives it; one core when there is but one."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[0], usable[-1]


@contextmanager
def pinned(*only: int) -> Generator[None]:
    """Run what is inside, and every thread and process it starts, on these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, only)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
