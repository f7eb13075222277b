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
ID_JAG: Final = TokenType(_TOKEN_TYPE + "id-jag")
"""A grant by which another domain's authorization server is told who somebody is (ID-JAG section 3)."""
JWT_GRANT: Final = TokenType("urn:actas:params:oauth:token-type:authorization-grant")
"""Ours: a plain JWT authorization grant of another domain's server, where it is redeemed (RFC 7523 section
2.1). It is a type of its own, so that trust in ID-JAGs, or in other JWTs, is none in these (SEC-61)."""
SIGN_IN: Final = TokenType("urn:actas:params:oauth:token-type:sign-in")
"""What the minutes call a sign-in here, where they name the type of a subject token. Nobody presents one."""
SUBJECT: Final = TokenType("urn:actas:params:oauth:token-type:subject")
"""Ours: no token at all, but the name of a person of ours (RFC 9493 section 3.2.3). Proves nothing."""

SHORT_TOKEN_TYPES: Final[dict[str, TokenType]] = {
    "access_token": ACCESS_TOKEN,
    "id_jag": ID_JAG,
    "id_token": ID_TOKEN,
    "jwt": JWT,
    "jwt_grant": JWT_GRANT,
    "refresh_token": REFRESH_TOKEN,
}
"""The token types this release reads, by the short names the configuration uses."""

TOKEN_EXCHANGE: Final = GrantType("urn:ietf:params:oauth:grant-type:token-exchange")
CLIENT_CREDENTIALS: Final = GrantType("client_credentials")
REFRESH: Final = GrantType("refresh_token")
AUTHORIZATION_CODE: Final = GrantType("authorization_code")
JWT_BEARER: Final = GrantType("urn:ietf:params:oauth:grant-type:jwt-bearer")
"""A grant of another domain's server is redeemed (RFC 7523 section 2.1, ID-JAG section 4.4)."""
JWT_DPOP: Final = GrantType("urn:ietf:params:oauth:grant-type:jwt-dpop")
"""The same, as an example of ID-JAG section 9.8 has it (JAG-106)."""
DEVICE_CODE: Final = GrantType("urn:ietf:params:oauth:grant-type:device_code")

OF_PUBLIC_CLIENTS: Final = frozenset({AUTHORIZATION_CODE, DEVICE_CODE, REFRESH})
"""The grants of clients that prove nothing: what somebody who signed in let them have."""

SHORT_GRANT_TYPES: Final[dict[str, GrantType]] = {
    "token_exchange": TOKEN_EXCHANGE,
    "client_credentials": CLIENT_CREDENTIALS,
    "refresh_token": REFRESH,
    "authorization_code": AUTHORIZATION_CODE,
    "device_code": DEVICE_CODE,
    "jwt_bearer": JWT_BEARER,
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
    "invalid_authorization_details",
    "invalid_dpop_proof",
    "use_dpop_nonce",
    "insufficient_user_authentication",
    "authorization_pending",
    "slow_down",
    "expired_token",
    "access_denied",
    "temporarily_unavailable",
    "server_error",
    "unsupported_response_type",
    "request_not_supported",
    "request_uri_not_supported",
    "login_required",
    "consent_required",
    "invalid_token",
    "insufficient_scope",
    "not_found",
    "conflict",
    "precondition_failed",
    "invalid_configuration",
    "invalid_client_metadata",
    "invalid_redirect_uri",
    "unapproved_software_statement",
    "precondition_required",
]
"""The values of ``error`` we answer with (RFC 6749 sections 4.1.2.1 and 5.2, RFC 8693 section 2.2.2, RFC 9449
section 5, RFC 9396 section 5, RFC 9470 section 3, RFC 8628 section 3.5, OpenID Connect Core section 3.1.2.6).

``invalid_token`` and ``insufficient_scope`` are for whoever shows an access token (RFC 6750 section 3.1), and
the last five are answers of the management API alone.
"""

TokenFormat = Literal["jwt", "reference"]
"""What an access token looks like: a signed document, or a text that means nothing without this server."""

SigningAlgorithm = Literal["ES256", "RS256", "EdDSA"]
"""What our own keys sign with."""

EncryptionAlgorithm = Literal["ECDH-ES+A256KW", "RSA-OAEP-256"]
"""By what our own keys that decrypt are reached (RFC 7518 section 4). They never sign."""

RecipientAlgorithm = Literal["ECDH-ES+A256KW", "ECDH-ES+A128KW", "ECDH-ES", "RSA-OAEP-256"]
"""By what another server's key may be reached, the preferred first: those of ours, and what is as good."""

ContentEncryption = Literal["A256GCM", "A128GCM", "A256CBC-HS512", "A128CBC-HS256"]
"""What content is encrypted with for another server, the preferred first (RFC 7518 section 5)."""

KeyAlgorithm = SigningAlgorithm | EncryptionAlgorithm
"""What a key of ours is for: it signs, or it decrypts, and never does the other."""

VerifyingAlgorithm = Literal["ES256", "ES384", "RS256", "PS256", "EdDSA"]
"""What a trusted issuer or a client may sign with. Symmetric algorithms and ``none`` never are."""

HmacAlgorithm = Literal["HS256", "HS384", "HS512"]
"""What a client may authenticate an assertion with by its secret, and nothing else here ever is."""

ID_JAG_PROFILE: Final = "urn:ietf:params:oauth:grant-profile:id-jag"
"""What a server that redeems ID-JAGs says of itself (section 7.2)."""

ID_JAG_JWT: Final = "oauth-id-jag+jwt"
"""``typ`` of an ID-JAG (section 3)."""

GRANT_JWT: Final = "authorization-grant+jwt"
"""``typ`` of our plain grants for other domains' servers: identity chaining defines none (IDC-22)."""

AT_JWT: Final = "at+jwt"
"""``typ`` of an RFC 9068 access token."""

DPOP_JWT: Final = "dpop+jwt"
"""``typ`` of a DPoP proof (RFC 9449 section 4.2)."""
