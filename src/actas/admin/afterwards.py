"""What was refused after the rules allowed it: by another server, a store or a key, or for what was used up.

No rehearsal foresees it, so that it is told as it was, at the stage that it belongs to or at one of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from actas.admin.explanation import Explanation, Stage

DECIDED: Final = frozenset(
    {
        *("unknown_target", "connection_paused", "formats_differ", "client_may_not_exchange"),
        *("bad_subject", "bad_actor", "wrong_audience", "expired", "sign_in_again"),
        *("key_not_proven", "binding_needed", "actor_not_allowed", "impersonated", "protected_subject"),
        *("cannot_be_told", "reason_missing", "ticket_bad", "encryption_missing", "encryption_untried"),
        *("no_rule", "denied_by_rule", "excess", "bad_details", "chain_too_deep"),
    }
)
"""Reasons that a rehearsal gives too (``kinds.judge``). Whatever else refused is told as it was."""

_AT: Final = {
    **dict.fromkeys(("grant_reused", "unknown_person"), 2),
    "not_consented": 5,  # what was granted is more than the person let the app do
}
"""The numbers of the stages that some of it belongs to."""

ISSUING: Final = "issuing"
REDEEMED: Final = "redeemed there"


def as_it_was(found: Explanation, event: Mapping[str, Any]) -> Explanation:
    """Return a rehearsal that would be granted, with what refused the attempt after the rules."""
    if not found.granted or not is_afterwards(event):
        return found
    there = event.get("event") == "abroad:refused" or event.get("abroad", {}).get("redeems") is True
    error, reason = str(event.get("error")), str(event.get("reason"))
    name = REDEEMED if there and reason not in ("person_not_nameable", "no_encryption_key") else ISSUING
    return refused_at_last(found, error, reason, str(event.get("detail", "")), name=name)


def is_afterwards(event: Mapping[str, Any]) -> bool:
    """Whether an attempt was refused by what no rehearsal foresees, after the rules had allowed it."""
    if event.get("outcome") != "refused" or "policy" not in event:
        return False
    return event.get("event") == "abroad:refused" or event.get("reason") not in DECIDED


def refused_at_last(
    found: Explanation, error: str, reason: str, detail: str, *, name: str = ISSUING
) -> Explanation:
    """Return an explanation of what was allowed, refused all the same.

    Args:
        name: of the stage at which that is said, where it belongs to none of the seven.
    """
    at = _AT.get(reason)
    stages = [replace(one, passed=False, text=detail) if one.number == at else one for one in found.stages]
    if at is None:
        stages.append(Stage(number=len(stages) + 1, name=name, passed=False, text=detail))
    return replace(
        found,
        granted=False,
        error=error,
        reason=reason,
        detail=detail,
        stages=tuple(stages),
        scopes=(),
        permit=None,
    )
