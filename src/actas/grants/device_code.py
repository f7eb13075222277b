"""Codes of devices (RFC 8628 section 3.4): a device asks whether somebody has let it do what it asked."""

from __future__ import annotations

from typing import Final

from actas.core.errors import InvalidGrant, OAuthError
from actas.core.issued import Issued
from actas.core.params import Params
from actas.core.permit import ExchangeRequest
from actas.core.ports import JsonObject
from actas.core.wire import ACCESS_TOKEN, DEVICE_CODE, GrantType
from actas.grants.grant import OF_EXCHANGE, require_without, scope_of, success, targets_of

_OTHERS: Final = (*OF_EXCHANGE, "refresh_token", "code")


class DeviceCodeGrant:
    """Reads and answers requests that conclude the sign-in of a device."""

    token_error: type[OAuthError] = InvalidGrant

    @property
    def grant_type(self) -> GrantType:
        return DEVICE_CODE

    def parse(self, form: Params) -> ExchangeRequest:
        require_without(form, _OTHERS, where="device_code")
        code = form.require_secret("device_code")
        audience, resource = targets_of(form)
        return ExchangeRequest(
            grant_type=DEVICE_CODE,
            subject=None,
            requested=ACCESS_TOKEN,
            audience=audience,
            resource=resource,
            scope=scope_of(form),
            device=code,
        )

    def respond(self, issued: Issued) -> JsonObject:
        return success(issued)
