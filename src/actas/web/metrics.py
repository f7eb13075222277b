"""``/metrics``: the numbers as Prometheus reads them, on the management listener only."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from actas.core.metrics import METRICS, PREFIX, Counter, Gauge, Histogram
from actas.web.tally import Snapshot


def written(snapshot: Snapshot, *, accept: str) -> tuple[bytes, str]:
    """Return the numbers in the format that the caller asks for, and its media type.

    Args:
        accept: the caller's Accept header; the plain text format for whoever names none, or one that is
            not understood.
    """
    try:
        encode, media_type = choose_encoder(accept)
    except (TypeError, ValueError):  # a version that is no number
        encode, media_type = choose_encoder("")
    return encode(_Shown(snapshot)), media_type


class _Shown(Collector):
    """A snapshot as Prometheus's library takes it."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        for metric in METRICS:
            name, labels = PREFIX + metric.name, list(metric.labels)
            match metric:
                case Counter():
                    counter = CounterMetricFamily(name, metric.help, labels=labels)
                    for values, value in self._snapshot.counters.get(metric.name, []):
                        counter.add_metric(values, value)
                    yield counter
                case Gauge():
                    gauge = GaugeMetricFamily(name, metric.help, labels=labels)
                    for values, value in self._snapshot.gauges.get(metric.name, []):
                        gauge.add_metric(values, value)
                    yield gauge
                case Histogram():
                    histogram = HistogramMetricFamily(name, metric.help, labels=labels)
                    bounds = [*(str(float(bound)) for bound in metric.buckets), "+Inf"]
                    for values, row in self._snapshot.histograms.get(metric.name, []):
                        histogram.add_metric(
                            values, list(zip(bounds, accumulate(row[:-1]), strict=True)), row[-1]
                        )
                    yield histogram
