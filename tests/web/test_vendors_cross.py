"""Cross-app access with servers as two vendors run them (Okta's gives grants, Auth0's redeems them).

Okta's identity provider is played by a server with its addresses, key and claims, from its public guides; the
resource application's server of Auth0 by one whose issuer ends in a slash and that answers as it does. What
``tenant`` and ``sub_id`` mean is tested elsewhere: here the connection names the ``aud_tenant``, and the rest
is in the way of nothing.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import pytest
from joserfc.jwk import RSAKey
from tests.fakes.authlib_server import AuthlibServer
from tests.fakes.hostile_issuer import Answer, HostileIssuer
from tests.web.test_cross_app import API, SECRET, Domains, arranged
from tests.web.test_signing_in import claims_of

from actas_sdk import ClientKey, ClientSecret, Refused
from actas_sdk.sync import Actas

OKTA_KEYS: Final = "/oauth2/v1/keys"
AGENT: Final = "wlp8x5q7mvH1jPPjt0g7"


class Vendors(NamedTuple):
    """Our two servers, one as of Okta, and one as of Auth0."""

    domains: Domains
    okta: AuthlibServer
    auth0: AuthlibServer

    def grant(self, *, without: str = "", **claims: Any) -> str:
        """A grant as Okta gives them to an agent that acts for somebody who signed in by SAML."""
        issuer = self.domains.tickets.issuer
        honest = {
            "jti": f"IDAAG.{secrets.token_urlsafe(24)}",
            "scope": "tickets:read",
            "resource": API,
            "email": "blake@acme.example",
            "sub_profile": "user",
            "act": {"sub": AGENT, "sub_profile": "ai_agent"},
            "aud_tenant": "tenant-7",
            "aud_sub": "auth0|5f7c",
            "sub_id": {
                "format": "saml-nameid",
                "issuer": "http://www.okta.com/exk1",
                "nameid": "blake@acme.example",
                "nameid_format": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
            },
            **claims,
        }
        said = {name: value for name, value in honest.items() if name != without}
        jti = str(said.pop("jti"))
        return self.okta.grant(issuer, "00u1blake", "acme-desk", jti=jti, claims=said)


@pytest.fixture(scope="module")
def vendors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vendors]:
    it = arranged(tmp_path_factory.mktemp("vendors"))
    rsa = RSAKey.generate_key(2048, parameters={"kid": "okta-1", "alg": "RS256", "use": "sig"})
    okta = AuthlibServer(clients={}, key=rsa, keys_at=OKTA_KEYS)
    auth0 = AuthlibServer(clients={"acme-desk": SECRET}, takes=it.home.issuer, path="/")
    tree = it.tickets.company.tree
    tree["issuers"].append({"name": "okta", "type": "oidc", "issuer": okta.issuer, "accepts": ["id_jag"]})
    taking = it.tickets.company.named("connections", "acme-desk-to-tickets")
    tree["connections"].append(
        {**taking, "name": "from-okta", "from": "okta", "identifiers": {"aud_tenant": "tenant-7"}}
    )
    leading = it.home.company.named("connections", "desk-to-tickets")
    there = {**leading["resource"], "issuer": auth0.issuer}
    it.home.company.tree["connections"].append({**leading, "name": "desk-to-auth0", "resource": there})
    with okta, auth0, it.home, it.tickets:
        yield Vendors(it, okta, auth0)


@pytest.mark.requirement("JAG-130", "JAG-134", "IDC-56")
def test_a_grant_as_okta_gives_it_is_redeemed(vendors: Vendors) -> None:
    came = vendors.domains.redeemed(vendors.grant())
    token = claims_of(came["access_token"])
    assert (token["sub"], token["client_id"], token["aud"]) == ("okta:00u1blake", "acme-desk", API)
    theirs = {"iss": vendors.okta.issuer, "sub": AGENT, "sub_profile": "ai_agent"}
    ours = {"iss": vendors.domains.tickets.issuer, "sub": "acme-desk", "sub_profile": "web_app"}
    assert token["act"] == {**ours, "act": theirs}
    assert (came["scope"], came["token_type"]) == ("tickets:read", "Bearer")


@pytest.mark.requirement("JAG-134")
@pytest.mark.parametrize("name", ["sub_profile", "act", "aud_sub", "sub_id", "email"])
def test_nothing_that_it_adds_is_needed(vendors: Vendors, name: str) -> None:
    assert vendors.domains.redeemed(vendors.grant(without=name))["access_token"]


@pytest.mark.requirement("JAG-135")
def test_a_slip_of_its_guides_harms_nothing(vendors: Vendors) -> None:
    grant = vendors.grant(sub_id={"format": "saml_nameid", "nameid": "blake"})
    assert vendors.domains.redeemed(grant)["access_token"]


@pytest.mark.requirement("JAG-135", "JAG-62")
def test_a_grant_whose_audience_is_the_api_is_none(vendors: Vendors) -> None:
    for wrong in (API, f"{vendors.domains.tickets.issuer}/", [vendors.domains.tickets.issuer, API]):
        assert vendors.domains.redeemed(vendors.grant(aud=wrong), status=400)["error"] == "invalid_grant"


@pytest.mark.requirement("JAG-132", "JAG-61")
def test_an_issuer_is_compared_to_its_last_slash(vendors: Vendors) -> None:
    wrong = vendors.grant(iss=f"{vendors.okta.issuer}/")
    assert vendors.domains.redeemed(wrong, status=400)["error"] == "invalid_grant"


@pytest.mark.requirement("JAG-141", "JAG-74")
def test_the_resource_of_the_grant_wins_then_the_parameter_then_the_connection(vendors: Vendors) -> None:
    def audience(grant: str, **more: Any) -> str:
        return str(claims_of(vendors.domains.redeemed(grant, **more)["access_token"])["aud"])

    other = "https://orders.acme.example"
    assert audience(vendors.grant(), resource=other) == API
    assert audience(vendors.grant(without="resource"), resource=API) == API
    assert audience(vendors.grant(without="resource")) == API
    beyond = vendors.domains.redeemed(vendors.grant(without="resource"), status=400, resource=other)
    assert beyond["error"] == "invalid_grant"


@pytest.mark.requirement("JAG-140", "JAG-21", "JAG-132")
def test_a_server_whose_issuer_ends_in_a_slash_gets_grants_under_exactly_that_name(vendors: Vendors) -> None:
    domains, auth0 = vendors.domains, vendors.auth0
    id_token = domains.signed_in()["id_token"]
    refused = domains.granted(id_token, audience=auth0.origin, status=400)
    assert refused["error"] == "invalid_target"
    there = ClientSecret(client_id="acme-desk", secret=SECRET)
    secret = domains.home.company.secrets["desk"]
    with Actas(domains.home.issuer, client_id="desk", client_secret=secret) as actas:
        token = actas.cross_app(id_token, to=auth0.issuer, resource=API, scopes=["tickets:read"], there=there)
    assert (token.scheme, sorted(token.scopes)) == ("Bearer", ["tickets:read"])
    assert auth0.given[token.reveal()] == ("acme-desk", "actas:alice", "tickets:read")


@pytest.mark.requirement("JAG-133")
@pytest.mark.parametrize("code", ["invalid_client", "invalid_grant", "invalid_target", "unauthorized_client"])
async def test_the_sdk_tells_what_okta_refused(code: str, vendors: Vendors) -> None:
    """``unauthorized_client`` is what Okta says of a scope that the connection does not have."""
    status = 401 if code == "invalid_client" else 400
    body = json.dumps({"error": code, "error_description": "no"}).encode()
    sent = Answer(status=status, body=body)
    there = ClientSecret(client_id="acme-desk", secret=SECRET)

    def crossed(issuer: str) -> None:
        key: Any = RSAKey.generate_key(2048, parameters={"kid": "agent", "alg": "RS256"}).as_dict(
            private=True
        )
        with Actas(issuer, credentials=ClientKey.from_jwk(AGENT, key)) as actas:
            actas.cross_app("a.b.c", to=vendors.domains.tickets.issuer, resource=API, there=there)

    async with HostileIssuer() as okta:
        okta.discovery = {"token_endpoint": f"{okta.origin}/oauth2/v1/token"}
        okta.answers = {"/oauth2/v1/token": sent}
        with pytest.raises(Refused) as refused:
            await asyncio.to_thread(crossed, okta.issuer)
    assert (refused.value.server, refused.value.code) == (okta.issuer, code)
