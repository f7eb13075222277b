"""An agent that nobody registered anywhere reaches another company's MCP server for the people of its own: two real
servers, one address by which both know the agent, and one key by which it proves to be that agent.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.fakes.browser import Browser
from tests.fakes.certificates import Authority
from tests.fakes.hostile_issuer import HostileIssuer
from tests.fakes.hostile_issuer import document as answered
from tests.fakes.published import document
from tests.fakes.server import RealServer
from tests.fakes.wire import FORM, Reply, ask, encoded
from tests.web.conftest import in_background
from tests.web.test_apps_that_publish_what_they_are import CALLED_BACK, asked
from tests.web.test_signing_in import PASSWORDS, VERIFIER, claims_of

from actas.core.wire import (
    AUTHORIZATION_CODE,
    ID_JAG,
    ID_JAG_PROFILE,
    ID_TOKEN,
    JWT_BEARER,
    JWT_BEARER_CLIENT_ASSERTION,
    TOKEN_EXCHANGE,
)
from actas.crypto import jose

HANDBOOK = "https://mcp.tickets.example/handbook"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """Two servers, and the host of the agent."""

    home: RealServer
    tickets: RealServer
    agent: str
    key: jose.PrivateKey = field(repr=False)

    def sent(self, server: RealServer, *, proven: bool = True, key: Any = None, **form: str) -> Reply:
        """Send a form to a server's token endpoint, as the agent."""
        if proven:
            now = int(time.time())
            claims: dict[str, Any] = {
                "iss": self.agent, "sub": self.agent, "aud": server.issuer,
                "iat": now, "exp": now + 60, "jti": secrets.token_urlsafe(),
            }  # fmt: skip
            form["client_assertion"] = jose.sign(claims, key=key or self.key, typ="client-authentication+jwt")
            form["client_assertion_type"] = JWT_BEARER_CLIENT_ASSERTION
        body = encoded({"client_id": self.agent, **form})
        return ask(server.port, "POST", "/token", headers={"Content-Type": FORM}, body=body)

    def signed_in(self) -> str:
        """What the agent gets when alice signs in to it at home."""
        browser = Browser(self.home.base)
        browser.get("/authorize", **asked(self.agent, scope="openid", resource=None))
        browser.sign_in("alice", PASSWORDS["alice"])
        browser.send(decision="allow")
        redeemed = self.sent(
            self.home,
            grant_type=str(AUTHORIZATION_CODE),
            code=browser.answer()["code"],
            redirect_uri=CALLED_BACK,
            code_verifier=VERIFIER,
        )
        return str(redeemed.json["id_token"])

    def granted(self, id_token: str, resource: str | None = HANDBOOK) -> Reply:
        form: dict[str, Any] = {
            "grant_type": str(TOKEN_EXCHANGE),
            "requested_token_type": str(ID_JAG),
            "audience": self.tickets.issuer,
            "scope": "pages:search",
            "subject_token": id_token,
            "subject_token_type": str(ID_TOKEN),
        }
        if resource is not None:
            form["resource"] = resource
        return self.sent(self.home, **form)

    def redeemed(self, grant: str, **how: Any) -> Reply:
        return self.sent(self.tickets, grant_type=str(JWT_BEARER), assertion=grant, **how)


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    folder = tmp_path_factory.mktemp("mcp")
    authority = Authority.within(folder, "authority")
    host = HostileIssuer(host="localhost", tls=authority.server("localhost"))
    home, tickets = RealServer(folder / "home"), RealServer(folder / "tickets")
    key = jose.PrivateKey.generate("ES256")
    with in_background(host):
        agent = f"https://localhost:{host.port}/agent.json"
        host.answers["/agent.json"] = answered(
            document(
                client_id=agent,
                redirect_uris=["http://127.0.0.1/callback"],
                application_type="native",
                grant_types=[str(AUTHORIZATION_CODE), str(TOKEN_EXCHANGE), str(JWT_BEARER)],
                token_endpoint_auth_method="private_key_jwt",
                jwks={"keys": [key.public.jwk()]},
                authorization_grant_profiles_supported=[ID_JAG_PROFILE],
            )
        )
        _at_home(home, tickets, agent)
        _at_tickets(tickets, home, agent)
        for one in (home, tickets):
            one.company.tree["server"]["authorities"] = str(authority.certificate)
        with home, tickets:
            yield Rig(home=home, tickets=tickets, agent=agent, key=key)


@pytest.fixture(scope="module")
def id_token(rig: Rig) -> str:
    return rig.signed_in()


def _at_home(home: RealServer, tickets: RealServer, agent: str) -> None:
    home.company.environ["ALICE_PASSWORD"] = PASSWORDS["alice"]
    tree = home.company.tree
    tree["users"] = [{"name": "alice", "display_name": "Alice", "password": {"env": "ALICE_PASSWORD"}}]
    tree["client_metadata_documents"] = {
        "hosts": ["localhost"],
        "kind": "agent",
        "grants": ["authorization_code", "token_exchange"],
    }
    tree["connections"] = [
        {
            "name": "agent-to-handbook",
            "direction": "issue",
            "client": agent,
            "resource": {
                "kind": "mcp",
                "issuer": tickets.issuer,
                "client_id": agent,
                "resource": [HANDBOOK, "https://mcp.tickets.example/tickets"],
                "scopes": ["pages:search", "pages:edit"],
            },
            "people": {"names": "actas:alice"},
        }
    ]


def _at_tickets(tickets: RealServer, home: RealServer, agent: str) -> None:
    tree = tickets.company.tree
    tree["issuers"].append({"name": "acme", "type": "oidc", "issuer": home.issuer, "accepts": ["id_jag"]})
    scopes = {"pages:search": "Search the handbook", "pages:edit": "Edit the handbook"}
    tree["apis"].append({"name": "handbook", "kind": "mcp", "audience": HANDBOOK, "scopes": scopes})
    tree["client_metadata_documents"] = {
        "hosts": ["localhost"],
        "grants": ["jwt_bearer"],
        "may_request": {"apis": ["handbook"]},
    }
    tree["connections"] = [
        {
            "name": "agent-to-handbook",
            "direction": "accept",
            "from": "acme",
            "client": agent,
            "api": "handbook",
            "scopes": ["pages:search", "pages:edit"],
            "people": {"unknown": "create"},
        }
    ]


@pytest.mark.requirement("JAG-91", "JAG-113", "JAG-120", "JAG-121", "JAG-126")
def test_an_agent_that_is_registered_nowhere_reaches_another_companys_mcp_server(
    rig: Rig, id_token: str
) -> None:
    reply = rig.granted(id_token)
    assert reply.status == 200, reply
    grant = claims_of(reply.json["access_token"])
    assert (grant["aud"], grant["resource"]) == (rig.tickets.issuer, HANDBOOK)
    assert (grant["client_id"], grant["sub"]) == (rig.agent, "actas:alice")
    came = rig.redeemed(reply.json["access_token"])
    assert came.status == 200, came
    token = claims_of(came.json["access_token"])
    assert (token["iss"], token["aud"], token["scope"]) == (rig.tickets.issuer, HANDBOOK, "pages:search")
    assert (token["client_id"], token["sub"]) == (rig.agent, "acme:actas:alice")


@pytest.mark.requirement("JAG-124", "JAG-125", "JAG-126")
def test_the_grant_is_the_agents_alone_and_good_once(rig: Rig, id_token: str) -> None:
    grant = rig.granted(id_token).json["access_token"]
    assert rig.redeemed(grant, proven=False).json["error"] == "invalid_client"
    thief = jose.PrivateKey.generate("ES256")
    assert rig.redeemed(grant, key=thief).json["error"] == "invalid_client"
    came = rig.redeemed(grant, scope="pages:edit pages:search")
    assert (came.status, came.json["scope"]) == (200, "pages:search")
    again = rig.redeemed(grant)
    assert (again.status, again.json["error"]) == (400, "invalid_grant")


@pytest.mark.requirement("JAG-120", "JAG-122")
@pytest.mark.parametrize(
    "resource", [None, "https://mcp.tickets.example", f"{HANDBOOK}/", "https://evil.example"]
)
def test_without_one_of_its_servers_there_is_no_grant(rig: Rig, id_token: str, resource: str | None) -> None:
    reply = rig.granted(id_token, resource)
    assert (reply.status, reply.json["error"]) == (400, "invalid_target")
