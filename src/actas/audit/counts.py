"""What one attempt adds to the metrics. Only words of the configuration and of ours become labels."""

from __future__ import annotations

from typing import Final

from actas.audit.trail import Trail
from actas.core.metrics import CHAIN_ACTORS, EXCHANGE_DURATION, EXCHANGES, RULE_MATCHES, Meter

UNKNOWN: Final = "unknown"
"""The kind of what was refused before anybody knew what kind of exchange it would be."""


def count_attempt(meter: Meter, trail: Trail, reason: str, *, seconds: float) -> None:
    """Count an attempt at the token endpoint that has ended.

    Args:
        reason: why it was refused; empty when it was granted.
        seconds: since it began.
    """
    if trail.door != "exchange":
        return
    kind = trail.kind or UNKNOWN
    outcome = "refused" if reason else "granted"
    meter.count(EXCHANGES, kind, outcome, reason)
    meter.observe(EXCHANGE_DURATION, seconds, kind, outcome)
    if not reason:
        meter.observe(CHAIN_ACTORS, len(trail.issued_actors), kind)
    effect = "deny" if reason == "denied_by_rule" else "allow"
    for rule in trail.rules:
        meter.count(RULE_MATCHES, rule, effect)
