"""Grants of other domains' servers, redeemed for a token of ours (RFC 7523 section 2.1, ID-JAG 4.4)."""

from __future__ import annotations

from typing import Final

from actas.core.errors import BadToken, InvalidGrant, OAuthError
from actas.core.issued import Issued
from actas.core.params import Params
from actas.core.party import PresentedToken
from actas.core.permit import ExchangeRequest
from actas.core.ports import JsonObject
from actas.core.secret import Secret
from actas.core.wire import ACCESS_TOKEN, ID_JAG, ID_JAG_JWT, JWT_BEARER, JWT_GRANT, GrantType, TokenType
from actas.crypto import compact
from actas.crypto.jwe import is_encrypted
from actas.grants.grant import OF_EXCHANGE, require_without, scope_of, success, targets_of

_OTHERS: Final = (*OF_EXCHANGE, "code", "code_verifier", "redirect_uri", "refresh_token", "device_code")


class JwtBearerGrant:
    """Reads and answers requests that redeem a grant."""

    token_error: type[OAuthError] = InvalidGrant

    @property
    def grant_type(self) -> GrantType:
        return JWT_BEARER

    def parse(self, form: Params) -> ExchangeRequest:
        require_without(form, _OTHERS, where="jwt-bearer")
        assertion = form.require_secret("assertion")
        audience, resource = targets_of(form)
        return ExchangeRequest(
            grant_type=JWT_BEARER,
            subject=PresentedToken(_declared(assertion), assertion, "subject"),
            requested=ACCESS_TOKEN,
            audience=audience,
            resource=resource,
            scope=scope_of(form),
        )

    def respond(self, issued: Issued) -> JsonObject:
        """Return the answer of RFC 6749 section 5.1, which has no ``issued_token_type`` (IDC-36)."""
        answer = success(issued)
        del answer["issued_token_type"]
        return answer


def _declared(assertion: Secret) -> TokenType:
    """Return what a grant says that it is, before anything else of it is read (RFC 8725 section 3.12, AG-30).

    What does not say that it is an ID-JAG is taken for a plain grant, for which its issuer has to be trusted
    apart; what is no JWT is neither, and is refused where it is proven. What is encrypted is an ID-JAG: of
    nothing else is it said that it may be, and what is in it has to be one.
    """
    if is_encrypted(assertion.reveal()):
        return ID_JAG
    try:
        typ = compact.split(assertion.reveal()).unverified_typ  # its claims are read once, where it is proven
    except BadToken:
        return JWT_GRANT
    return ID_JAG if typ == ID_JAG_JWT else JWT_GRANT
