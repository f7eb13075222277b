"""What one attempt adds to metrics and traces. Only words of the configuration and of ours become labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from actas.audit.trail import Trail
from actas.core.metrics import CHAIN_ACTORS, EXCHANGE_DURATION, EXCHANGES, RULE_MATCHES, Meter
from actas.core.party import Identity
from actas.core.tracing import Attribute, Attributes

_OURS: Final = frozenset(
    {"internal", "audit_unavailable", "storage_unavailable", "upstream_down", "overloaded"}
)

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


def described_attempt(
    trail: Trail, reason: str, *, pseudonym: Callable[[Identity], str] | None
) -> Attributes:
    """Return what a trace says of an attempt at the token endpoint that has ended (product.md 7).

    Args:
        reason: why it was refused; empty when it was granted.
        pseudonym: names the subject. No other name that a token brought is in a trace.
    """
    said: dict[str, Attribute] = {
        "actas.exchange.kind": trail.kind or UNKNOWN,
        "actas.exchange.outcome": "refused" if reason else "granted",
        "actas.exchange.entry": trail.entry,
        "http.request.method": "POST",
        "http.route": "/token",
    }
    if reason:
        said["actas.exchange.reason"] = reason
    else:
        said["actas.chain.actors"] = len(trail.issued_actors)
    if trail.rules:
        said["actas.rule"] = trail.rules
    if trail.client is not None:
        said["actas.client"] = trail.client.name
    if trail.subject is not None and pseudonym is not None:
        said["enduser.pseudo.id"] = pseudonym(trail.subject.identity)
    return said


def is_ours(reason: str) -> bool:
    """Whether a refusal is our failure, or of something that we depend on, and not the caller's."""
    return reason in _OURS
