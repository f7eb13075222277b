"""Every way a request can be refused.

The tree::

    OAuthError                 what the caller is told; written by web.errors, once
    ├── InvalidRequest         400 invalid_request
    ├── InvalidClient          401 invalid_client
    ├── InvalidGrant           400 invalid_grant
    ├── UnauthorizedClient     400 unauthorized_client
    ├── UnsupportedGrantType   400 unsupported_grant_type
    ├── InvalidScope           400 invalid_scope
    ├── InvalidTarget          400 invalid_target
    ├── TemporarilyUnavailable 503 temporarily_unavailable
    └── ServerError            500 server_error
    BadToken                   a token that did not survive its validator; the grant says which
                               OAuthError that becomes (RFC 8693 section 2.2.2 against RFC 7521)
    StoreUnavailable           a store could not answer; the request is refused, nothing is guessed
    AuditUnavailable           the minutes could not be written; nothing is issued

Each error has two messages. The sentence of its **reason** goes to the caller: it is fixed, so that
it can never carry a secret or tell an attacker which check failed. The **detail** goes to the
minutes and to administrators.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final, Literal

from actas.core.wire import ErrorCode

Reason = Literal[
    "malformed_request",
    "unknown_grant",
    "bad_client_auth",
    "client_may_not_exchange",
    "unknown_profile",
    "bad_subject",
    "bad_actor",
    "expired",
    "wrong_audience",
    "unknown_target",
    "no_rule",
    "denied_by_rule",
    "excess",
    "chain_too_deep",
    "actor_not_allowed",
    "audit_unavailable",
    "storage_unavailable",
    "upstream_down",
    "overloaded",
    "internal",
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


REASONS: Final[dict[Reason, ReasonText]] = {
    "malformed_request": ReasonText(
        sentence="The request is malformed, or a parameter is missing, repeated or not understood.",
        meaning="The form could not be read as one request with one meaning.",
        causes="A parameter sent twice, a body that is not application/x-www-form-urlencoded, "
        "`actor_token_type` without `actor_token`, a token endpoint parameter in the query.",
        remedy="`actas explain --entry ID` names the parameter. Only `audience` and `resource` may repeat.",
    ),
    "unknown_grant": ReasonText(
        sentence="This grant type is not supported here.",
        meaning="`grant_type` is not one this server implements.",
        causes="A misspelt grant type, or a client made for another product's private grant.",
        remedy="`grant_types_supported` in the server's metadata lists what is accepted.",
    ),
    "bad_client_auth": ReasonText(
        sentence="The client could not be authenticated.",
        meaning="The client is unknown, disabled, or did not prove who it is by its registered method.",
        causes="A wrong or rotated secret, an assertion whose `aud` is not exactly the issuer, a second "
        "use of an assertion's `jti`, two methods in one request, id and secret not form-encoded "
        "before they were joined for HTTP Basic.",
        remedy="`actas explain --entry ID` names the check that failed; the caller is never told.",
    ),
    "client_may_not_exchange": ReasonText(
        sentence="This client may not use this grant.",
        meaning="The client is authenticated, but its registration does not list this grant.",
        causes="`grants` of the client leaves the grant out, or the client has no authentication method.",
        remedy="Add the grant to the client's `grants`. Public clients may never exchange tokens.",
    ),
    "unknown_profile": ReasonText(
        sentence="This token type is not accepted here.",
        meaning="`subject_token_type`, `actor_token_type` or `requested_token_type` is not one we handle.",
        causes="A short name instead of the full URN, or a token type this release does not read.",
        remedy="Use the URN of the token you hold; a foreign issuer's JWT is sent as `jwt` or `id_token`.",
    ),
    "bad_subject": ReasonText(
        sentence="The subject token is not acceptable.",
        meaning="The subject token is not genuine, not of the declared type, or not from an issuer we trust.",
        causes="A wrong signature, an algorithm the issuer is not registered for, an issuer that is not "
        "registered, a missing or mistyped claim, a declared type that is not what the token is.",
        remedy="`actas explain --entry ID` names the check; `actas inspect TOKEN` takes the token apart.",
    ),
    "bad_actor": ReasonText(
        sentence="The actor token is not acceptable.",
        meaning="The actor token is not genuine, not of the declared type, or not this client's to present.",
        causes="As for the subject token; or the actor token was issued to another client.",
        remedy="`actas explain --entry ID` names the check that failed.",
    ),
    "expired": ReasonText(
        sentence="A token in the request is expired, not yet valid or too old.",
        meaning="The token's times do not include now, or it is older than its issuer's `max_age`.",
        causes="A token kept too long, a clock that drifts, `max_age` shorter than the token's life.",
        remedy="Get a fresh token. Compare the clocks when the times look right.",
    ),
    "wrong_audience": ReasonText(
        sentence="A token in the request was not meant for this client.",
        meaning="Nothing in the token's audience is this client, its API, or an audience it may present.",
        causes="A token forwarded by a service it was not meant for, `audiences` of the issuer or `api` "
        "of the client not set.",
        remedy="Ask for a token whose audience is your service, or register the audience for this client.",
    ),
    "unknown_target": ReasonText(
        sentence="A target in the request is not available to this client.",
        meaning="An `audience` or `resource` names no API of ours, or one this client may not ask for.",
        causes="A misspelt name or address, `may_request` of the client leaves the API out, no target "
        "and none that can be inferred.",
        remedy="Name the API by its name or its exact audience, and list it in `may_request`.",
    ),
    "no_rule": ReasonText(
        sentence="No rule allows this exchange.",
        meaning="Nothing in the policy allows this client, for this subject, at this target.",
        causes="A missing rule, or a condition of the nearest rule that is not met.",
        remedy="`actas explain --entry ID` names the nearest rule and the condition that made it miss.",
    ),
    "denied_by_rule": ReasonText(
        sentence="A rule forbids what was asked for.",
        meaning="A deny matched, or a rule could not be evaluated, and any deny wins.",
        causes="The policy says no; or a condition reads a claim the token does not have.",
        remedy="`actas explain --entry ID` names the rule, its reason and the values it saw.",
    ),
    "excess": ReasonText(
        sentence="A scope in the request is not available on this path.",
        meaning="A requested scope is unknown at the target, or the subject token does not buy it.",
        causes="Asking for more than the subject token, the client or the rule allows; a misspelt scope.",
        remedy="`actas explain --entry ID` shows the scope table and what would have been granted.",
    ),
    "chain_too_deep": ReasonText(
        sentence="The chain of actors is too long.",
        meaning="The token would name more actors than the smallest limit that applies.",
        causes="A long path of services, or a loop.",
        remedy="Shorten the path, or raise `max_depth` of the rule, the API and the defaults (cap 10).",
    ),
    "actor_not_allowed": ReasonText(
        sentence="The actor may not act for this subject.",
        meaning="`may_act` names somebody else, an actor would repeat, or the chain cannot be kept whole.",
        causes="A token restricted to another actor, a loop through the same service, a disabled actor "
        "earlier in the chain, an impersonation of a token that already names an actor.",
        remedy="`actas explain --entry ID` names the check that failed.",
    ),
    "audit_unavailable": ReasonText(
        sentence="The request cannot be recorded right now. Nothing was issued.",
        meaning="The audit log did not accept the record, so no token was given.",
        causes="A full disk, lost permissions, a read-only file system.",
        remedy="Mend the storage; service resumes by itself. `/readyz` names what fails.",
    ),
    "storage_unavailable": ReasonText(
        sentence="The request cannot be checked right now. Nothing was issued.",
        meaning="Whether something was used before could not be read or recorded, and is never guessed.",
        causes="A full disk, lost permissions, a read-only file system.",
        remedy="Mend the storage; service resumes by itself. `/readyz` names what fails.",
    ),
    "upstream_down": ReasonText(
        sentence="A party this request depends on cannot be reached. Try again later.",
        meaning="The keys of the token's issuer could not be fetched and none are cached.",
        causes="The issuer is down, or a firewall stands between.",
        remedy="Try again; `actas explain --entry ID` names the issuer and the failure.",
    ),
    "overloaded": ReasonText(
        sentence="The server is at capacity. Try again later.",
        meaning="The queue in front of the audit log is full, so the request was shed.",
        causes="More load than this node can record.",
        remedy="Retry after the time given, add workers or nodes.",
    ),
    "internal": ReasonText(
        sentence="The request failed on our side. Nothing was issued.",
        meaning="Something happened that the code does not expect. It ends as a refusal, never as a token.",
        causes="A defect in Actas.",
        remedy="Report it with the entry id; the detail in the audit log has the cause.",
    ),
}


class OAuthError(Exception):
    """What the caller is told.

    Args:
        reason: a word of the closed set; its fixed sentence is what the caller sees.
        detail: what administrators see.

    Attributes:
        entry: the audit entry of this refusal, once it is written.
        retry_after: seconds the caller should wait, or None.
    """

    code: ClassVar[ErrorCode] = "server_error"
    status: ClassVar[int] = 400

    def __init__(self, reason: Reason, *, detail: str = "", retry_after: int | None = None) -> None:
        super().__init__(f"{self.code} ({reason}): {detail}" if detail else f"{self.code} ({reason})")
        self.reason: Reason = reason
        self.detail = detail
        self.retry_after = retry_after
        self.entry: str | None = None

    @property
    def sentence(self) -> str:
        """The fixed sentence for the caller."""
        return REASONS[self.reason].sentence


class InvalidRequest(OAuthError):
    """RFC 6749 section 5.2; for bad tokens in a token exchange, RFC 8693 section 2.2.2."""

    code = "invalid_request"


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


class TemporarilyUnavailable(OAuthError):
    """503: the request was good, we were not."""

    code = "temporarily_unavailable"
    status = 503

    def __init__(self, reason: Reason, *, detail: str = "", retry_after: int = 1) -> None:
        super().__init__(reason, detail=detail, retry_after=retry_after)


class ServerError(OAuthError):
    """500: a defect of ours. Ends as a refusal."""

    code = "server_error"
    status = 500


BadTokenWhy = Literal["forged", "expired", "wrong_audience", "upstream_down"]
"""How a token is bad. ``forged`` covers everything that makes it not what it claims to be."""


class BadToken(Exception):
    """A presented token did not survive its validator.

    Args:
        why: ``forged`` covers everything that makes the token not what it claims to be.
        detail: what administrators see; never contains the token.
    """

    def __init__(
        self,
        detail: str,
        *,
        why: BadTokenWhy = "forged",
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.why: BadTokenWhy = why

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
        return error(reason, detail=f"{role} token: {self.detail}")


class StoreUnavailable(Exception):
    """A store could not answer. Never read as "not used yet" or "allowed" (REL-19)."""


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
