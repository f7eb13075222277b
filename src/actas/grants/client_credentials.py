"""Client credentials (RFC 6749 section 4.4): the client speaks for itself."""

from __future__ import annotations

from actas.core.errors import InvalidRequest, OAuthError
from actas.core.issued import Issued
from actas.core.params import Params
from actas.core.permit import ExchangeRequest
from actas.core.ports import JsonObject
from actas.core.wire import ACCESS_TOKEN, CLIENT_CREDENTIALS, GrantType
from actas.grants.grant import OF_EXCHANGE, require_without, scope_of, success, targets_of


class ClientCredentialsGrant:
    """Reads and answers client credentials requests."""

    token_error: type[OAuthError] = InvalidRequest

    @property
    def grant_type(self) -> GrantType:
        return CLIENT_CREDENTIALS

    def parse(self, form: Params) -> ExchangeRequest:
        require_without(form, OF_EXCHANGE, where="client_credentials")
        audience, resource = targets_of(form)
        return ExchangeRequest(
            grant_type=CLIENT_CREDENTIALS,
            subject=None,
            requested=ACCESS_TOKEN,
            audience=audience,
            resource=resource,
            scope=scope_of(form),
        )

    def respond(self, issued: Issued) -> JsonObject:
        return success(issued)
