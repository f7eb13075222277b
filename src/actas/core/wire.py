"""The protocol's words: grant types, token types, error codes, client authentication methods.

Only words live here. Anything that acts on them lives on a higher floor.
"""

from __future__ import annotations

from typing import Final, Literal, NewType

TokenType = NewType("TokenType", str)
"""A token type identifier (RFC 8693 section 3). Open: operators may define their own."""

GrantType = NewType("GrantType", str)
"""A value of ``grant_type`` (RFC 6749 section 4.5)."""

_TOKEN_TYPE: Final = "urn:ietf:params:oauth:token-type:"

ACCESS_TOKEN: Final = TokenType(_TOKEN_TYPE + "access_token")
REFRESH_TOKEN: Final = TokenType(_TOKEN_TYPE + "refresh_token")
ID_TOKEN: Final = TokenType(_TOKEN_TYPE + "id_token")
JWT: Final = TokenType(_TOKEN_TYPE + "jwt")
SAML1: Final = TokenType(_TOKEN_TYPE + "saml1")
SAML2: Final = TokenType(_TOKEN_TYPE + "saml2")

SHORT_TOKEN_TYPES: Final[dict[str, TokenType]] = {
    "access_token": ACCESS_TOKEN,
    "id_token": ID_TOKEN,
    "jwt": JWT,
}
"""The token types this release reads, by the short names the configuration uses."""

TOKEN_EXCHANGE: Final = GrantType("urn:ietf:params:oauth:grant-type:token-exchange")
CLIENT_CREDENTIALS: Final = GrantType("client_credentials")

SHORT_GRANT_TYPES: Final[dict[str, GrantType]] = {
    "token_exchange": TOKEN_EXCHANGE,
    "client_credentials": CLIENT_CREDENTIALS,
}
"""The grants this release implements, by the short names the configuration uses."""

JWT_BEARER_CLIENT_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
"""``client_assertion_type`` of RFC 7523 section 2.2."""

AuthMethod = Literal["client_secret_basic", "client_secret_post", "private_key_jwt", "none"]
"""How a client proves who it is (OpenID Connect Core section 9)."""

ErrorCode = Literal[
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_target",
    "invalid_dpop_proof",
    "use_dpop_nonce",
    "temporarily_unavailable",
    "server_error",
    "invalid_token",
    "insufficient_scope",
    "not_found",
    "conflict",
    "precondition_failed",
    "invalid_configuration",
    "precondition_required",
]
"""The values of ``error`` we answer with (RFC 6749 section 5.2, RFC 8693 section 2.2.2, RFC 9449 section 5).

The last seven are answers of the management API alone.
"""

SigningAlgorithm = Literal["ES256", "RS256", "EdDSA"]
"""What our own keys sign with."""

VerifyingAlgorithm = Literal["ES256", "ES384", "RS256", "PS256", "EdDSA"]
"""What a trusted issuer or a client may sign with. Symmetric algorithms and ``none`` never are."""

AT_JWT: Final = "at+jwt"
"""``typ`` of an RFC 9068 access token."""

DPOP_JWT: Final = "dpop+jwt"
"""``typ`` of a DPoP proof (RFC 9449 section 4.2)."""
