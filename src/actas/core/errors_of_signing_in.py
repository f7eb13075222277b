"""The errors that only an authorization request is answered with (OpenID Connect Core section 3.1.2.6)."""

from __future__ import annotations

from actas.core.errors import OAuthError


class UnsupportedResponseType(OAuthError):
    """RFC 6749 section 4.1.2.1."""

    code = "unsupported_response_type"


class RequestNotSupported(OAuthError):
    """OpenID Connect Core section 3.1.2.6: request objects are not read."""

    code = "request_not_supported"


class RequestUriNotSupported(OAuthError):
    """OpenID Connect Core section 3.1.2.6: request objects are not fetched."""

    code = "request_uri_not_supported"


class LoginRequired(OAuthError):
    """OpenID Connect Core section 3.1.2.6: nobody may be asked to sign in, and somebody must."""

    code = "login_required"

    def __init__(self, *, detail: str = "") -> None:
        super().__init__("not_signed_in", detail=detail)


class ConsentRequired(OAuthError):
    """OpenID Connect Core section 3.1.2.6: nobody may be asked to consent, and somebody must."""

    code = "consent_required"

    def __init__(self, *, detail: str = "") -> None:
        super().__init__("not_consented", detail=detail)
