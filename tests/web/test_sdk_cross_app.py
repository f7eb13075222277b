"""The SDK gets at an API of another company: two real servers, both clients."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.web import test_cross_app
from tests.web.test_cross_app import API, SECRET, Domains

from actas_sdk import Actas, ClientSecret, Refused, Token, sync

domains = test_cross_app.domains
THERE = ClientSecret(client_id="acme-desk", secret=SECRET)
both = pytest.mark.parametrize("kind", ["async", "blocking"])


def crossed(
    domains: Domains, kind: str, whom: str, *, dpop: bool = False, **more: Any
) -> tuple[Token, Token]:
    """Ask twice, with one client."""
    home = domains.home
    settings: dict[str, Any] = {"client_id": "desk", "client_secret": home.company.secrets["desk"]}
    asked = {
        "to": domains.tickets.issuer,
        "resource": API,
        "scopes": ["tickets:read"],
        "there": THERE,
        **more,
    }
    if kind == "blocking":
        with sync.Actas(home.issuer, dpop=dpop, **settings) as actas:
            return actas.cross_app(whom, **asked), actas.cross_app(whom, **asked)

    async def awaited() -> tuple[Token, Token]:
        async with Actas(home.issuer, dpop=dpop, **settings) as actas:
            return await actas.cross_app(whom, **asked), await actas.cross_app(whom, **asked)

    return asyncio.run(awaited())


@both
@pytest.mark.requirement("JAG-101", "JAG-114")
@pytest.mark.parametrize("dpop", [False, True])
def test_both_legs_end_in_a_token_that_the_api_takes(domains: Domains, kind: str, dpop: bool) -> None:
    token, again = crossed(domains, kind, domains.signed_in()["id_token"], dpop=dpop)
    assert again is token
    assert (token.scheme, sorted(token.scopes)) == ("DPoP" if dpop else "Bearer", ["tickets:read"])
    assert token.chain[0].id == "acme:actas:alice"

    url = f"{API}/7"
    with sync.Verifier(domains.tickets.issuer, audience=API) as verifier:
        caller = verifier.check(
            method="GET", url=url, headers=token.headers("GET", url), scopes=["tickets:read"]
        )
    assert caller.subject.id == "acme:actas:alice"


@both
def test_a_refresh_token_of_the_sign_in_does_as_well(domains: Domains, kind: str) -> None:
    kept = domains.signed_in()["refresh_token"]
    token, _ = crossed(domains, kind, kept, subject_type="refresh_token")
    assert token.chain[0].id == "acme:actas:alice"


@both
def test_each_side_says_its_own_no(domains: Domains, kind: str) -> None:
    alice = domains.signed_in()["id_token"]
    with pytest.raises(Refused) as there:
        crossed(domains, kind, alice, scopes=["tickets:comment"])
    assert (there.value.server, there.value.code) == (domains.tickets.issuer, "invalid_scope")
    with pytest.raises(Refused) as home:
        crossed(domains, kind, alice, scopes=["tickets:burn"])
    assert (home.value.server, home.value.code) == (domains.home.issuer, "invalid_scope")
    assert there.value.entry
    assert home.value.entry
    assert there.value.entry != home.value.entry
