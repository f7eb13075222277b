"""The errors of signing in alone: of authorization requests (OpenID Connect Core section 3.1.2.6) and of
devices that wait for somebody to decide (RFC 8628 section 3.5).
"""

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


class NotDecided(OAuthError):
    """RFC 8628 section 3.5: the person has not answered yet; the device asks again after a while.

    Args:
        again: whether the device was told so before.
    """

    code = "authorization_pending"

    def __init__(self, *, again: bool, detail: str = "") -> None:
        super().__init__("not_decided", detail=detail)
        self.again = again


class SlowDown(OAuthError):
    """RFC 8628 section 3.5: as ``NotDecided``, and the device asks too often.

    Args:
        interval: seconds that it waits between two questions from now on.
    """

    code = "slow_down"

    def __init__(self, *, interval: int, detail: str = "") -> None:
        super().__init__("polled_too_soon", detail=detail)
        self.members = {"interval": interval}


class DeviceExpired(OAuthError):
    """RFC 8628 section 3.5: nobody answered in time; the device begins anew."""

    code = "expired_token"

    def __init__(self, *, detail: str = "") -> None:
        super().__init__("device_expired", detail=detail)
