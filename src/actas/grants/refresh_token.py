"""Refresh (RFC 6749 section 6): an earlier exchange is done again, without the token that it began with."""

from __future__ import annotations

from actas.core.errors import InvalidGrant, OAuthError
from actas.core.issued import Issued
from actas.core.params import Params
from actas.core.party import PresentedToken
from actas.core.permit import ExchangeRequest
from actas.core.ports import JsonObject
from actas.core.wire import ACCESS_TOKEN, REFRESH, REFRESH_TOKEN, GrantType
from actas.grants.grant import OF_EXCHANGE, require_without, scope_of, success, targets_of


class RefreshTokenGrant:
    """Reads and answers refresh requests."""

    token_error: type[OAuthError] = InvalidGrant

    @property
    def grant_type(self) -> GrantType:
        return REFRESH

    def parse(self, form: Params) -> ExchangeRequest:
        require_without(form, OF_EXCHANGE, where="a refresh")
        token = form.require_secret("refresh_token")
        audience, resource = targets_of(form)
        return ExchangeRequest(
            grant_type=REFRESH,
            subject=None,
            requested=ACCESS_TOKEN,
            audience=audience,
            resource=resource,
            scope=scope_of(form),
            refresh=PresentedToken(REFRESH_TOKEN, token, "subject"),
        )

    def respond(self, issued: Issued) -> JsonObject:
        return success(issued)
