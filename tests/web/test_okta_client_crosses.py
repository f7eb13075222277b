"""Okta's client library, from PyPI, unmodified: its ``CrossAppAccessFlow`` with two servers of ours in Okta's place.

The second server's issuer has a path, as those of Okta have; the library looks for its metadata behind that. It
knows an app by one name at both servers. With a key it names the other server's token endpoint as the audience of
its proof, and not its issuer; the client there is registered so (``accept_token_endpoint``).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from okta_client.authfoundation import (
    ClientAssertionAuthorization,
    ClientSecretAuthorization,
    LocalKeyProvider,
    OAuth2Client,
    OAuth2ClientConfiguration,
    OAuth2Error,
)
from okta_client.authfoundation.oauth2.jwt_bearer_claims import JWTBearerClaims
from okta_client.oauth2auth import CrossAppAccessFlow, CrossAppAccessTarget
from tests.fakes.browser import Browser
from tests.web.test_cross_app import API, PASSWORD, Domains, arranged, posted
from tests.web.test_signing_in import CALLBACK, VERIFIER, asked, claims_of

Proof = ClientSecretAuthorization | ClientAssertionAuthorization


@pytest.fixture(scope="module")
def domains(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Domains]:
    """Two companies that know ``desk`` by one secret, and ``robot`` by one key."""
    it = arranged(tmp_path_factory.mktemp("okta"), path="/oauth2/tickets")
    home, tickets = it.home.company, it.tickets.company
    home.named("clients", "robot").update(
        redirect_uris=[CALLBACK],
        grants=["token_exchange", "authorization_code", "client_credentials"],
        sign_in={"consent": "never"},
    )
    leading = home.named("connections", "desk-to-tickets")
    taking = tickets.named("connections", "acme-desk-to-tickets")
    for name in ("desk", "robot"):
        resource = {**leading["resource"], "client_id": name}
        home.tree["connections"].append({**leading, "name": name, "client": name, "resource": resource})
        tickets.tree["connections"].append({**taking, "name": name, "client": name})
        there = tickets.named("clients", name)
        there["grants"] = [*there.get("grants", ["token_exchange"]), "jwt_bearer"]
        there["may_request"] = {"apis": ["orders", "inventory", "tickets"]}
    home.tree["connections"].remove(leading)
    tickets.environ["DESK_SECRET"] = home.secrets["desk"]
    tickets.robot_key = home.robot_key
    tickets.named("clients", "robot")["auth"]["accept_token_endpoint"] = True
    with it.home, it.tickets:
        yield it


def flow(domains: Domains, who: str) -> CrossAppAccessFlow:
    """What the app makes for one way from a sign-in to an API."""
    home = domains.home
    proof: Proof = ClientSecretAuthorization(id="desk", secret=home.company.secrets["desk"])
    if who == "robot":
        claims = JWTBearerClaims(
            issuer=who, subject=who, audience=home.issuer, expires_in=60, jwt_id=secrets.token_hex(16)
        )
        key = load_der_private_key(home.company.robot_key.to_bytes(), password=None)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
        signing = LocalKeyProvider(pem, algorithm="ES256", key_id=home.company.robot_key.kid)
        proof = ClientAssertionAuthorization(assertion_claims=claims, key_provider=signing)
    settings = OAuth2ClientConfiguration(issuer=home.issuer, base_url=home.issuer, client_authorization=proof)
    target = CrossAppAccessTarget(issuer=domains.tickets.issuer)
    return CrossAppAccessFlow(client=OAuth2Client(configuration=settings), target=target)


def id_token(domains: Domains, who: str) -> str:
    """What an app gets when alice signs in to it."""
    browser = Browser(domains.home.base)
    browser.get("/authorize", **asked(client_id=who, scope="openid orders:read"))
    browser.sign_in("alice", PASSWORD)
    company = domains.home.company
    form = {
        "grant_type": "authorization_code",
        "code": browser.answer()["code"],
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }
    proof = {"client_id": who, "client_secret": company.secrets["desk"]}
    if who == "robot":
        kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        proof = {"client_assertion": company.assertion(), "client_assertion_type": kind}
    return str(posted(domains.home, {**form, **proof}, status=200)["id_token"])


@pytest.mark.requirement("JAG-20", "JAG-50", "JAG-60", "JAG-124", "JAG-131")
@pytest.mark.parametrize("who", ["desk", "robot"], ids=["secret", "key"])
async def test_it_goes_both_ways_and_hears_why_not(domains: Domains, who: str) -> None:
    alice = id_token(domains, who)
    going = flow(domains, who)
    done = await going.start(token=alice, resource=[API], scope=["tickets:read"])
    assert done.resume_assertion_claims is None  # nothing is left for the app to sign
    token = await going.resume()
    claims = claims_of(token.access_token)
    assert (claims["sub"], claims["client_id"], claims["aud"]) == ("acme:actas:alice", who, API)
    with pytest.raises(OAuth2Error) as refused:
        await flow(domains, who).start(token=alice, resource=["https://api.elsewhere.example"])
    assert refused.value.error == "invalid_target"
    if who == "desk":  # of an assertion the library would send the same again
        with pytest.raises(OAuth2Error) as refused:
            await going.resume()
        assert refused.value.error == "invalid_grant"
