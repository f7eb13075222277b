"""Every way a request can be refused.

The tree::

    OAuthError                 what the caller is told; written by web.errors, once
    ├── InvalidRequest         400 invalid_request
    ├── InvalidClient          401 invalid_client
    ├── InvalidGrant           400 invalid_grant
    ├── UnauthorizedClient     400 unauthorized_client
    ├── UnsupportedGrantType   400 unsupported_grant_type
    ├── InvalidScope           400 invalid_scope
    ├── InvalidTarget          400 invalid_target; core.errors_of_cross_app has that of details
    ├── AccessDenied           400 access_denied; core.errors_of_signing_in has what else is answered then
    ├── InvalidDpopProof       400 invalid_dpop_proof
    ├── UseDpopNonce           400 use_dpop_nonce
    ├── InvalidToken           401 invalid_token
    ├── InsufficientScope      403 insufficient_scope
    ├── SignInAgain            400 insufficient_user_authentication
    ├── ApprovalPending        400 authorization_pending
    ├── TemporarilyUnavailable 503 temporarily_unavailable
    ├── TooManyRequests        429 temporarily_unavailable
    └── ServerError            500 server_error; core.errors_of_cross_app has that of other servers
    BadToken                   a token that did not survive its validator; the grant says which
                               OAuthError that becomes (RFC 8693 section 2.2.2 against RFC 7521)
    StoreUnavailable           a store could not answer; the request is refused, nothing is guessed
    AuditUnavailable           the minutes could not be written; nothing is issued

Each error has two messages. The sentence of its **reason** goes to the caller: it is fixed, so that
it can never carry a secret or tell an attacker which check failed. The **detail** goes to the
minutes and to administrators.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

from actas.core.ports import Json
from actas.core.reasons import REASONS, Reason
from actas.core.wire import ErrorCode

if TYPE_CHECKING:
    from actas.core.told import Told


class OAuthError(Exception):
    """What the caller is told.

    Args:
        reason: a word of the closed set; its fixed sentence is what the caller sees.
        detail: what administrators see.

    Attributes:
        entry: the audit entry of this refusal, once it is written.
        retry_after: seconds the caller should wait, or None.
        members: what the answer says beside the error.
        impersonation: the id of the impersonation that what was shown was made under, for the minutes.
    """

    code: ClassVar[ErrorCode] = "server_error"
    status: ClassVar[int] = 400

    def __init__(self, reason: Reason, *, detail: str = "", retry_after: int | None = None) -> None:
        super().__init__(f"{self.code} ({reason}): {detail}" if detail else f"{self.code} ({reason})")
        self.reason: Reason = reason
        self.detail = detail
        self.retry_after = retry_after
        self.entry: str | None = None
        self.members: Mapping[str, Json] = {}
        self.impersonation: str | None = None

    @property
    def sentence(self) -> str:
        """The fixed sentence for the caller."""
        return REASONS[self.reason].sentence


class InvalidRequest(OAuthError):
    """RFC 6749 section 5.2; for bad tokens in a token exchange, RFC 8693 section 2.2.2."""

    code = "invalid_request"


class TooLarge(InvalidRequest):
    """What was sent has more bytes than are read here: 413 where that is asked for (RFC 9126 section 2.3)."""


class InvalidClient(OAuthError):
    """RFC 6749 section 5.2.

    Attributes:
        challenge: whether the client used the Authorization header, so that 401 names the scheme.
    """

    code = "invalid_client"
    status = 401

    def __init__(self, *, detail: str = "", challenge: bool = False) -> None:
        super().__init__("bad_client_auth", detail=detail)
        self.challenge = challenge


class InvalidGrant(OAuthError):
    """RFC 6749 section 5.2; for assertion grants, RFC 7521 section 4.1.1."""

    code = "invalid_grant"


class UnauthorizedClient(OAuthError):
    """RFC 6749 section 5.2."""

    code = "unauthorized_client"


class UnsupportedGrantType(OAuthError):
    """RFC 6749 section 5.2."""

    code = "unsupported_grant_type"


class InvalidScope(OAuthError):
    """RFC 6749 section 5.2."""

    code = "invalid_scope"


class InvalidTarget(OAuthError):
    """RFC 8707 section 2, RFC 8693 section 2.2.2."""

    code = "invalid_target"


class InvalidDpopProof(OAuthError):
    """RFC 9449 section 5: a proof that does not hold, or none where one is needed."""

    code = "invalid_dpop_proof"

    def __init__(self, reason: Reason = "bad_proof", *, detail: str = "") -> None:
        super().__init__(reason, detail=detail)


class UseDpopNonce(OAuthError):
    """RFC 9449 section 8: the proof must hold a nonce of ours; the answer has a fresh one."""

    code = "use_dpop_nonce"

    def __init__(self, *, detail: str = "") -> None:
        super().__init__("nonce_needed", detail=detail)


class SignInAgain(OAuthError):
    """RFC 9470 section 3: the sign-in that the request shows is too old or too weak for what it asks."""

    code = "insufficient_user_authentication"

    def __init__(self, reason: Reason = "sign_in_again", *, detail: str = "") -> None:
        super().__init__(reason, detail=detail)


class ApprovalPending(OAuthError):
    """RFC 8628 section 3.5: somebody else has not decided yet; the same request may be granted later.

    Args:
        waiting: the id of what waits.
    """

    code = "authorization_pending"

    def __init__(self, *, waiting: str, detail: str = "") -> None:
        super().__init__("approval_needed", detail=detail)
        self.members = {"impersonation": waiting}


class AccessDenied(OAuthError):
    """RFC 6749 section 4.1.2.1, RFC 8628 section 3.5: whoever was asked refused, or nobody may."""

    code = "access_denied"


class InvalidToken(OAuthError):
    """RFC 6750 section 3.1: there is no access token, or it is none for this address."""

    code = "invalid_token"
    status = 401


class InsufficientScope(OAuthError):
    """RFC 6750 section 3.1: the access token holds, and opens too little."""

    code = "insufficient_scope"
    status = 403


class TemporarilyUnavailable(OAuthError):
    """503: the request was good, we were not."""

    code = "temporarily_unavailable"
    status = 503

    def __init__(self, reason: Reason, *, detail: str = "", retry_after: int = 1) -> None:
        super().__init__(reason, detail=detail, retry_after=retry_after)


class TooManyRequests(OAuthError):
    """429: asked too often; the same request may be good later (RFC 6585 section 4)."""

    code = "temporarily_unavailable"
    status = 429

    def __init__(self, reason: Reason, *, detail: str = "", retry_after: int) -> None:
        super().__init__(reason, detail=detail, retry_after=retry_after)


class ServerError(OAuthError):
    """500: a defect of ours. Ends as a refusal."""

    code = "server_error"
    status = 500


BadTokenWhy = Literal[
    "forged",
    "expired",
    "revoked",
    "wrong_audience",
    "upstream_down",
    "refresh_repeated",
    "refresh_reused",
    "bad_code",
    "code_reused",
    "unknown_person",
    "wrong_tenant",
]
"""How a token is bad. ``forged`` covers everything that makes it not what it claims to be."""


class BadToken(Exception):
    """A presented token did not survive its validator.

    Args:
        why: ``forged`` covers everything that makes the token not what it claims to be.
        detail: what administrators see; never contains the token.
        impersonation: the id of the impersonation that it was made under, when that much is proven.

    Attributes:
        claims: all that it says, once its signature was proven; None before.
        told: of whom it speaks and who made it, likewise. Such a token is no guess at another one.
    """

    def __init__(self, detail: str, *, why: BadTokenWhy = "forged", impersonation: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.impersonation = impersonation
        self.why: BadTokenWhy = why
        self.claims: Mapping[str, Json] | None = None
        self.told: Told | None = None

    def refusal(self, role: Literal["subject", "actor"], error: type[OAuthError]) -> OAuthError:
        """Return what the caller is told.

        Args:
            role: as what the token was presented.
            error: what the grant calls a bad token.
        """
        if self.why == "upstream_down":
            return TemporarilyUnavailable("upstream_down", detail=self.detail, retry_after=5)
        forged: Reason = "bad_subject" if role == "subject" else "bad_actor"
        reason: Reason = forged if self.why == "forged" else self.why
        refusal = error(reason, detail=f"{role} token: {self.detail}")
        refusal.impersonation = self.impersonation
        return refusal


class StoreUnavailable(Exception):
    """A store could not answer. Never read as "not used yet" or "allowed" (REL-19).

    Args:
        detail: what administrators see.
        hint: what they can do, where that is known.
    """

    def __init__(self, detail: str = "", *, hint: str | None = None) -> None:
        super().__init__(detail)
        self.hint = hint


class AuditUnavailable(Exception):
    """The audit log did not accept a record. If this is raised, no token leaves.

    Args:
        detail: what administrators see.
        overloaded: whether the queue was full rather than the storage broken.
    """

    def __init__(self, detail: str, *, overloaded: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.overloaded = overloaded
