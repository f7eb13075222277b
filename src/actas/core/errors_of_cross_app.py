"""The errors of grants for other domains alone."""

from __future__ import annotations

from actas.core.errors import OAuthError


class InvalidAuthorizationDetails(OAuthError):
    """RFC 9396 section 5: details that are none, or that nobody allows."""

    code = "invalid_authorization_details"
