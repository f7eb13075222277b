"""Apps written with oauth4webapi and with openid-client, from the npm index, get at another company's API.

oauth4webapi (``oauth4webapi/``) knows nothing of ID-JAG. It sends both legs as any other request to a token
endpoint, finds both servers by discovery, and checks every answer as strictly as it checks all. The API at the end
is played by its own judging of access tokens (RFC 9068), with and without DPoP. openid-client stands on it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.fakes import node
from tests.fakes.browser import Browser
from tests.web.test_cross_app import API, PASSWORD, SECRET, Domains, arranged
from tests.web.test_signing_in import CALLBACK, claims_of

from actas.core.wire import ID_JAG, ID_JAG_PROFILE

PLAIN = "https://web.acme.example/callback"
"""A callback without a query: openid-client names it without one when it redeems the code."""


@pytest.fixture(scope="module")
def domains(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Domains]:
    """Two companies, whose servers want nonces in proofs; ``robot`` is known to both by one key."""
    it = arranged(tmp_path_factory.mktemp("oauth4webapi"))
    home, tickets = it.home.company, it.tickets.company
    for company in (home, tickets):
        company.tree["server"]["dpop"] = {"nonce": "required"}
    home.named("clients", "robot").update(
        redirect_uris=[CALLBACK],
        grants=["token_exchange", "authorization_code", "client_credentials"],
        sign_in={"consent": "never"},
    )
    home.named("clients", "desk")["redirect_uris"].append(PLAIN)
    leading = home.named("connections", "desk-to-tickets")
    there = {**leading["resource"], "client_id": "robot"}
    home.tree["connections"].append(
        {**leading, "name": "robot-to-tickets", "client": "robot", "resource": there}
    )
    tickets.robot_key = home.robot_key
    tickets.named("clients", "robot").update(
        grants=["jwt_bearer", "client_credentials"], may_request={"apis": ["tickets", "inventory"]}
    )
    taking = tickets.named("connections", "acme-desk-to-tickets")
    tickets.tree["connections"].append({**taking, "name": "robot-to-tickets", "client": "robot"})
    with it.home, it.tickets:
        yield it


def crossed(domains: Domains, *, keyed: bool = False, dpop: bool = False) -> dict[str, Any]:
    """What the app tells of its way from the sign-in to the API, and of the ways that are none."""
    home = domains.home.company
    der = home.robot_key.to_bytes()
    proof = {"client": "robot", "key": base64.b64encode(der).decode(), "kid": home.robot_key.kid}
    asked = {
        "home": {"issuer": domains.home.issuer, "client": "desk", "secret": home.secrets["desk"]},
        "there": {"issuer": domains.tickets.issuer, "client": "acme-desk", "secret": SECRET},
        "callback": CALLBACK,
        "api": API,
        "dpop": dpop,
    }
    if keyed:
        asked |= {"home": {"issuer": domains.home.issuer, **proof}}
        asked |= {"there": {"issuer": domains.tickets.issuer, **proof}}
    return node.told(Path(__file__).with_name("oauth4webapi"), asked, signing_in(domains))


def signing_in(domains: Domains) -> Callable[[str], str]:
    """Alice at a browser."""
    browser = Browser(domains.home.base)

    def person(address: str) -> str:
        browser.get(address)
        browser.sign_in("alice", PASSWORD)
        return browser.location

    return person


@pytest.mark.requirement(
    "JAG-20", "JAG-50", "JAG-51", "JAG-60", "JAG-70", "JAG-110", "JAG-111", "JAG-131", "IDC-36"
)
@pytest.mark.parametrize("keyed", [False, True], ids=["client_secret_basic", "private_key_jwt"])
def test_it_gets_from_the_sign_in_to_the_api(domains: Domains, keyed: bool) -> None:
    seen = crossed(domains, keyed=keyed)
    who = "robot" if keyed else "acme-desk"
    assert (seen["types"], seen["profiles"]) == ([str(ID_JAG)], [ID_JAG_PROFILE])
    grant = claims_of(seen["grant"]["access_token"])
    assert (grant["aud"], grant["client_id"], grant["scope"]) == (
        domains.tickets.issuer, who, "tickets:read",
    )  # fmt: skip
    assert seen["grant"]["token_type"] == "n_a"  # the library writes types in small letters
    assert (seen["token"]["token_type"], seen["token"]["scope"]) == ("bearer", "tickets:read")
    assert "refresh_token" not in {**seen["grant"], **seen["token"]}
    claims = seen["claims"]
    assert (claims["sub"], claims["client_id"]) == ("acme:actas:alice", who)
    assert "cnf" not in {**claims, **grant}


@pytest.mark.requirement("JAG-100", "JAG-102")
def test_with_dpop_both_are_bound_to_its_key(domains: Domains) -> None:
    seen = crossed(domains, dpop=True)
    assert seen["token"]["token_type"] == "dpop"
    bound = {"jkt": seen["thumbprint"]}
    assert claims_of(seen["grant"]["access_token"])["cnf"] == bound
    assert seen["claims"]["cnf"] == bound


@pytest.mark.requirement("JAG-3", "JAG-62", "JAG-76", "JAG-124", "IDC-71")
def test_it_reads_every_refusal_by_its_code(domains: Domains) -> None:
    seen = crossed(domains)
    said = {
        name: (seen[name]["error"], seen[name]["status"])
        for name in ("again", "untyped", "unknown", "beyond")
    }
    assert said == {
        "again": ("invalid_grant", 400),
        "untyped": ("invalid_grant", 400),
        "unknown": ("invalid_target", 400),
        "beyond": ("invalid_scope", 400),
    }
    # Neither the token at another API nor the grant at any is taken.
    assert seen["elsewhere"]["code"] == "OAUTH_JWT_CLAIM_COMPARISON_FAILED"
    assert seen["whole"]["code"] == "OAUTH_INVALID_RESPONSE"


@pytest.mark.requirement("JAG-20", "JAG-50", "JAG-60", "JAG-124")
def test_openid_client_does_both_by_its_own_generic_request(domains: Domains) -> None:
    asked = {
        "issuer": domains.home.issuer,
        "client": "desk",
        "secret": domains.home.company.secrets["desk"],
        "callback": PLAIN,
        "scope": "openid orders:read",
        "story": "crossed",
        "there": {"issuer": domains.tickets.issuer, "client": "acme-desk", "secret": SECRET, "api": API},
    }
    seen = node.told(Path(__file__).with_name("openid_client"), asked, signing_in(domains))
    assert (seen["grant"]["token_type"], seen["grant"]["issued_token_type"]) == ("n_a", str(ID_JAG))
    token = claims_of(seen["token"]["access_token"])
    assert (token["sub"], token["aud"], token["scope"]) == ("acme:actas:alice", API, "tickets:read")
    assert seen["again"] == "invalid_grant"
