"""What an entry alone says of a refusal that the rules never saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from actas.admin.explanation import Explanation, explain_early
from actas.core.errors import InvalidRequest
from actas.core.party import Party
from actas.core.wire import JWT_BEARER

_OF_A_GRANT: Final = (
    *("bad_subject", "expired", "revoked", "wrong_audience", "wrong_tenant", "unknown_person"),
    *("upstream_down", "storage_unavailable"),
)
"""Why a grant of another domain that is redeemed is not believed."""


def early(event: Mapping[str, Any], *, policy: str) -> Explanation:
    """Explain an attempt that was refused before the rules saw it, by what its entry says.

    Args:
        event: its entry.
        policy: the version of the policy in force now.
    """
    error = InvalidRequest(event["reason"], detail=str(event.get("detail", "")))
    stage = _refused_at(event)
    passed = {1: str(event.get("client", {}).get("name"))} if stage > 1 else {}
    subject = event.get("subject")
    # A grant that is redeemed is proven first, because it says what it is for.
    if subject is not None and (stage > 2 or (stage < 2 and event.get("grant") == JWT_BEARER)):
        passed[2] = whose(subject)
    bad: Mapping[str, Any] = event.get("actor" if stage > 2 else "subject", {}) if stage > 1 else {}
    explained = explain_early(
        error, stage=stage, passed=passed, policy=policy, whose=whose(bad) if bad else ""
    )
    return replace(explained, error=str(event.get("error", explained.error)))


def whose(document: Mapping[str, Any]) -> str:
    """Return whose token an entry tells of: of whom it speaks, who made it, and its ``jti``, which both logs
    have.

    Args:
        document: ``subject`` or ``actor`` of an event, whether it came to be believed or not.
    """
    subject, issuer = str(document.get("sub") or "nobody"), str(document.get("issuer"))
    return _said(subject, issuer, str(document.get("type")), document.get("token", {}).get("jti"))


def whose_of(party: Party) -> str:
    """Return the same of a party that is proven."""
    return _said(party.identity.subject, party.issuer_name, str(party.token_type), party.token_id)


def _said(subject: str, issuer: str, declared: str, token_id: str | None) -> str:
    kind = declared.rpartition(":")[2]
    return f"{subject}, {kind} of {issuer}" + (f" with the jti {token_id}" if token_id else "")


def _refused_at(event: Mapping[str, Any]) -> int:
    """Return the number of the stage that refused an attempt before the rules saw it."""
    if "client" not in event:
        return 1
    for role, stage in (("subject", 2), ("actor", 3)):
        if event.get(role, {}).get("refused"):
            return stage
    if event.get("grant") == JWT_BEARER and event["reason"] in _OF_A_GRANT:
        return 2
    if "apis" not in event:
        return 1
    return 2 if "subject" not in event else 3
