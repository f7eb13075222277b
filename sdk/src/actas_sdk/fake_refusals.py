"""How the server in memory refuses: as a real one does, for every reason that a test may name."""

from __future__ import annotations

from typing import Final, Literal

import httpx2

__all__ = ["CODES", "Of", "refused"]

Of = Literal["exchange", "grant", "redeeming"]
"""What is refused: an exchange, a grant for another server, or to redeem one of another."""

CODES: Final[dict[str, str]] = {
    "malformed_request": "invalid_request",
    "unknown_grant": "unsupported_grant_type",
    "bad_client_auth": "invalid_client",
    "client_may_not_exchange": "unauthorized_client",
    "unknown_profile": "invalid_request",
    "bad_subject": "invalid_request",
    "bad_actor": "invalid_request",
    "expired": "invalid_request",
    "revoked": "invalid_request",
    "refresh_repeated": "invalid_grant",
    "refresh_reused": "invalid_grant",
    "bad_code": "invalid_grant",
    "code_reused": "invalid_grant",
    "no_connection": "invalid_target",
    "several_connections": "invalid_target",
    "connection_paused": "invalid_target",
    "refused_there": "invalid_target",
    "no_encryption_key": "invalid_target",
    "encryption_missing": "invalid_grant",
    "encryption_untried": "invalid_grant",
    "person_not_nameable": "invalid_grant",
    "grant_reused": "invalid_grant",
    "wrong_tenant": "invalid_grant",
    "bad_details": "invalid_authorization_details",
    "unknown_person": "invalid_grant",
    "wrong_audience": "invalid_request",
    "unknown_target": "invalid_target",
    "formats_differ": "invalid_target",
    "no_rule": "invalid_target",
    "denied_by_rule": "invalid_scope",
    "excess": "invalid_scope",
    "chain_too_deep": "invalid_request",
    "actor_not_allowed": "invalid_request",
    "bad_proof": "invalid_dpop_proof",
    "binding_needed": "invalid_dpop_proof",
    "key_not_proven": "invalid_request",
    "reason_missing": "invalid_request",
    "ticket_bad": "invalid_request",
    "sign_in_again": "insufficient_user_authentication",
    "protected_subject": "invalid_request",
    "cannot_be_told": "invalid_request",
    "unqualified_subject": "invalid_request",
    "approval_needed": "invalid_request",
    "impersonation_ended": "invalid_request",
    "impersonated": "invalid_request",
    "too_many_impersonations": "temporarily_unavailable",
    "audit_unavailable": "temporarily_unavailable",
    "storage_unavailable": "temporarily_unavailable",
    "upstream_down": "temporarily_unavailable",
    "overloaded": "temporarily_unavailable",
    "too_many_failures": "temporarily_unavailable",
    "rate_limited": "temporarily_unavailable",
    "internal": "server_error",
}
_STATUSES: Final = {
    "invalid_client": 401,
    "temporarily_unavailable": 503,
    "server_error": 500,
    "too_many_failures": 429,
    "rate_limited": 429,
    "too_many_impersonations": 429,
}
"""What is not answered with 400, by reason or by code."""

_INVALID_GRANT: Final[dict[Of, frozenset[str]]] = {
    "exchange": frozenset(),
    "grant": frozenset({"invalid_request"}),
    "redeeming": frozenset({"invalid_request", "invalid_target", "invalid_dpop_proof"}),
}
"""The codes that are ``invalid_grant`` there (ID-JAG sections 4.3.4.3 and 4.4.1)."""

_ALWAYS: Final = frozenset({"malformed_request", "unknown_profile", "bad_proof"})
"""Refused before it matters what was asked for."""


def refused(reason: str, *, entry: str, of: Of = "exchange") -> httpx2.Response:
    """Return the answer of a server that refuses for ``reason``."""
    code = CODES[reason]
    if code in _INVALID_GRANT[of] and reason not in _ALWAYS:
        code = "invalid_grant"
    body = {
        "error": code,
        "error_description": f"Refused by the test: {reason}.",
        "error_uri": f"https://docs.example/errors#{reason}",
    }
    status = _STATUSES.get(reason) or _STATUSES.get(code, 400)
    return httpx2.Response(status, json=body, headers={"Actas-Entry": entry})
