"""Token exchange (RFC 8693)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from actas.core.errors import InvalidRequest, OAuthError
from actas.core.issued import Issued
from actas.core.params import Params
from actas.core.party import PresentedToken
from actas.core.permit import ExchangeRequest
from actas.core.ports import JsonObject
from actas.core.wire import ACCESS_TOKEN, ID_JAG, JWT, TOKEN_EXCHANGE, GrantType, TokenType
from actas.grants.details import details_of
from actas.grants.grant import require_without, scope_of, success, targets_of
from actas.grants.named import named_of, why_of


class TokenExchangeGrant:
    """Reads and answers token exchange requests.

    Args:
        readable: the token types that can be presented.
        issuable: the token types that can be asked for.
    """

    token_error: type[OAuthError] = InvalidRequest

    def __init__(self, *, readable: Collection[TokenType], issuable: Collection[TokenType]) -> None:
        self._readable = frozenset(readable)
        self._issuable = frozenset(issuable)

    @property
    def grant_type(self) -> GrantType:
        return TOKEN_EXCHANGE

    def parse(self, form: Params) -> ExchangeRequest:
        named = named_of(form)
        named_by_token = named is not None and named.form != "own_token"
        subject = None if named_by_token else self._presented(form, "subject")
        if subject is None and not named_by_token:
            raise InvalidRequest("malformed_request", detail="the parameter subject_token is missing")
        actor = self._presented(form, "actor")
        if named is not None and named.form == "own_token":
            # Whoever asks shows who he is; whom the new token is about is only named.
            subject, actor = None, subject
        audience, resource = targets_of(form)
        requested = TokenType(form.get("requested_token_type") or ACCESS_TOKEN)
        if requested not in self._issuable:
            raise InvalidRequest(
                "unknown_profile", detail="requested_token_type is not one that is issued here"
            )
        if requested in (ID_JAG, JWT) and actor is not None:
            # What would come of it is undefined (ID-JAG section 4.3, JAG-25), and it is not dropped (SEC-06).
            detail = "a grant for another server is asked for with no actor_token"
            raise InvalidRequest("actor_not_allowed", detail=detail)
        if requested != ID_JAG:
            require_without(form, ("authorization_details",), where="an exchange for anything but an ID-JAG")
        return ExchangeRequest(
            grant_type=TOKEN_EXCHANGE,
            subject=subject,
            actor=actor,
            requested=requested,
            audience=audience,
            resource=resource,
            scope=scope_of(form),
            named=named,
            why=why_of(form),
            untyped=form.get("requested_token_type") is None,
            details=details_of(form) if requested == ID_JAG else (),
        )

    def respond(self, issued: Issued) -> JsonObject:
        return success(issued)

    def _presented(self, form: Params, role: Literal["subject", "actor"]) -> PresentedToken | None:
        """Read a token and its type. One without the other is an error, never "absent" (SEC-06)."""
        token, kind = f"{role}_token", f"{role}_token_type"
        value = form.secret(token)
        declared = form.get(kind)
        if value is None and declared is None:
            return None
        if value is None:
            raise InvalidRequest("malformed_request", detail=f"{kind} was sent without {token}")
        if declared is None:
            raise InvalidRequest("malformed_request", detail=f"{token} was sent without {kind}")
        if declared not in self._readable:
            raise InvalidRequest("unknown_profile", detail=f"{kind} is not one that is read here")
        return PresentedToken(TokenType(declared), value, role)
