"""The errors that only a registration is answered with (RFC 7591 section 3.2.2)."""

from __future__ import annotations

from actas.core.errors import OAuthError


class InvalidClientMetadata(OAuthError):
    """Something that the client says of itself cannot be registered."""

    code = "invalid_client_metadata"

    def __init__(self, *, detail: str = "") -> None:
        super().__init__("bad_client_metadata", detail=detail)


class InvalidRedirectUri(OAuthError):
    """A redirect address cannot be registered."""

    code = "invalid_redirect_uri"

    def __init__(self, *, detail: str = "") -> None:
        super().__init__("bad_redirect_uri", detail=detail)


class UnapprovedSoftwareStatement(OAuthError):
    """A software statement of somebody whom we do not believe."""

    code = "unapproved_software_statement"

    def __init__(self, *, detail: str = "") -> None:
        super().__init__("unapproved_statement", detail=detail)
