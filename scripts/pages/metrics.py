"""``metrics.md``: every metric, with its kind and its labels."""

from __future__ import annotations

from typing import Final

from scripts.pages.markdown import code, page, table

from actas.core.metrics import METRICS, PREFIX, Counter, Gauge, Histogram, Metric

INTRODUCTION: Final = """
`GET /metrics` on the management listener (`server.management`) answers in the text format of Prometheus, or
in OpenMetrics for whoever asks for it. It is never on the public listener.

With several workers, whichever of them is asked answers for all: counters and histograms are sums, and of a
gauge the column *Among workers* says which value holds. A worker that dies takes no counts with it.
"""

LABELS: Final = """
Labels are bounded by the configuration and by the code: never a person, a client that did not authenticate,
a token or an address. Of each metric at most as many label values are told apart as the table says; further
ones are counted together under `other`.

`kind` is the kind of exchange, or `unknown` for what was refused before that was known. `reason` is one of
the [reasons for a refusal](errors.md), and empty for what was granted. `outcome` is `granted` or `refused`
of an exchange, `fetched` or `failed` of a fetch, `taken`, `failed` or `refused` of a delivery to a sink.
`what` says which bound or which one-time thing.
"""


def make() -> str:
    """Return the page."""
    head = ("Name", "Kind", "Labels", "At most", "Among workers", "Says")
    blocks = [INTRODUCTION, table(head, (_row(metric) for metric in METRICS)), LABELS]
    return page("Metrics", *blocks, "## Buckets", table(("Histogram", "Bounds"), _buckets()))


def _row(metric: Metric) -> tuple[str, ...]:
    labels = ", ".join(code(label) for label in metric.labels) or "none"
    most = str(metric.most) if metric.labels else "1"
    return code(PREFIX + metric.name), _kind(metric), labels, most, _among(metric), metric.help


def _kind(metric: Metric) -> str:
    kinds: dict[type, str] = {Counter: "counter", Gauge: "gauge", Histogram: "histogram"}
    return kinds[type(metric)]


def _among(metric: Metric) -> str:
    if isinstance(metric, Gauge):
        return "the least" if metric.among == "min" else "the most"
    return "the sum"


def _buckets() -> list[tuple[str, str]]:
    return [
        (code(PREFIX + metric.name), ", ".join(f"{bound:g}" for bound in metric.buckets))
        for metric in METRICS
        if isinstance(metric, Histogram)
    ]
