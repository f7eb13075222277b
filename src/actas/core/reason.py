"""The closed set of reasons to refuse, and what is said of each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Reason = Literal[
    "malformed_request",
    "unknown_grant",
    "bad_client_auth",
    "client_may_not_exchange",
    "unknown_profile",
    "bad_subject",
    "bad_actor",
    "expired",
    "revoked",
    "refresh_repeated",
    "refresh_reused",
    "wrong_audience",
    "unknown_target",
    "formats_differ",
    "no_rule",
    "denied_by_rule",
    "excess",
    "chain_too_deep",
    "actor_not_allowed",
    "bad_proof",
    "nonce_needed",
    "binding_needed",
    "key_not_proven",
    "audit_unavailable",
    "storage_unavailable",
    "upstream_down",
    "overloaded",
    "too_many_failures",
    "rate_limited",
    "internal",
    "reason_missing",
    "ticket_bad",
    "sign_in_again",
    "unqualified_subject",
    "protected_subject",
    "cannot_be_told",
    "approval_needed",
    "already_decided",
    "impersonation_ended",
    "impersonated",
    "too_many_impersonations",
    "bad_code",
    "code_reused",
    "unknown_app",
    "unknown_redirect",
    "bad_client_document",
    "bad_initial_token",
    "bad_client_metadata",
    "bad_redirect_uri",
    "unapproved_statement",
    "registrations_full",
    "wrong_credentials",
    "weak_password",
    "provider_refused",
    "bad_provider_answer",
    "forged_form",
    "not_signed_in",
    "not_consented",
    "denied_by_person",
    "push_required",
    "request_gone",
    "not_decided",
    "polled_too_soon",
    "device_expired",
    "pkce_missing",
    "no_connection",
    "several_connections",
    "connection_paused",
    "person_not_nameable",
    "grant_reused",
    "refused_there",
    "not_known_there",
    "bad_answer_there",
    "unbound_there",
    "wrong_tenant",
    "encryption_missing",
    "encryption_untried",
    "no_encryption_key",
    "bad_details",
    "unknown_person",
    "unknown_user_code",
    "too_many_devices",
    "bad_access_token",
    "scope_missing",
    "not_yours",
    "bad_token",
    "no_role",
    "role_too_small",
    "not_found",
    "conflict",
    "outdated",
    "unconditional",
    "invalid_configuration",
]
"""Why a request was refused: a closed set, part of the contract with callers and operators."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonText:
    """What is written about one reason.

    Attributes:
        sentence: sent as ``error_description``. ASCII without quotes or backslashes (RFC 6749 5.2).
        meaning: what it means, for the documentation page.
        causes: what usually causes it.
        remedy: how to see it and how to mend it.
    """

    sentence: str
    meaning: str
    causes: str
    remedy: str
