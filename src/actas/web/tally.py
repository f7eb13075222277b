"""The numbers of one process, and what the numbers of several say together.

Counting is a lookup and an addition on the event loop's thread; nothing is locked, parsed or written for it.
Each metric has a bound on its label values (``core.metrics``), so that memory and a scrape stay small,
whatever callers send (REL-32).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import msgspec

from actas.core.metrics import METRICS, Counter, Gauge, Histogram

OTHER: Final = "other"
"""The value of every label of what comes beyond a metric's bound."""

GONE: Final = 10.0
"""Seconds after which a process that wrote nothing is taken for dead: its counters stay, its gauges go."""

Labels = tuple[str, ...]
Reading = Callable[[], Mapping[Labels, float]]
"""Reads a gauge: its values by label values."""


class Snapshot(msgspec.Struct, kw_only=True):
    """The numbers of a process at one moment, by metric name; ``labels`` are joined into lists.

    Attributes:
        at: seconds of the clock that all processes of a computer share and nobody sets.
        histograms: counts by bucket, then beyond the last, then the sum of what was measured.
    """

    at: float
    counters: dict[str, list[tuple[Labels, float]]]
    gauges: dict[str, list[tuple[Labels, float]]]
    histograms: dict[str, list[tuple[Labels, list[float]]]]


class Tally:
    """Implements ``core.metrics.Meter`` for one process, and reads its gauges.

    Args:
        before: where the process that this one takes the place of stopped counting.
    """

    def __init__(self, before: Snapshot | None = None) -> None:
        self._counters: dict[Counter, dict[Labels, float]] = {}
        self._histograms: dict[Histogram, dict[Labels, list[float]]] = {}
        self._readings: dict[Gauge, Reading] = {}
        for metric in METRICS:
            if isinstance(metric, Counter):
                kept = [] if before is None else before.counters.get(metric.name, [])
                self._counters[metric] = dict(kept)
            elif isinstance(metric, Histogram):
                cells = [] if before is None else before.histograms.get(metric.name, [])
                size = len(metric.buckets) + 2
                self._histograms[metric] = {labels: row for labels, row in cells if len(row) == size}

    def count(self, counter: Counter, *labels: str) -> None:
        found = self._counters[counter]
        if labels not in found:
            labels = _bounded(counter, found, labels)
            found.setdefault(labels, 0.0)
        found[labels] += 1

    def observe(self, histogram: Histogram, value: float, *labels: str) -> None:
        found = self._histograms[histogram]
        row = found.get(labels)
        if row is None:
            labels = _bounded(histogram, found, labels)
            row = found.setdefault(labels, [0.0] * (len(histogram.buckets) + 2))
        row[bisect_left(histogram.buckets, value)] += 1
        row[-1] += value

    def read(self, gauge: Gauge, reading: Reading) -> None:
        """Read a gauge by ``reading`` from now on, whenever somebody asks."""
        self._readings[gauge] = reading

    def snapshot(self, at: float) -> Snapshot:
        """Return the numbers as they are.

        Args:
            at: seconds of a clock that nobody sets.
        """
        gauges = {gauge: list(reading().items())[: gauge.most] for gauge, reading in self._readings.items()}
        return Snapshot(
            at=at,
            counters={metric.name: list(found.items()) for metric, found in self._counters.items()},
            gauges={metric.name: found for metric, found in gauges.items()},
            histograms={metric.name: list(found.items()) for metric, found in self._histograms.items()},
        )


def together(snapshots: Iterable[Snapshot], *, at: float) -> Snapshot:
    """Return what several processes say together: sums of what was counted, one value of each gauge.

    Args:
        at: now, on the clock of the snapshots.
    """
    counters: dict[str, dict[Labels, float]] = {}
    gauges: dict[str, dict[Labels, float]] = {}
    histograms: dict[str, dict[Labels, list[float]]] = {}
    choose = {
        metric.name: min if metric.among == "min" else max for metric in METRICS if isinstance(metric, Gauge)
    }
    for one in snapshots:
        for name, found in one.counters.items():
            sums = counters.setdefault(name, {})
            for labels, value in found:
                sums[labels] = sums.get(labels, 0.0) + value
        for name, rows in one.histograms.items():
            cells = histograms.setdefault(name, {})
            for labels, row in rows:
                cells[labels] = [a + b for a, b in zip(cells.get(labels, [0.0] * len(row)), row, strict=True)]
        if at - one.at <= GONE:
            for name, values in one.gauges.items():
                held = gauges.setdefault(name, {})
                for labels, value in values:
                    held[labels] = choose[name](held.get(labels, value), value)
    return Snapshot(
        at=at,
        counters={name: sorted(found.items()) for name, found in counters.items()},
        gauges={name: sorted(found.items()) for name, found in gauges.items()},
        histograms={name: sorted(found.items()) for name, found in histograms.items()},
    )


def _bounded(metric: Counter | Histogram, found: Mapping[Labels, object], labels: Labels) -> Labels:
    if len(labels) != len(metric.labels):
        labels = (*labels, *[OTHER] * len(metric.labels))[: len(metric.labels)]
    return labels if labels in found or len(found) < metric.most - 1 else (OTHER,) * len(metric.labels)
