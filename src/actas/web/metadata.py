"""What we publish about ourselves (RFC 8414, OpenID Connect Discovery section 3): only what is true."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

from actas.core.ports import Json, JsonObject
from actas.core.sign_in import CLAIMS
from actas.core.target import Api

Served = Literal["authorize", "device_authorization", "userinfo", "logout", "register"]
"""An address for people and apps, by its path."""

_ENDPOINTS: Final[dict[Served, str]] = {
    "authorize": "authorization_endpoint",
    "device_authorization": "device_authorization_endpoint",
    "userinfo": "userinfo_endpoint",
    "logout": "end_session_endpoint",
    "register": "registration_endpoint",
}

_TOLD: Final = ("iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash")
"""What every ID token may say (OpenID Connect Core section 2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningIn:
    """What is published of people signing in.

    Attributes:
        served: the addresses that there are. What belongs to ``authorize`` is published with it.
        algorithms: what ID tokens are signed with. Every client may have RS256 (OpenID Connect Core 15.1).
        acr_values: how strong a sign-in can be.
        prompts: values of ``prompt``.
        locales: the languages of the pages (BCP 47).
        only_pushed: whether every client must push its authorization requests (RFC 9126 section 5).
        documents: whether clients are let in that publish what they are (Client ID Metadata Documents).
    """

    served: frozenset[Served]
    algorithms: Collection[str]
    acr_values: Collection[str] = ()
    prompts: Collection[str] = ()
    locales: Collection[str] = ()
    only_pushed: bool = False
    documents: bool = False

    def members(self, base: str) -> JsonObject:
        """Return what it adds to the metadata of the server at ``base``."""
        said: JsonObject = {
            **{_ENDPOINTS[one]: f"{base}/{one}" for one in _ENDPOINTS if one in self.served},
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [*sorted({"RS256", *self.algorithms})],
            "code_challenge_methods_supported": ["S256"],
            "claims_supported": [*_TOLD, *(name for names in CLAIMS.values() for name in names)],
        }
        if "authorize" not in self.served:
            return said
        said |= {
            "response_types_supported": ["code"],
            "response_modes_supported": ["query", "form_post"],
            "authorization_response_iss_parameter_supported": True,
            "pushed_authorization_request_endpoint": f"{base}/par",
            "require_pushed_authorization_requests": self.only_pushed,
            "claims_parameter_supported": False,
            # Left out, it would be true (OpenID Connect Discovery section 3).
            "request_uri_parameter_supported": False,
        }
        if "logout" in self.served:
            said |= {"backchannel_logout_supported": True, "backchannel_logout_session_supported": True}
        if self.documents:
            said["client_id_metadata_document_supported"] = True
        for name, values in (
            ("acr_values_supported", self.acr_values),
            ("prompt_values_supported", self.prompts),
            ("ui_locales_supported", self.locales),
        ):
            if values:
                said[name] = [*values]
        return said


@dataclass(frozen=True, slots=True, kw_only=True)
class Chaining:
    """What is published of grants between domains (ID-JAG section 7).

    That there are any is all that is said: to whom they lead, and whose are taken, is no stranger's business
    (JAG-112).

    Attributes:
        requested: the types of grants that somebody may get.
        profiles: the profiles of those that somebody may redeem.
        encryption: by what such a grant may be encrypted to us, and with what; None where no connection tries
            that (a proposal, JAG-153).
        encryption_required: whether every connection takes such grants encrypted alone.
    """

    requested: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    encryption: tuple[tuple[str, ...], tuple[str, ...]] | None = None
    encryption_required: bool = False

    def members(self, base: str) -> JsonObject:
        """Return the members of the metadata of the server at ``base``.

        ``authorization_endpoint`` is among them, also where nobody is sent there: clients of such grants
        read no metadata without it (``web.nobody``).
        """
        said: dict[str, tuple[str, ...]] = {
            "identity_chaining_requested_token_types_supported": self.requested,
            "authorization_grant_profiles_supported": self.profiles,
        }
        if self.encryption is not None:
            algorithms, contents = self.encryption
            said["id_jag_encryption_alg_values_supported"] = algorithms
            said["id_jag_encryption_enc_values_supported"] = contents
        listed: JsonObject = {name: [*values] for name, values in said.items() if values}
        if self.encryption is not None:
            listed["id_jag_encryption_required"] = self.encryption_required
        return {_ENDPOINTS["authorize"]: f"{base}/authorize", **listed}


def protected_resources(apis: Iterable[Api]) -> JsonObject:
    """Return the member that names APIs of ours (RFC 9728 section 4): those whose configuration says so."""
    listed = sorted(api.audience for api in apis if api.listed and not api.disabled)
    return {"protected_resources": [*listed]} if listed else {}


def metadata_paths(issuer: str) -> dict[str, str]:
    """Return the paths on which the metadata is served.

    RFC 8414 section 3.1 puts the well-known part between host and the issuer's path; OpenID Connect
    Discovery appends it. Okta's issuers have a path and their metadata for OAuth behind it, and its library
    looks there (``appended``).
    """
    path = urlsplit(issuer).path.rstrip("/")
    return {
        "oauth": f"/.well-known/oauth-authorization-server{path}",
        "appended": f"{path}/.well-known/oauth-authorization-server",
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
    signing_in: SigningIn | None = None,
    public: bool = False,
    chaining: Chaining | None = None,
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
        signing_in: what is said of people signing in; None when they sign in to no client.
        public: whether clients that nobody listed may come without proving who they are.
        chaining: what is said of grants for other domains' servers, and of theirs; None when there are none.
    """
    base = issuer.rstrip("/")
    listed: list[Json] = [*methods]
    return {
        "issuer": issuer,
        "token_endpoint": f"{base}/token",
        "jwks_uri": f"{base}/jwks",
        "response_types_supported": [],
        "grant_types_supported": [*sorted(grant_types)],
        "token_endpoint_auth_methods_supported": [*listed, "none"] if public else listed,
        "token_endpoint_auth_signing_alg_values_supported": [*sorted(assertion_algorithms)],
        **_of_clients("introspection", f"{base}/introspect", listed, assertion_algorithms),
        **_of_clients("revocation", f"{base}/revoke", listed, assertion_algorithms),
        "actas_revocation_feed": f"{base}/revocations",
        "introspection_signing_alg_values_supported": [*sorted(signing_algorithms)],
        "dpop_signing_alg_values_supported": [*sorted(proof_algorithms)],
        "tls_client_certificate_bound_access_tokens": certificates,
        "scopes_supported": [*sorted(scopes)],
        **({} if chaining is None else chaining.members(base)),
        **({} if signing_in is None else signing_in.members(base)),
    }


def _of_clients(what: str, at: str, methods: list[Json], algorithms: Collection[str]) -> JsonObject:
    """Return what is said of another endpoint at which clients prove who they are."""
    return {
        f"{what}_endpoint": at,
        f"{what}_endpoint_auth_methods_supported": methods,
        f"{what}_endpoint_auth_signing_alg_values_supported": [*sorted(algorithms)],
    }
