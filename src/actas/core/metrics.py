"""What is counted and measured: every metric with its kind and its labels, and how to count (REL-32).

Names and labels are part of the contract with operators. A label is bounded by the configuration or by the
code: never a person, a token, an address or anything else that a caller writes. The rest of the server counts
through a ``Meter``; what keeps the numbers and what shows them is plugged in above.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, Protocol

PREFIX: Final = "actas_"
"""What the name of every metric begins with where it is shown."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Counter:
    """What only grows.

    Attributes:
        name: without the prefix; ends in ``_total``.
        labels: the names of its labels, in the order in which their values are given.
        most: label values told apart; further ones are counted together under ``other``.
    """

    name: str
    help: str
    labels: tuple[str, ...] = ()
    most: int = 60


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gauge:
    """What is so just now. Read when it is asked for.

    Attributes:
        among: which value holds where several processes of one server have one.
    """

    name: str
    help: str
    labels: tuple[str, ...] = ()
    most: int = 60
    among: Literal["max", "min"] = "max"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Histogram:
    """How often what was measured fell under which bound.

    Attributes:
        buckets: the bounds, ascending; each counts what is equal or less.
    """

    name: str
    help: str
    buckets: tuple[float, ...]
    labels: tuple[str, ...] = ()
    most: int = 16


Metric = Counter | Gauge | Histogram


class Meter(Protocol):
    """Keeps the numbers of one process. Costs less than a microsecond, never raises, never waits."""

    def count(self, counter: Counter, *labels: str) -> None:
        """Count one more.

        Args:
            labels: one value for each of the counter's labels.
        """
        ...

    def observe(self, histogram: Histogram, value: float, *labels: str) -> None:
        """Note what was measured.

        Args:
            value: in the unit of the histogram's name.
        """
        ...


class Unmetered:
    """Counts nothing: for commands that serve nobody."""

    def count(self, counter: Counter, *labels: str) -> None:
        """Count nothing."""

    def observe(self, histogram: Histogram, value: float, *labels: str) -> None:
        """Note nothing."""


UNMETERED: Final[Meter] = Unmetered()

EXCHANGES: Final = Counter(
    name="exchanges_total",
    help="Requests at the token endpoint, by how they ended. A granted one has no reason.",
    labels=("kind", "outcome", "reason"),
    most=800,
)
EXCHANGE_DURATION: Final = Histogram(
    name="exchange_duration_seconds",
    help="From the moment a form was read until its record was durable.",
    labels=("kind", "outcome"),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
    most=24,
)
REDEEMED_THERE: Final = Counter(
    name="redeemed_abroad_total",
    help="Grants that were redeemed for a client at another domain's server, by connection and how it ended: "
    "granted, or why not.",
    labels=("connection", "outcome"),
    most=200,
)
CHAIN_ACTORS: Final = Histogram(
    name="chain_actors",
    help="Actors that a granted token names.",
    labels=("kind",),
    buckets=(0, 1, 2, 3, 4, 5, 6, 7, 8),
    most=12,
)
RULE_MATCHES: Final = Counter(
    name="rule_matches_total",
    help="Requests that a rule decided, as it decided them.",
    labels=("rule", "effect"),
    most=1000,
)
CLIENT_AUTH_FAILURES: Final = Counter(
    name="client_auth_failures_total",
    help="Callers that did not prove to be the client they named, by the method they tried.",
    labels=("method",),
)
REPLAYS_REFUSED: Final = Counter(
    name="replays_refused_total",
    help="What may be used once and was presented again.",
    labels=("what",),
)
RATE_LIMITED: Final = Counter(
    name="rate_limited_total",
    help="Requests turned away by a bound, before any costly work.",
    labels=("what",),
)
ISSUER_KEYS_AGE: Final = Gauge(
    name="issuer_keys_age_seconds",
    help="Since the keys of a trusted issuer were last fetched with success.",
    labels=("issuer",),
)
ISSUER_FETCHES: Final = Counter(
    name="issuer_fetch_total",
    help="Attempts to fetch the keys of a trusted issuer.",
    labels=("issuer", "outcome"),
)
UPSTREAM_OPEN: Final = Gauge(
    name="upstream_open",
    help="1 while what is asked of another server is refused at once, because it kept failing.",
    labels=("upstream",),
)
SIGNING_KEY_AGE: Final = Gauge(
    name="signing_key_age_seconds",
    help="Age of the newest active key.",
    labels=("use",),
)
SIGNING_KEY_NEXT: Final = Gauge(
    name="signing_key_next_rotation_seconds",
    help="Until the next key of a use signs; negative when it is late.",
    labels=("use",),
)
AUDIT_ENTRIES: Final = Counter(
    name="audit_entries_total",
    help="Entries written to the audit log.",
    labels=("event",),
)
AUDIT_APPEND: Final = Histogram(
    name="audit_append_seconds",
    help="From handing an entry over until it was durable.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0),
)
AUDIT_CHECKPOINT_AGE: Final = Gauge(
    name="audit_checkpoint_age_seconds",
    help="Since the ends of the audit streams were last sealed.",
    among="min",
)
AUDIT_VERIFIED: Final = Gauge(
    name="audit_verified",
    help="1 while every stream holds what was sealed of it, 0 when one does not.",
    among="min",
)
AUDIT_SINK_LAG: Final = Gauge(
    name="audit_sink_lag_entries",
    help="Entries of a stream that a sink has not, as the process knows that delivers to it.",
    labels=("sink", "stream"),
    most=400,
)
AUDIT_SINK_BEHIND: Final = Gauge(
    name="audit_sink_behind_seconds",
    help="Since the oldest entry was made that a sink has not; 0 when it has all.",
    labels=("sink",),
)
AUDIT_SINK_STOPPED: Final = Gauge(
    name="audit_sink_stopped",
    help="1 while nothing more is delivered to a sink until an operator acts.",
    labels=("sink",),
)
AUDIT_SINK_RESERVE: Final = Gauge(
    name="audit_sink_reserve_used_ratio",
    help="How much of its reserve a sink has used that takes nothing; from 1 on nothing is issued.",
    labels=("sink",),
)
AUDIT_SINK_DELIVERIES: Final = Counter(
    name="audit_sink_deliveries_total",
    help="Deliveries to a sink, by how they ended.",
    labels=("sink", "outcome"),
)
LOGOUT_NOTICES: Final = Counter(
    name="logout_notices_total",
    help="Tries to tell an app that a session ended, by how they ended: delivered, failed, or given_up.",
    labels=("outcome",),
    most=4,
)
CLOCK_OFFSET: Final = Gauge(
    name="clock_offset_seconds",
    help="By how much the clock of this computer and the database's differ at least.",
)
CLOCK_JUMPS: Final = Counter(
    name="clock_jumps_total",
    help="Times that the clock of this computer was set by more than five seconds.",
    labels=("direction",),
)
BUILD_INFO: Final = Gauge(
    name="build_info",
    help="Always 1.",
    labels=("version", "python"),
)

METRICS: Final[tuple[Metric, ...]] = (
    EXCHANGES,
    EXCHANGE_DURATION,
    REDEEMED_THERE,
    CHAIN_ACTORS,
    RULE_MATCHES,
    CLIENT_AUTH_FAILURES,
    REPLAYS_REFUSED,
    RATE_LIMITED,
    ISSUER_KEYS_AGE,
    ISSUER_FETCHES,
    UPSTREAM_OPEN,
    SIGNING_KEY_AGE,
    SIGNING_KEY_NEXT,
    AUDIT_ENTRIES,
    AUDIT_APPEND,
    AUDIT_CHECKPOINT_AGE,
    AUDIT_VERIFIED,
    AUDIT_SINK_LAG,
    AUDIT_SINK_BEHIND,
    AUDIT_SINK_STOPPED,
    AUDIT_SINK_RESERVE,
    AUDIT_SINK_DELIVERIES,
    LOGOUT_NOTICES,
    CLOCK_OFFSET,
    CLOCK_JUMPS,
    BUILD_INFO,
)
"""Every metric, in the order of the documentation. What is not in it cannot be counted."""
