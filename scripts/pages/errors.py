"""``errors.md``: every reason for a refusal, under the anchor that ``error_uri`` ends with."""

from __future__ import annotations

from typing import Final

from scripts.pages.markdown import code, page, table

from actas.admin.refusals import (
    Conflict,
    NotAccepted,
    NotFound,
    Outdated,
    Unconditional,
)
from actas.core.errors import (
    AccessDenied,
    ApprovalPending,
    InsufficientScope,
    InvalidClient,
    InvalidDpopProof,
    InvalidGrant,
    InvalidRequest,
    InvalidScope,
    InvalidTarget,
    InvalidToken,
    OAuthError,
    ServerError,
    SignInAgain,
    TemporarilyUnavailable,
    TooManyRequests,
    UnauthorizedClient,
    UnsupportedGrantType,
    UseDpopNonce,
)
from actas.core.errors_of_cross_app import BadGateway, InvalidAuthorizationDetails
from actas.core.errors_of_registering import (
    InvalidClientMetadata,
    InvalidRedirectUri,
    UnapprovedSoftwareStatement,
)
from actas.core.errors_of_signing_in import (
    ConsentRequired,
    DeviceExpired,
    LoginRequired,
    NotDecided,
    RequestNotSupported,
    RequestUriNotSupported,
    SlowDown,
    UnsupportedResponseType,
)
from actas.core.reasons import REASONS, Reason

ANSWERS: Final[dict[Reason, tuple[type[OAuthError], ...]]] = {
    "malformed_request": (
        InvalidRequest,
        UnsupportedResponseType,
        RequestNotSupported,
        RequestUriNotSupported,
    ),
    "unknown_grant": (UnsupportedGrantType,),
    "bad_client_auth": (InvalidClient,),
    "client_may_not_exchange": (UnauthorizedClient,),
    "unknown_profile": (InvalidRequest,),
    "bad_subject": (InvalidRequest, InvalidGrant),
    "bad_actor": (InvalidRequest,),
    "expired": (InvalidRequest, InvalidGrant),
    "revoked": (InvalidRequest, InvalidGrant),
    "refresh_repeated": (InvalidGrant, InvalidRequest),
    "refresh_reused": (InvalidGrant, InvalidRequest),
    "wrong_audience": (InvalidRequest, InvalidGrant),
    "unknown_target": (InvalidTarget, InvalidGrant),
    "formats_differ": (InvalidTarget,),
    "no_rule": (InvalidTarget, AccessDenied),
    "no_role": (AccessDenied,),
    "denied_by_rule": (InvalidTarget, InvalidScope, AccessDenied),
    "excess": (InvalidScope,),
    "chain_too_deep": (InvalidRequest,),
    "actor_not_allowed": (InvalidRequest, InvalidGrant),
    "bad_proof": (InvalidDpopProof,),
    "nonce_needed": (UseDpopNonce,),
    "binding_needed": (InvalidDpopProof, InvalidRequest),
    "key_not_proven": (InvalidRequest, InvalidGrant),
    "audit_unavailable": (TemporarilyUnavailable,),
    "storage_unavailable": (TemporarilyUnavailable,),
    "upstream_down": (TemporarilyUnavailable,),
    "overloaded": (TemporarilyUnavailable,),
    "too_many_failures": (TooManyRequests,),
    "rate_limited": (TooManyRequests,),
    "internal": (ServerError,),
    "reason_missing": (InvalidRequest,),
    "ticket_bad": (InvalidRequest,),
    "sign_in_again": (SignInAgain,),
    "protected_subject": (InvalidRequest,),
    "cannot_be_told": (InvalidRequest,),
    "unqualified_subject": (InvalidRequest,),
    "approval_needed": (ApprovalPending, InvalidRequest),
    "already_decided": (InvalidRequest,),
    "impersonation_ended": (InvalidRequest,),
    "impersonated": (InvalidRequest,),
    "too_many_impersonations": (TooManyRequests,),
    "bad_code": (InvalidGrant,),
    "code_reused": (InvalidGrant,),
    "unknown_app": (InvalidRequest,),
    "unknown_redirect": (InvalidRequest,),
    "bad_client_document": (InvalidRequest,),
    "bad_initial_token": (InvalidToken,),
    "bad_client_metadata": (InvalidClientMetadata,),
    "bad_redirect_uri": (InvalidRedirectUri,),
    "unapproved_statement": (UnapprovedSoftwareStatement,),
    "registrations_full": (TemporarilyUnavailable,),
    "wrong_credentials": (AccessDenied,),
    "weak_password": (AccessDenied,),
    "provider_refused": (AccessDenied,),
    "bad_provider_answer": (AccessDenied,),
    "forged_form": (AccessDenied,),
    "not_signed_in": (LoginRequired,),
    "not_consented": (ConsentRequired, InvalidGrant),
    "denied_by_person": (AccessDenied,),
    "push_required": (InvalidRequest,),
    "request_gone": (InvalidRequest,),
    "not_decided": (NotDecided,),
    "polled_too_soon": (SlowDown,),
    "device_expired": (DeviceExpired,),
    "pkce_missing": (InvalidRequest,),
    "no_connection": (InvalidTarget, InvalidGrant),
    "several_connections": (InvalidTarget,),
    "connection_paused": (InvalidTarget, InvalidGrant, AccessDenied),
    "person_not_nameable": (InvalidGrant, InvalidTarget),
    "grant_reused": (InvalidGrant,),
    "refused_there": (InvalidTarget, InvalidScope),
    "not_known_there": (BadGateway,),
    "bad_answer_there": (BadGateway,),
    "unbound_there": (BadGateway,),
    "bad_details": (InvalidAuthorizationDetails, InvalidGrant),
    "wrong_tenant": (InvalidGrant,),
    "encryption_missing": (InvalidGrant,),
    "encryption_untried": (InvalidGrant,),
    "no_encryption_key": (InvalidTarget,),
    "unknown_person": (InvalidGrant,),
    "unknown_user_code": (AccessDenied,),
    "too_many_devices": (TooManyRequests,),
    "bad_access_token": (InvalidToken,),
    "scope_missing": (InsufficientScope,),
    "not_yours": (AccessDenied,),
    "bad_token": (InvalidToken,),
    "role_too_small": (InsufficientScope,),
    "not_found": (NotFound,),
    "conflict": (Conflict,),
    "outdated": (Outdated,),
    "unconditional": (Unconditional,),
    "invalid_configuration": (NotAccepted,),
}
"""What each reason is answered as; empty when nothing refuses with it. A test compares it with the code."""

INTRODUCTION: Final = """
A refusal has two halves. The caller gets a standard OAuth error with one fixed sentence, which names no
rule, person or other client. Whoever runs the server gets the rest: the stage, the rule, the condition and
the value that made it false, under the id in the answer's `Actas-Entry` header.

```http
HTTP/1.1 400 Bad Request
Content-Type: application/json
Cache-Control: no-store
Actas-Entry: x_01M89TWA7FH5K7PGECG3RYRB4X

{"error":"invalid_scope",
 "error_description":"A rule forbids what was asked for.",
 "error_uri":"https://sts.acme.example/errors#denied_by_rule"}
```

`error_uri` ends with the reason. The server answers that address itself, with the text of this page, unless
`server.docs` names another. [Why was I refused?](../guides/why-was-i-refused.md) goes through one.

With `--dev` the description is the detail instead of the fixed sentence, so that a developer need not look
into the log.
"""

AT_THE_END: Final = """
What is `invalid_request` or `invalid_grant` is `invalid_grant` in a refresh (RFC 6749 section 5.2).
`denied_by_rule` is `invalid_target` when a rule forbids the whole API, and `invalid_scope` when it forbids
scopes. A 503 carries `Retry-After`; everything else is a final answer, which no retry changes. A 401 carries
`WWW-Authenticate` (RFC 9110 section 11.6.1). `nonce_needed` is the one refusal that is sent again by itself,
once, with the nonce of its `DPoP-Nonce` header; `binding_needed` is `invalid_request` where a certificate is
asked for.
"""


def make() -> str:
    """Return the page."""
    blocks = [
        INTRODUCTION,
        table(("Reason", "OAuth error", "Status"), (_row(reason) for reason in REASONS)),
        AT_THE_END,
    ]
    for reason, text in REASONS.items():
        blocks += [
            f"## {reason}",
            f"> {text.sentence}",
            f"{text.meaning} {_answered(reason)}",
            f"**Usually:** {text.causes}",
            f"**What to do:** {text.remedy}",
        ]
    return page("Errors", *blocks)


def _row(reason: Reason) -> tuple[str, str, str]:
    errors = ANSWERS[reason]
    names = " or ".join(code(error.code) for error in errors)
    statuses = " or ".join(dict.fromkeys(str(error.status) for error in errors))
    return f"[{code(reason)}](#{reason})", names or "none in this release", statuses


def _answered(reason: Reason) -> str:
    errors = ANSWERS[reason]
    if not errors:
        return "No request is refused with this reason in this release."
    ways = " or ".join(f"{code(error.code)} ({error.status})" for error in errors)
    return f"Answered as {ways}."
