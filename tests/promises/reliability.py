"""Reliability promises, as far as this release makes them."""

from __future__ import annotations

from tests.promises.row import Requirement, kept, on

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
    kept(
        "REL-04",
        _AUDIT,
        "Every sink gets every entry at least once and in order; one that takes nothing stops nobody until its "
        "reserve is used up, then issuing stops.",
    ),
    kept("REL-05", _KEYS, "Planned rotation loses no request."),
    kept("REL-06", _KEYS, "Nodes agree on the key that signs, and none signs with one it has not published."),
    kept("REL-07", _KEYS, "Emergency rotation kills a key everywhere and lists what it signed."),
    kept(
        "REL-08", _KEYS, "Sealing everything again can be killed anywhere and leaves every record readable."
    ),
    kept("REL-09", _LOAD, "An issuer's outage does not stop exchanges with known keys."),
    kept("REL-10", _LOAD, "One slow issuer does not slow the others."),
    kept("REL-12", _LOAD, "Equal work in flight is joined."),
)
"""Promises of a data folder, a node and an operator."""

OPERATIONS: tuple[Requirement, ...] = on(
    "security",
    # What is left of what a server can do is measured by bench.overload, not promised: computers differ.
    kept(
        "REL-11",
        _LOAD,
        "What is beyond in_flight, a full queue or a client's share is refused before anything is done for it; "
        "refusals are rationed; who is too slow is hung up on.",
    ),
    kept(
        "REL-13",
        _LOAD,
        "A clock that jumps or differs from the database's stops issuing; memory of what was used outlives its acceptance.",
    ),
    kept(
        "REL-19",
        _STORE,
        "A store's error is never read as not used yet, not revoked or allowed, of grants between domains neither.",
    ),
    kept("REL-20", _STORE, "A database that is away costs a request a second, and service returns with it."),
    kept("REL-21", _STORE, "A change holds on every node within the bound; a node that cannot tell refuses."),
    kept(
        "REL-22",
        _STORE,
        "One process at a time delivers to a sink; when it dies or freezes another goes on within seconds, "
        "and nothing of it counts when it thaws.",
    ),
    kept("REL-23", _STORE, "Every kind of storage passes one suite, concurrency included."),
    kept("REL-24", _STORE, "What grows with traffic has bounded life and is removed in small batches."),
    kept("REL-25", _RUN, "A stop signal drains, and behind a proxy no request fails."),
    kept("REL-26", _RUN, "Old and new nodes serve beside each other on one database."),
    kept("REL-27", _RUN, "Migrations run once and refuse an unknown schema."),
    kept(
        "REL-28",
        _RUN,
        "A restored backup begins an epoch in which nothing used is reusable and nothing revoked lives; backups "
        "are consistent and sealed.",
    ),
    kept(
        "REL-29",
        _RUN,
        "A standby takes over within 30 s; with synchronous replication nothing acknowledged is lost, and a node"
        " says at its start what may be when there is none.",
    ),
    kept("REL-30", _RUN, "An unsafe or unclear configuration is refused at start."),
    kept("REL-31", _RUN, "Health is honest."),
    kept("REL-33", _RUN, "A soak with faults on two nodes loses nothing, and its audit log verifies."),
    kept("REL-32", _RUN, "Metrics, logs and traces carry no secret and no unbounded label."),
)
"""Promises of storage and running."""
