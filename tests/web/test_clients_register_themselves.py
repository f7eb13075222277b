"""A client registers itself at one node and signs somebody in at another (RFC 7591)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.fakes.browser import Browser
from tests.fakes.server import RealServer
from tests.fakes.wire import FORM, Reply, ask, encoded
from tests.web.test_signing_in import CHALLENGE, PASSWORDS, VERIFIER, claims_of

ORDERS = "https://orders.acme.example"
CALLED_BACK = "http://127.0.0.1:49152/callback"
TOKEN = "an-initial-access-token-of-the-tests"
SAID: dict[str, Any] = {
    "client_name": "Inspector",
    "redirect_uris": ["http://127.0.0.1/callback"],
    "application_type": "native",
    "grant_types": ["authorization_code", "refresh_token"],
    "token_endpoint_auth_method": "none",
}


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RealServer, RealServer]]:
    server = RealServer(tmp_path_factory.mktemp("registering"))
    tree = server.company.tree
    tree["users"] = [{"name": "alice", "display_name": "Alice", "password": {"env": "ALICE_PASSWORD"}}]
    tree["client_registration"] = {"token": {"env": "INITIAL"}, "may_request": {"apis": ["orders"]}}
    server.company.environ |= {"ALICE_PASSWORD": PASSWORDS["alice"], "INITIAL": TOKEN}
    with server, server.twin() as twin:
        yield server, twin


def register(sts: RealServer, *, token: str | None = TOKEN, **changes: Any) -> Reply:
    headers = {"Content-Type": "application/json"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    body = json.dumps({**SAID, **changes}).encode()
    return ask(sts.port, "POST", "/register", headers=headers, body=body)


def asked(client_id: str) -> dict[str, str]:
    return {
        "client_id": client_id,
        "response_type": "code",
        "redirect_uri": CALLED_BACK,
        "scope": "orders:read",
        "resource": ORDERS,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }


def signed_in(sts: RealServer, client_id: str) -> dict[str, str]:
    browser = Browser(sts.base)
    browser.get("/authorize", **asked(client_id))
    consent = browser.sign_in("alice", PASSWORDS["alice"])
    assert "Inspector" in consent.text
    browser.send(decision="allow")
    return browser.answer()


@pytest.mark.requirement("OP-110", "OP-113", "OP-140", "OP-142", "REL-21")
def test_who_registers_at_one_node_signs_somebody_in_at_another(
    nodes: tuple[RealServer, RealServer],
) -> None:
    first, second = nodes
    reply = register(first)
    assert reply.status == 201, reply
    assert reply.header("cache-control") == "no-store"
    client_id = reply.json["client_id"]
    # At once: nobody waited for the second to hear of it.
    page = Browser(second.base).get("/authorize", **asked(client_id))
    assert "Inspector" in page.text
    answer = signed_in(first, client_id)
    form = {
        "grant_type": "authorization_code",
        "client_id": client_id,
        "code": answer["code"],
        "redirect_uri": CALLED_BACK,
        "code_verifier": VERIFIER,
        "resource": ORDERS,
    }
    wire = {"Content-Type": FORM}
    token = ask(second.port, "POST", "/token", headers=wire, body=encoded(form))
    assert token.status == 200, token
    claims = claims_of(token.json["access_token"])
    assert (claims["client_id"], claims["aud"], claims["scope"]) == (client_id, ORDERS, "orders:read")
    again = {
        "grant_type": "refresh_token",
        "client_id": client_id,
        "refresh_token": token.json["refresh_token"],
    }
    refreshed = ask(first.port, "POST", "/token", headers=wire, body=encoded(again))
    assert refreshed.status == 200, refreshed
    assert refreshed.json["refresh_token"] != again["refresh_token"]
    (told,) = [one for one in first.events() if one["event"] == "registration:granted"][-1:]
    assert (told["client"]["name"], told["after"]["client_name"]) == (client_id, "Inspector")


@pytest.mark.requirement("OP-114", "OP-111")
def test_such_a_client_exchanges_nothing_and_sends_nobody_elsewhere(
    nodes: tuple[RealServer, RealServer],
) -> None:
    first, _ = nodes
    exchange = "urn:ietf:params:oauth:grant-type:token-exchange"
    assert register(first, grant_types=[exchange]).json["error"] == "invalid_client_metadata"
    reply = register(first, token_endpoint_auth_method="client_secret_post")
    client_id, secret = reply.json["client_id"], reply.json["client_secret"]
    form = {"grant_type": exchange, "client_id": client_id, "client_secret": secret}
    form |= {"subject_token": "x", "subject_token_type": "urn:ietf:params:oauth:token-type:access_token"}
    refused = ask(first.port, "POST", "/token", headers={"Content-Type": FORM}, body=encoded(form))
    assert refused.json["error"] == "unauthorized_client"
    form["client_secret"] = secret[:-1]
    refused = ask(first.port, "POST", "/token", headers={"Content-Type": FORM}, body=encoded(form))
    assert refused.json["error"] == "invalid_client"
    page = Browser(first.base).get(
        "/authorize",
        client_id=client_id,
        redirect_uri="https://web.acme.example/callback",
        response_type="code",
    )
    assert page.status_code == 400
    assert "location" not in page.headers
    unknown = Browser(first.base).get("/authorize", client_id="Reg-" + "a" * 30, redirect_uri=CALLED_BACK)
    assert unknown.status_code == 400


@pytest.mark.requirement("OP-114", "OP-111")
def test_nobody_registers_without_the_token_or_by_anything_but_json(
    nodes: tuple[RealServer, RealServer],
) -> None:
    first, _ = nodes
    for token in (None, "another"):
        reply = register(first, token=token)
        assert (reply.status, reply.json["error"]) == (401, "invalid_token")
        assert reply.header("www-authenticate") == f'Bearer realm="{first.issuer}"'
    headers = {"Content-Type": FORM, "Authorization": f"Bearer {TOKEN}"}
    reply = ask(first.port, "POST", "/register", headers=headers, body=b"redirect_uris=https://a.example")
    assert (reply.status, reply.json["error"]) == (400, "invalid_client_metadata")
    assert ask(first.port, "GET", "/register").status == 405


@pytest.mark.requirement("OP-114")
def test_the_metadata_name_the_address_only_where_clients_may_register(
    nodes: tuple[RealServer, RealServer], server: RealServer
) -> None:
    first, _ = nodes
    found = first.get("/.well-known/openid-configuration").json
    assert found["registration_endpoint"] == f"{first.issuer}/register"
    assert "none" in found["token_endpoint_auth_methods_supported"]
    assert "registration_endpoint" not in server.get("/.well-known/openid-configuration").json
    assert ask(server.port, "POST", "/register", body=b"{}").status == 404
