"""What we publish about ourselves (RFC 8414): only what is true."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from actas.core.ports import Json, JsonObject


def metadata_paths(issuer: str) -> dict[str, str]:
    """Return the paths on which the metadata is served.

    RFC 8414 section 3.1 puts the well-known part between host and the issuer's path; OpenID Connect
    Discovery appends it.
    """
    path = urlsplit(issuer).path.rstrip("/")
    return {
        "oauth": f"/.well-known/oauth-authorization-server{path}",
        "openid": f"{path}/.well-known/openid-configuration",
    }


def metadata(
    issuer: str,
    *,
    grant_types: Collection[str],
    scopes: Collection[str],
    methods: Collection[str],
    assertion_algorithms: Collection[str],
    signing_algorithms: Collection[str],
    proof_algorithms: Collection[str],
    certificates: bool,
) -> JsonObject:
    """Return the authorization server metadata.

    Args:
        issuer: our issuer identifier, character for character (TX-141).
        grant_types: the grants that are implemented.
        scopes: every scope of every enabled API.
        methods: how clients may prove who they are.
        assertion_algorithms: what client assertions may be signed with.
        signing_algorithms: what our own answers are signed with.
        proof_algorithms: what DPoP proofs may be signed with (RFC 9449 section 5.1).
        certificates: whether tokens may be bound to client certificates (RFC 8705 section 3.3).
    """
    base = issuer.rstrip("/")
    listed: list[Json] = [*methods]
    return {
        "issuer": issuer,
        "token_endpoint": f"{base}/token",
        "jwks_uri": f"{base}/jwks",
        "response_types_supported": [],
        "grant_types_supported": [*sorted(grant_types)],
        "token_endpoint_auth_methods_supported": listed,
        "token_endpoint_auth_signing_alg_values_supported": [*sorted(assertion_algorithms)],
        "introspection_endpoint": f"{base}/introspect",
        "introspection_endpoint_auth_methods_supported": listed,
        "introspection_endpoint_auth_signing_alg_values_supported": [*sorted(assertion_algorithms)],
        "revocation_endpoint": f"{base}/revoke",
        "revocation_endpoint_auth_methods_supported": listed,
        "revocation_endpoint_auth_signing_alg_values_supported": [*sorted(assertion_algorithms)],
        "actas_revocation_feed": f"{base}/revocations",
        "introspection_signing_alg_values_supported": [*sorted(signing_algorithms)],
        "dpop_signing_alg_values_supported": [*sorted(proof_algorithms)],
        "tls_client_certificate_bound_access_tokens": certificates,
        "scopes_supported": [*sorted(scopes)],
    }
