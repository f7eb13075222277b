"""The protocol of a grant, and what its parsers share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Protocol
from urllib.parse import urlsplit

from actas.core.claims import is_name, parse_scope
from actas.core.errors import InvalidRequest, InvalidScope, InvalidTarget, OAuthError
from actas.core.issued import Issued
from actas.core.params import Params
from actas.core.permit import ExchangeRequest
from actas.core.ports import JsonObject
from actas.core.target import MAX_TARGETS
from actas.core.wire import GrantType

OF_EXCHANGE: Final = (
    *("subject_token", "subject_token_type", "actor_token", "actor_token_type", "requested_token_type"),
    *("requested_subject", "reason", "ticket", "authorization_details"),
)
"""What only a token exchange is asked with. Dropped, it would turn a narrow wish into a wide one."""


class Grant(Protocol):
    """One grant type: two pure functions and the error its bad tokens become."""

    @property
    def grant_type(self) -> GrantType:
        """The value of ``grant_type``."""
        ...

    @property
    def token_error(self) -> type[OAuthError]:
        """What a bad subject or actor token is called in this grant (RFC 8693 2.2.2, RFC 7521 4.1.1)."""
        ...

    def parse(self, form: Params) -> ExchangeRequest:
        """Return what was asked.

        Raises:
            OAuthError: a parameter is missing, malformed or contradicts another.
        """
        ...

    def respond(self, issued: Issued) -> JsonObject:
        """Return the body of the answer."""
        ...


def require_without(form: Params, names: Iterable[str], *, where: str) -> None:
    """Return when a form has none of some parameters, which would be dropped where they have no meaning.

    A dropped subject token once turned an exchange into bare authority (CVE-2026-9704).

    Raises:
        InvalidRequest: it has one.
    """
    for name in names:
        if name in form:
            raise InvalidRequest("malformed_request", detail=f"{name} has no meaning in {where}")


def scope_of(form: Params) -> frozenset[str] | None:
    """Return the requested scopes, or None when none were asked for.

    Raises:
        InvalidScope: it does not follow RFC 6749 section 3.3.
    """
    text = form.get("scope")
    if text is None:
        return None
    scope = parse_scope(text)
    if scope is None:
        raise InvalidScope("excess", detail="scope is not a list of scope tokens separated by single spaces")
    return scope


def targets_of(form: Params) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return ``audience`` and ``resource`` (RFC 8693 section 2.1, RFC 8707 section 2).

    Raises:
        InvalidTarget: a resource that is not an absolute URI without a fragment, or too many targets.
        InvalidRequest: an audience that cannot be a name.
    """
    audience = form.all("audience")
    resource = form.all("resource")
    if len(audience) + len(resource) > MAX_TARGETS:
        raise InvalidTarget("unknown_target", detail=f"more than {MAX_TARGETS} targets at once")
    for one in audience:
        if not is_name(one):
            raise InvalidRequest("malformed_request", detail="an audience is not a name")
    for one in resource:
        if not _is_absolute_uri(one):
            raise InvalidTarget(
                "unknown_target", detail="a resource is not an absolute URI without a fragment"
            )
    return audience, resource


def _is_absolute_uri(text: str) -> bool:
    if "#" in text or not is_name(text) or any(char.isspace() for char in text):
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return bool(parts.scheme) and bool(parts.netloc or parts.path)


def success(issued: Issued) -> JsonObject:
    """Return the success answer of RFC 8693 section 2.2.1."""
    answer: JsonObject = {
        "access_token": issued.token.reveal(),
        "issued_token_type": issued.token_type,
        "token_type": _token_type(issued),
        "expires_in": issued.expires_at - issued.issued_at,
    }
    if issued.scope:
        answer["scope"] = " ".join(sorted(issued.scope))
    if issued.details:
        answer["authorization_details"] = [*issued.details]
    if issued.resource:
        answer["resource"] = issued.resource[0] if len(issued.resource) == 1 else [*issued.resource]
    if issued.refresh is not None:
        answer["refresh_token"] = issued.refresh.token.reveal()
    if issued.id_token is not None:
        answer["id_token"] = issued.id_token.reveal()
    if issued.begun is not None:
        answer["impersonation"] = issued.begun.impersonation.id
        answer["impersonation_ends_at"] = issued.begun.impersonation.until
    return answer


def _token_type(issued: Issued) -> str:
    """How the token is used: RFC 8693 section 2.2.1, RFC 9449 section 5. A certificate changes nothing."""
    if not issued.bearer:
        return "N_A"
    return "DPoP" if issued.confirmation is not None and issued.confirmation.jkt is not None else "Bearer"
