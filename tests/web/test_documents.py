"""The key set, the metadata and what else the public listener serves: public members, true statements."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.fakes.server import RealServer
from tests.fakes.wire import FORM, Reply, ask, encoded

from actas.core.wire import CLIENT_CREDENTIALS, TOKEN_EXCHANGE
from actas.crypto import jose
from actas.crypto.proof import PROOF_ALGORITHMS

PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "k", "oth"}
OAUTH = "/.well-known/oauth-authorization-server"
OPENID = "/.well-known/openid-configuration"


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """A server whose issuer has a path, and which signs with every algorithm there is."""
    server = RealServer(tmp_path_factory.mktemp("tenant"), path="/tenants/acme")
    for name, algorithm in (("orders", "RS256"), ("inventory", "EdDSA")):
        server.company.named("apis", name).setdefault("token", {})["algorithm"] = algorithm
    with server:
        yield server


@pytest.mark.requirement("SEC-92")
def test_the_key_set_has_public_members_only(tenant: RealServer) -> None:
    keys = tenant.get("/tenants/acme/jwks").json["keys"]
    assert {key["alg"] for key in keys} == {"ES256", "RS256", "EdDSA"}
    assert len({key["kid"] for key in keys}) == len(keys)
    for key in keys:
        assert not PRIVATE & key.keys()
        assert key["use"] == "sig"


@pytest.mark.requirement("SEC-91")
def test_the_audit_key_is_not_among_the_keys_of_tokens(server: RealServer) -> None:
    sealed_by = set(server.verdict().kids)
    assert sealed_by
    assert not sealed_by & {key["kid"] for key in server.get("/jwks").json["keys"]}


@pytest.mark.requirement("TX-141", "TX-142", "TX-143", "TX-144")
def test_the_metadata_says_what_is_true_and_nothing_else(server: RealServer) -> None:
    found = server.get(OAUTH).json
    assert found == {
        "issuer": server.issuer,
        "token_endpoint": f"{server.issuer}/token",
        "jwks_uri": f"{server.issuer}/jwks",
        "response_types_supported": [],
        "grant_types_supported": sorted([CLIENT_CREDENTIALS, TOKEN_EXCHANGE]),
        "token_endpoint_auth_methods_supported": [
            "client_secret_basic",
            "client_secret_post",
            "private_key_jwt",
        ],
        "token_endpoint_auth_signing_alg_values_supported": ["ES256", "EdDSA", "PS256", "RS256"],
        "introspection_endpoint": f"{server.issuer}/introspect",
        "introspection_endpoint_auth_methods_supported": [
            "client_secret_basic",
            "client_secret_post",
            "private_key_jwt",
        ],
        "introspection_endpoint_auth_signing_alg_values_supported": ["ES256", "EdDSA", "PS256", "RS256"],
        "introspection_signing_alg_values_supported": ["ES256"],
        "revocation_endpoint": f"{server.issuer}/revoke",
        "revocation_endpoint_auth_methods_supported": [
            "client_secret_basic",
            "client_secret_post",
            "private_key_jwt",
        ],
        "revocation_endpoint_auth_signing_alg_values_supported": ["ES256", "EdDSA", "PS256", "RS256"],
        "actas_revocation_feed": f"{server.issuer}/revocations",
        "dpop_signing_alg_values_supported": sorted(PROOF_ALGORITHMS),
        "tls_client_certificate_bound_access_tokens": False,
        "scopes_supported": ["orders:read", "orders:write", "stock:read", "stock:write"],
    }
    assert server.get(OPENID).json == found


@pytest.mark.requirement("TX-130", "TX-132", "SEC-85")
def test_introspection_over_the_wire(server: RealServer) -> None:
    token = server.token(server.company.for_alice())
    form = server.company.for_alice()
    own = {name: form[name] for name in ("client_id", "client_secret")}

    def told(headers: dict[str, str]) -> Reply:
        return ask(
            server.port,
            "POST",
            "/introspect",
            headers={"Content-Type": FORM, **headers},
            body=encoded({**own, "token": token}),
        )

    reply = told({})
    assert (reply.status, reply.header("cache-control")) == (200, "no-store")
    assert reply.json["sub"] == "alice@acme.example"
    signed = told({"Accept": "application/token-introspection+jwt"})
    keys = {key["kid"]: key for key in server.get("/jwks").json["keys"]}
    jws = jose.parse(signed.body.decode())
    key = jose.PublicKey.from_jwk(keys[jws.unverified_kid], algorithms=["ES256"])
    assert key.verifies(jws.compact.signing_input, jws.compact.signature)
    assert jws.unverified_claims["token_introspection"] == reply.json


@pytest.mark.requirement("TX-140", "TX-141")
def test_the_well_known_part_stands_between_host_and_path(tenant: RealServer) -> None:
    found = tenant.get(f"{OAUTH}/tenants/acme")
    assert found.json["issuer"] == tenant.issuer
    for appended in (OPENID, OAUTH):  # the second is where some look all the same
        assert tenant.get(f"/tenants/acme{appended}").body == found.body
    for wrong in (OAUTH, OPENID, f"{OAUTH}/tenants/acme/", f"{OAUTH}/tenants", f"{OPENID}/tenants/acme"):
        assert tenant.get(wrong).status == 404


@pytest.mark.requirement("TX-142")
def test_every_address_in_the_metadata_is_served(tenant: RealServer) -> None:
    found = tenant.get(f"{OAUTH}/tenants/acme").json
    jwks = found["jwks_uri"].removeprefix(tenant.base)
    assert tenant.get(jwks).json["keys"]
    assert found["token_endpoint"].removeprefix(tenant.base) == f"{tenant.path}/token"
    reply = tenant.post(tenant.company.own())
    assert reply.status == 200
    refused = tenant.post(b"").json["error_uri"]
    assert tenant.get(refused.removeprefix(tenant.base).partition("#")[0]).status == 200
    assert tenant.get("/token", "POST").status == 404
    assert tenant.get("/jwks").status == 404


@pytest.mark.parametrize("target", ["/jwks", OAUTH, OPENID, "/errors"])
def test_documents_answer_get_and_head_and_nothing_else(target: str, server: RealServer) -> None:
    whole = server.get(target)
    assert whole.status == 200
    assert whole.header("x-content-type-options") == "nosniff"
    assert (whole.header("cache-control") or "").startswith("public, max-age=")
    assert server.get(target, "HEAD").status == 200
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        reply = server.get(target, method)
        assert (reply.status, reply.header("allow"), reply.body) == (405, "GET, HEAD", b"")


@pytest.mark.parametrize("target", ["/jwks", OAUTH, "/errors"])
def test_a_head_says_what_a_get_would(target: str, server: RealServer) -> None:
    get, head = server.get(target), server.get(target, "HEAD")
    assert head.header("content-length") == get.header("content-length")


def test_browsers_of_other_origins_may_read_keys_and_metadata_only(server: RealServer) -> None:
    assert server.get("/jwks").header("access-control-allow-origin") == "*"
    assert server.get(OAUTH).header("access-control-allow-origin") == "*"
    for reply in (server.post(server.company.own()), server.post(b""), server.get("/errors")):
        assert reply.header("access-control-allow-origin") is None


@pytest.mark.requirement("SEC-04")
@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/token/",
        "//token",
        "/token/../jwks",
        "/./token",
        "/token%00",
        "/token%2f",
        "/TOKEN",
        "/introspect/",
        "/metrics",
        "/docs",
        "/openapi.json",
        "/.env",
        "/.git/config",
        "/%ff%fe",
        "/%zz",
        "/%c0%ae%c0%ae/etc/passwd",
        "/errors/../../etc/passwd",
        "/" + "%2e%2e/" * 20 + "etc/passwd",
    ],
)
def test_an_unknown_path_is_not_found_and_tells_nothing(target: str, server: RealServer) -> None:
    reply = server.get(target)
    assert (reply.status, reply.body) == (404, b"not found\n")
    assert reply.header("content-type") == "text/plain"


@pytest.mark.requirement("REL-31", "SEC-04")
@pytest.mark.parametrize("target", ["/livez", "/readyz", "/readyz?verbose", "/metrics", "/admin", "/console"])
def test_nothing_of_the_management_listener_is_on_the_public_one(target: str, server: RealServer) -> None:
    assert server.get(target).status == 404
