"""The errors of grants for other domains alone.

``BadGateway`` is no defect of ours: another server was asked, and answered what nobody can use.
"""

from __future__ import annotations

from actas.core.errors import OAuthError


class InvalidAuthorizationDetails(OAuthError):
    """RFC 9396 section 5: details that are none, or that nobody allows."""

    code = "invalid_authorization_details"


class BadGateway(OAuthError):
    """RFC 9110 section 15.6.3: the request was good, and the server that was asked for it is of no use."""

    code = "server_error"
    status = 502
