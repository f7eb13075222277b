"""Where people sign in at an issuer: asked for rarely, kept while it is away, and never anywhere else."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.fakes.clock import FixedClock
from tests.fakes.fetch import ScriptedFetch

from actas.core.errors import BadToken
from actas.trust.provider import RELOCATE, RETRY, Provider, Providers
from actas.trust.registry import SignInThere, TrustedIssuer

ISSUER = "https://idp.acme.example"
DOCUMENT = f"{ISSUER}/.well-known/openid-configuration"
PUBLISHED: dict[str, Any] = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
}


def registered(**terms: Any) -> TrustedIssuer:
    return TrustedIssuer(
        name="acme",
        issuer=ISSUER,
        kind="oidc",
        accepts=frozenset(),
        algorithms=frozenset({"ES256"}),
        audiences={},
        sign_in=SignInThere(client_id="c", client_secret=None, display="Acme", scopes=("openid",), **terms),
    )


def providers(**published: Any) -> tuple[Providers, ScriptedFetch, FixedClock]:
    clock = FixedClock()
    fetch = ScriptedFetch({DOCUMENT: {**PUBLISHED, **published}})
    return Providers(fetch, clock), fetch, clock


async def refused(known: Providers, issuer: TrustedIssuer) -> str:
    with pytest.raises(BadToken) as caught:
        await known.find(issuer)
    assert caught.value.why == "upstream_down"
    return caught.value.detail


async def test_what_is_published_is_read_and_kept_for_an_hour() -> None:
    known, fetch, clock = providers(authorization_response_iss_parameter_supported=True)
    found = await known.find(registered())
    assert found == Provider(
        authorization_endpoint=f"{ISSUER}/authorize",
        token_endpoint=f"{ISSUER}/token",
        names_itself=True,
        by_form=False,
    )
    clock.advance(RELOCATE - 1)
    await known.find(registered())
    assert fetch.asked == [DOCUMENT]
    clock.advance(1)
    await known.find(registered())
    assert fetch.asked == [DOCUMENT] * 2


@pytest.mark.parametrize(
    ("methods", "by_form"),
    [
        (None, False),
        (["client_secret_post"], True),
        (["client_secret_post", "client_secret_basic"], False),
        (["private_key_jwt"], False),
        ("client_secret_post", False),
    ],
)
async def test_the_secret_goes_where_the_issuer_takes_it(methods: Any, by_form: bool) -> None:
    known, _, _ = providers(token_endpoint_auth_methods_supported=methods)
    assert (await known.find(registered())).by_form is by_form


@pytest.mark.requirement("SEC-36")
async def test_an_address_on_another_host_is_followed_where_it_is_listed_or_written() -> None:
    elsewhere = "https://login.elsewhere.example/token"
    known, _, _ = providers(token_endpoint=elsewhere)
    assert "sign_in.hosts" in await refused(known, registered())
    listed = registered(hosts=frozenset({"login.elsewhere.example"}))
    assert (await known.find(listed)).token_endpoint == elsewhere
    written = registered(token_endpoint="https://written.example/token")
    assert (await known.find(written)).token_endpoint == "https://written.example/token"


async def test_while_an_issuer_is_away_what_is_known_is_used_and_it_is_asked_now_and_then() -> None:
    known, fetch, clock = providers()
    found = await known.find(registered())
    del fetch.documents[DOCUMENT]
    clock.advance(RELOCATE)
    assert await known.find(registered()) == found
    assert await known.find(registered()) == found
    assert len(fetch.asked) == 2
    (trouble,) = known.troubles()
    assert trouble.startswith("issuer acme: where people sign in there cannot be found: ")
    clock.advance(RETRY)
    assert await known.find(registered()) == found
    assert len(fetch.asked) == 3
    clock.advance(registered().outage_grace)
    assert "nothing is there" in await refused(known, registered())


async def test_whoever_comes_meanwhile_waits_for_the_same_attempt_and_whoever_leaves_ends_it_not() -> None:
    known, fetch, _ = providers()
    fetch.gate = asyncio.Event()
    first, second = (asyncio.create_task(known.find(registered())) for _ in range(2))
    while not fetch.asked:
        await asyncio.sleep(0)
    first.cancel()
    fetch.gate.set()
    assert (await second).token_endpoint == f"{ISSUER}/token"
    assert fetch.asked == [DOCUMENT]


async def test_an_attempt_under_way_ends_with_the_process() -> None:
    known, fetch, _ = providers()
    fetch.gate = asyncio.Event()
    waiting = asyncio.create_task(known.find(registered()))
    while not fetch.asked:
        await asyncio.sleep(0)
    known.keep_only(())
    await known.aclose()
    with pytest.raises(BadToken):
        await waiting
