"""Client authentication: TX-100 to TX-109, and RFC 7521 and 7523 as far as clients use them."""

from __future__ import annotations

from tests.promises.row import Requirement, kept, on

ROWS: tuple[Requirement, ...] = on(
    "clients",
    kept("TX-100", "RFC 6749 section 2.3", "Two methods in one request are refused."),
    kept("TX-101", "RFC 6749 section 2.3.1", "Id and secret of HTTP Basic are form-decoded after the split."),
    kept("TX-102", "RFC 6749 section 2.3.1", "client_secret_post reads the body only."),
    kept("TX-103", "RFC 6749 section 2.3.1", "Secrets are compared in constant time; guessing is limited."),
    kept("TX-104", "OpenID Connect Core section 9", "private_key_jwt and client_secret_jwt follow RFC 7523."),
    kept("TX-105", "RFC 8705 section 2.1", "One registered name in a certificate of an authority matches."),
    kept("TX-106", "RFC 8705 section 2.2", "A registered certificate matches, whoever issued it."),
    kept("TX-107", "RFC 8705 section 2", "client_id comes with a certificate."),
    kept("TX-108", "project policy", "Only a trusted proxy forwards a certificate, and only one."),
    kept("TX-109", "RFC 8693 section 5", "A client that proves nothing may exchange nothing."),
    kept("AG-4", "RFC 7521 section 4.2", "client_assertion and its type come together; client_id agrees."),
    kept("AG-10", "RFC 7521 section 4.2.1", "A bad client assertion is invalid_client."),
    kept("AG-11", "project policy", "Trust in an issuer for one purpose is none for another."),
    kept("AG-40", "RFC 7523 section 2.2", "client_assertion_type is jwt-bearer."),
    kept("AG-41", "RFC 7523 section 3", "iss and sub are both the client id."),
    kept("AG-42", "draft-ietf-oauth-rfc7523bis section 4", "aud is our issuer identifier and nothing else."),
    kept(
        "AG-43", "draft-ietf-oauth-rfc7523bis section 4", "The typ of client assertions is not insisted on."
    ),
    kept(
        "AG-44",
        "draft-ietf-oauth-rfc7523bis section 5",
        "At the pushed request endpoint too, aud is our issuer identifier, whatever a client's switch says.",
    ),
    kept("AG-45", "project policy", "The token endpoint is an audience where a client's switch says so."),
    kept("AG-46", "OpenID Connect Core section 9", "exp is required and near; jti is required, used once."),
    kept("AG-47", "OpenID Connect Core section 9", "Only a registered key and algorithm verify."),
    kept(
        "AG-48",
        "RFC 8725 section 3.1",
        "Each method has its kind of algorithm: HMAC for client_secret_jwt, signatures else.",
    ),
    kept("AG-49", "draft-ietf-oauth-rfc7523bis section 3", "A SAML assertion authenticates no client."),
)
