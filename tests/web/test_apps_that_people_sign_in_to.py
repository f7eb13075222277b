"""What a server publishes and serves once people sign in to a client, and what it does not before."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.fakes.server import RealServer
from tests.fakes.wire import ask

PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "k", "oth"}


@pytest.fixture(scope="module")
def apps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    """A server whose issuer has a path, and to one client of which people sign in."""
    server = RealServer(tmp_path_factory.mktemp("apps"), path="/tenants/acme")
    server.company.named("clients", "assistant").update(
        grants=["token_exchange", "authorization_code", "refresh_token"],
        redirect_uris=["https://app.acme.example/callback"],
        sign_in={"algorithm": "ES256"},
    )
    server.company.tree["users"] = [{"name": "alice", "display_name": "Alice", "groups": ["support"]}]
    with server:
        yield server


@pytest.mark.requirement("OP-100", "OP-24", "TX-142")
def test_both_well_known_addresses_say_the_same(apps: RealServer) -> None:
    appended = apps.get("/tenants/acme/.well-known/openid-configuration")
    inserted = apps.get("/.well-known/oauth-authorization-server/tenants/acme")
    assert (appended.status, inserted.status) == (200, 200)
    found = appended.json
    assert found == inserted.json
    assert found["issuer"] == apps.issuer
    assert found["userinfo_endpoint"] == f"{apps.issuer}/userinfo"
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert found["subject_types_supported"] == ["public"]
    assert {"pwd", "mfa"} <= set(found["acr_values_supported"])
    assert found["id_token_signing_alg_values_supported"] == ["ES256", "RS256"]
    assert {"openid", "profile", "email", "groups", "offline_access"} <= set(found["scopes_supported"])
    assert "authorization_code" in found["grant_types_supported"]


@pytest.mark.requirement("OP-103", "OP-57", "SEC-92")
def test_the_keys_of_id_tokens_are_published_and_are_public(apps: RealServer) -> None:
    found = apps.get("/tenants/acme/.well-known/openid-configuration").json
    keys = apps.get("/tenants/acme/jwks").json["keys"]
    assert found["jwks_uri"] == f"{apps.issuer}/jwks"
    # One for access tokens, one for ID tokens: of RS256 there is none while no client asks for it.
    assert [key["alg"] for key in keys] == ["ES256", "ES256"]
    for key in keys:
        assert key["kid"]
        assert not PRIVATE & key.keys()


@pytest.mark.requirement("OP-61")
def test_userinfo_is_where_the_metadata_says(apps: RealServer) -> None:
    reply = ask(apps.port, "GET", "/tenants/acme/userinfo")
    assert (reply.status, reply.header("www-authenticate")) == (401, f'Bearer realm="{apps.issuer}"')
    made_up = {"Authorization": "Bearer made.up.token"}
    reply = ask(apps.port, "POST", "/tenants/acme/userinfo", headers=made_up)
    assert reply.status == 401
    assert reply.header("www-authenticate") == f'Bearer realm="{apps.issuer}", error="invalid_token"'


def test_without_such_a_client_there_is_no_userinfo(server: RealServer) -> None:
    assert ask(server.port, "GET", "/userinfo").status == 404
    found = server.get("/.well-known/openid-configuration").json
    assert "userinfo_endpoint" not in found
    assert "openid" not in found["scopes_supported"]
