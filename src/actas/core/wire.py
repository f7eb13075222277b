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

JWT_SPIFFE_CLIENT_ASSERTION: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-spiffe"
"""``client_assertion_type`` of a JWT-SVID (draft-ietf-oauth-spiffe-client-auth)."""

AuthMethod = Literal[
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
    "private_key_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth",
    "workload",
    "none",
]
"""How a client proved who it is (OpenID Connect Core section 9, RFC 8705 section 2). ``workload`` is ours: a
token that a platform gave to one of its workloads."""

Offer = Literal["client_secret_basic", "client_secret_post", "assertion", "name"]
"""What a request holds of a client, before it is known how that client is registered."""

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

HmacAlgorithm = Literal["HS256", "HS384", "HS512"]
"""What a client may authenticate an assertion with by its secret, and nothing else here ever is."""

AT_JWT: Final = "at+jwt"
"""``typ`` of an RFC 9068 access token."""

DPOP_JWT: Final = "dpop+jwt"
"""``typ`` of a DPoP proof (RFC 9449 section 4.2)."""
