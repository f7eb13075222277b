"""Authorization codes (RFC 6749 section 4.1.3, RFC 7636 section 4.5): a sign-in is concluded."""

from __future__ import annotations

import re
from typing import Final

from actas.core.errors import InvalidGrant, OAuthError
from actas.core.issued import Issued
from actas.core.params import Params
from actas.core.permit import ExchangeRequest
from actas.core.ports import JsonObject
from actas.core.secret import Secret
from actas.core.sign_in import PresentedCode
from actas.core.wire import ACCESS_TOKEN, AUTHORIZATION_CODE, GrantType
from actas.grants.grant import OF_EXCHANGE, require_without, scope_of, success, targets_of

_OTHERS: Final = (*OF_EXCHANGE, "refresh_token", "request_uri")
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}", re.ASCII)


class AuthorizationCodeGrant:
    """Reads and answers requests that conclude a sign-in."""

    token_error: type[OAuthError] = InvalidGrant

    @property
    def grant_type(self) -> GrantType:
        return AUTHORIZATION_CODE

    def parse(self, form: Params) -> ExchangeRequest:
        require_without(form, _OTHERS, where="authorization_code")
        code = form.require_secret("code")
        # Without one, whoever found the code could redeem it. No code of ours was made without a challenge.
        verifier = form.get("code_verifier")
        if verifier is None or _VERIFIER.fullmatch(verifier) is None:
            raise InvalidGrant(
                "bad_code", detail="code_verifier is missing, or not 43 to 128 characters that need no escape"
            )
        audience, resource = targets_of(form)
        return ExchangeRequest(
            grant_type=AUTHORIZATION_CODE,
            subject=None,
            requested=ACCESS_TOKEN,
            audience=audience,
            resource=resource,
            scope=scope_of(form),
            code=PresentedCode(value=code, verifier=Secret(verifier), redirect_uri=form.get("redirect_uri")),
        )

    def respond(self, issued: Issued) -> JsonObject:
        return success(issued)
