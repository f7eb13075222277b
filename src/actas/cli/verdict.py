"""The server's answer, read and judged: a token, a policy's no, or a protocol error.

RFC 8693 section 2.2.1 and RFC 6749 section 5.2 are the forms. What is printed about it is in ``telling``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from actas.cli.ask import ABROAD, Wanted
from actas.cli.chains import chain_of, named_by_grant, parties, texts
from actas.cli.details import details_said
from actas.cli.exits import Exit, Failure
from actas.cli.hops import asked_chain, granted_chain
from actas.cli.line import Chain
from actas.cli.look import look
from actas.cli.wire import Answered
from actas.core.details import Details
from actas.core.ports import Json, JsonObject
from actas.core.secret import Secret

_ENTRY: Final = re.compile(r"x_[0-9A-Za-z]{1,64}")
_NAME: Final = re.compile(r"[0-9A-Za-z_-]{22}")
_WORD: Final = re.compile(r"[a-z_]{1,64}")

POLICY_ERRORS: Final = frozenset(
    {"invalid_scope", "invalid_target", "access_denied", "authorization_pending"}
)
POLICY_REASONS: Final = frozenset(
    {
        "no_rule",
        "denied_by_rule",
        "excess",
        "unknown_target",
        "chain_too_deep",
        "actor_not_allowed",
        "expired",
        "protected_subject",
        "already_decided",
        "cannot_be_told",
        "impersonation_ended",
        "impersonated",
        "no_connection",
        "several_connections",
        "connection_paused",
        "person_not_nameable",
        "sign_in_again",
    }
)
"""Answers of the policy, or of time: it ran, and the answer is no. Every other refusal is an error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """Yes.

    Attributes:
        type: what the token is, as a URN.
        scheme: how it is presented, such as ``Bearer``.
        expires_in: seconds, or None when the server does not say.
        audience: what it is for, as it says itself, else as asked.
        chain: to draw.
        named: the ``chain`` member of the JSON: whom the token names.
        entry: the audit entry, or None when the server sends none.
        impersonation: the id of the impersonation that it is of, or None.
        grant: what a grant for another domain's server says; empty for every other token.
        details: the authorization details that were granted (RFC 9396).
        issuer: whose it says that it is; None when it cannot be read. Nobody has proven that.
    """

    token: Secret
    type: str
    scheme: str
    expires_in: int | None
    scope: tuple[str, ...]
    audience: tuple[str, ...]
    chain: Chain
    named: list[Json]
    entry: str | None
    impersonation: str | None = None
    grant: Mapping[str, Json] = field(default_factory=dict[str, Json])
    details: Details = ()
    issuer: str | None = None


@dataclass(frozen=True, slots=True)
class Running:
    """An impersonation that runs: its id, whom somebody acts as, and until when, seconds since the epoch."""

    name: str
    whom: str
    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """No, or not like this.

    Attributes:
        error: the OAuth error.
        reason: why, in the server's closed set of words, or None.
        message: its sentence.
        exit: what the command ends with.
        chain: what was asked for, to draw.
        impersonation: the id of what waits for approval, or None.
        running: the impersonations of the administrator that run, when these are too many.
    """

    error: str
    reason: str | None
    message: str
    exit: Exit
    chain: Chain
    entry: str | None
    retry_after: str | None = None
    impersonation: str | None = None
    running: tuple[Running, ...] = ()

    @property
    def by_policy(self) -> bool:
        """Whether the question was understood and the answer is no."""
        return self.exit == Exit.NO


def read_answer(answered: Answered, wanted: Wanted, *, client: str, issuer: str) -> Granted | Refused:
    """Return what the server answered.

    Raises:
        Failure: it is neither of the two forms (exit 6), or the server is in trouble (exit 4).
    """
    document = answered.document()
    if answered.status == 200 and document is not None:
        return _granted(answered, document, wanted, client=client, issuer=issuer)
    refused = read_refusal(answered, asked_chain(wanted, client=client))
    # Of a grant that is used, late or no longer wanted, nothing in the request is wrong.
    spent = wanted.redeems and refused.error == "invalid_grant"
    return replace(refused, exit=Exit.NO) if spent else refused


def read_refusal(answered: Answered, chain: Chain) -> Refused:
    """Return the OAuth error that a server answered with (RFC 6749 section 5.2).

    Args:
        chain: what was asked for, to draw.

    Raises:
        Failure: it is none (exit 6), or the server is in trouble (exit 4).
    """
    document = answered.document()
    error = document.get("error") if document is not None else None
    if document is None or not isinstance(error, str) or _WORD.fullmatch(error) is None:
        raise Failure(
            f"the server answered with status {answered.status} and no OAuth answer",
            code="bad_answer",
            exit=Exit.UNFINISHED if answered.status >= 500 or answered.status == 429 else Exit.PROTOCOL,
        )
    reason = _reason(document.get("error_uri"))
    message = document.get("error_description")
    return Refused(
        error=error,
        reason=reason,
        message=message if isinstance(message, str) and message else "The server gives no reason.",
        exit=_exit(answered.status, error, reason),
        chain=chain,
        entry=_entry(answered),
        retry_after=answered.headers.get("retry-after"),
        impersonation=_impersonation(document),
        running=tuple(_running(document.get("impersonations"))),
    )


def _granted(
    answered: Answered, document: JsonObject, wanted: Wanted, *, client: str, issuer: str
) -> Granted:
    token, scheme = document.get("access_token"), document.get("token_type")
    if not isinstance(token, str) or not token or not isinstance(scheme, str):
        raise _malformed("it has no access_token with a token_type")
    issued = document.get("issued_token_type")
    if (wanted.subject is None or wanted.redeems) and issued is None:
        issued = wanted.requested  # RFC 6749 and RFC 7523 know no such member
    if issued != wanted.requested:
        raise _malformed(f"issued_token_type is {issued}, and {wanted.requested} was asked for")
    lifetime, scope = document.get("expires_in"), document.get("scope")
    if isinstance(lifetime, bool) or not isinstance(lifetime, int | None):
        raise _malformed("expires_in is not a whole number")
    seen = look(token)
    # RFC 6749 section 5.1: a server that leaves scope out gave exactly what was asked for.
    given = tuple(scope.split()) if isinstance(scope, str) else wanted.scope
    names = named_by_grant if wanted.requested in ABROAD else chain_of
    return Granted(
        token=Secret(token),
        type=wanted.requested,
        scheme=scheme,
        expires_in=lifetime,
        scope=given,
        audience=texts(seen.claims.get("aud")) or wanted.targets,
        chain=granted_chain(seen.claims, wanted, client=client, issuer=issuer, scope=given),
        named=parties(names(seen.claims)) if seen.claims else [],
        entry=_entry(answered),
        impersonation=_impersonation(document),
        grant=seen.claims if wanted.requested in ABROAD else {},
        details=details_said(document.get("authorization_details")) or wanted.details,
        issuer=said if isinstance(said := seen.claims.get("iss"), str) else None,
    )


def _malformed(detail: str) -> Failure:
    return Failure(
        f"the server's answer is not as RFC 8693 has it: {detail}", code="bad_answer", exit=Exit.PROTOCOL
    )


def _exit(status: int, error: str, reason: str | None) -> Exit:
    if error in POLICY_ERRORS or reason in POLICY_REASONS:
        return Exit.NO
    if status in (429, 502, 503, 504) or error == "temporarily_unavailable":
        return Exit.UNFINISHED
    return Exit.PROTOCOL


def _reason(address: Json) -> str | None:
    """Return the reason that ``error_uri`` ends with. It becomes a word of ours, so it must be one."""
    reason = address.rpartition("#")[2] if isinstance(address, str) and "#" in address else ""
    return reason if _WORD.fullmatch(reason) else None


def _impersonation(document: JsonObject) -> str | None:
    """Return the id of an impersonation. People paste it into a shell, so it must be nothing else."""
    name = document.get("impersonation")
    return name if isinstance(name, str) and _NAME.fullmatch(name) else None


def _running(listed: Json) -> Iterator[Running]:
    """Yield the impersonations that an answer names. What is none is left out."""
    for one in listed if isinstance(listed, list) else ():
        if not isinstance(one, dict):
            continue
        name, subject, until = one.get("id"), one.get("subject"), one.get("until")
        whom = subject.get("sub") if isinstance(subject, dict) else None
        if isinstance(name, str) and _NAME.fullmatch(name) and isinstance(whom, str) and type(until) is int:
            yield Running(name, whom, until)


def _entry(answered: Answered) -> str | None:
    """Return the audit entry. People paste it into a shell, so it must be nothing else."""
    entry = answered.headers.get("actas-entry", "")
    return entry if _ENTRY.fullmatch(entry) else None
