"""Reliability promises, as far as this release makes them."""

from __future__ import annotations

from tests.promises.row import Requirement, kept, later, on

_AUDIT = "reliability 17: audit and crash safety"
_KEYS = "reliability 18: keys"
_LOAD = "reliability 19: issuers, clocks, load"
_STORE = "reliability 21: storage"
_RUN = "reliability 22: operations"

ROWS: tuple[Requirement, ...] = on(
    "security",
    kept("REL-01", _AUDIT, "No token leaves before its record is durable."),
    kept("REL-02", _AUDIT, "When no record can be written nothing is issued, and service resumes by itself."),
    kept("REL-03", _AUDIT, "After a crash the log is checked, mended and says what may not have arrived."),
    later("REL-04", _AUDIT, "Export loses nothing.", reason="export comes later"),
    kept("REL-05", _KEYS, "Planned rotation loses no request."),
    kept("REL-06", _KEYS, "Nodes agree on the key that signs, and none signs with one it has not published."),
    kept("REL-07", _KEYS, "Emergency rotation kills a key everywhere and lists what it signed."),
    kept("REL-09", _LOAD, "An issuer's outage does not stop exchanges with known keys."),
    kept("REL-10", _LOAD, "One slow issuer does not slow the others."),
    kept("REL-12", _LOAD, "Equal work in flight is joined."),
)
"""Promises of a data folder, a node and an operator."""

OPERATIONS: tuple[Requirement, ...] = on(
    "security",
    # Only that: below in_flight requests wait for each other, so goodput under a flood is not promised.
    kept(
        "REL-11",
        _LOAD,
        "What is beyond in_flight, a full queue or a client's share is refused at once, in each process; "
        "who sends or reads too slowly is hung up on.",
    ),
    kept("REL-13", _LOAD, "Memory of what was used outlives its acceptance."),
    kept("REL-19", _STORE, "A store's error is never read as not used yet."),
    kept("REL-20", _STORE, "A database that is away costs a request a second, and service returns with it."),
    kept("REL-21", _STORE, "A change holds on every node within the bound; a node that cannot tell refuses."),
    kept("REL-23", _STORE, "Every kind of storage passes one suite, concurrency included."),
    kept("REL-24", _STORE, "What grows with traffic has bounded life and is removed in small batches."),
    kept("REL-25", _RUN, "A stop signal drains."),
    kept("REL-26", _RUN, "Old and new nodes serve beside each other on one database."),
    kept("REL-27", _RUN, "Migrations run once and refuse an unknown schema."),
    kept("REL-30", _RUN, "An unsafe or unclear configuration is refused at start."),
    kept("REL-31", _RUN, "Health is honest."),
    kept("REL-32", _RUN, "Metrics, logs and traces carry no secret and no unbounded label."),
)
"""Promises of storage and running."""
