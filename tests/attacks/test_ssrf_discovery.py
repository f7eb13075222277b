"""Server-side request forgery through discovery.

A trusted issuer's host is taken over, or its discovery document is written by somebody else. The
document claims to be another issuer's, or places the key set at a cloud's metadata service, at an
internal host, or at the attacker's own. If we follow it, we connect where the attacker wants, and in
the last case believe whatever the attacker signs. The same is tried by redirecting the request for the
document, and by a token whose ``iss``, ``jku`` or ``x5u`` names an address nobody registered.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.fakes.clock import FixedClock
from tests.fakes.hostile_issuer import DISCOVERY, HostileIssuer, document, redirect

from actas.core.errors import BadToken
from actas.core.wire import ID_TOKEN
from actas.net.fetch import GuardedFetch
from actas.trust.jwks import IssuerKeys
from actas.trust.registry import TrustedIssuer


def registered(idp: HostileIssuer) -> TrustedIssuer:
    return TrustedIssuer(
        name="acme",
        issuer=idp.issuer,
        kind="oidc",
        accepts=frozenset({ID_TOKEN}),
        algorithms=frozenset({"ES256"}),
        audiences={"orders": None},
    )


def cache(clock: FixedClock | None = None) -> IssuerKeys:
    return IssuerKeys(GuardedFetch(dev=True, time_limit=2), clock or FixedClock())


async def attacked(keys: IssuerKeys, idp: HostileIssuer, *, kid: str | None = None) -> BadToken:
    """Ask for the issuer's key; return the refusal."""
    with pytest.raises(BadToken) as refused:
        await keys.key(registered(idp), kid=kid or idp.keys[0].kid, algorithm="ES256")
    return refused.value


@pytest.mark.requirement("SEC-36")
async def test_a_document_that_places_the_keys_elsewhere_is_not_followed() -> None:
    async with HostileIssuer() as idp, HostileIssuer() as attacker:
        for jwks_uri in (
            attacker.jwks_uri,
            f"http://localhost:{idp.port}/jwks",
            "http://169.254.169.254/latest/meta-data/",
            f"http://{idp.host}:{idp.port}@{attacker.host}:{attacker.port}/jwks",
            f"{idp.origin}#@{attacker.host}/jwks",
            "file:///etc/passwd",
        ):
            idp.discovery["jwks_uri"] = jwks_uri
            refused = await attacked(cache(), idp)
            assert refused.why == "upstream_down"
        assert attacker.count() == 0
        assert idp.count("/jwks") == 0


@pytest.mark.requirement("SEC-37")
async def test_a_document_of_another_issuer_is_not_followed() -> None:
    async with HostileIssuer() as idp:
        for other in (idp.issuer + "/", idp.issuer.upper(), "https://idp.example", f"{idp.origin}/tenant"):
            idp.discovery["issuer"] = other
            assert (await attacked(cache(), idp)).why == "upstream_down"
        assert idp.count("/jwks") == 0


@pytest.mark.requirement("SEC-35", "SEC-36")
@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_of_the_document_is_not_followed(status: int) -> None:
    async with HostileIssuer() as idp, HostileIssuer() as attacker:
        attacker.answers[DISCOVERY] = document({"issuer": idp.issuer, "jwks_uri": idp.jwks_uri})
        for location in (attacker.origin + DISCOVERY, f"{idp.origin}/other"):
            idp.answers[DISCOVERY] = redirect(status, location)
            assert f"redirect ({status})" in (await attacked(cache(), idp)).detail
        assert attacker.count() == 0
        assert idp.count() == idp.count(DISCOVERY)


@pytest.mark.requirement("SEC-36", "REL-09")
async def test_a_document_that_turns_bad_later_costs_no_good_key_and_starts_no_request() -> None:
    async with HostileIssuer() as idp, HostileIssuer() as attacker:
        clock = FixedClock()
        keys = cache(clock)
        await keys.key(registered(idp), kid=idp.keys[0].kid, algorithm="ES256")
        idp.discovery["jwks_uri"] = attacker.jwks_uri
        clock.advance(3600)
        found = await keys.key(registered(idp), kid=idp.keys[0].kid, algorithm="ES256")
        assert found.kid == idp.keys[0].kid
        assert (await attacked(keys, idp, kid=attacker.keys[0].kid)).why == "forged"
        assert attacker.count() == 0
        await keys.aclose()


@pytest.mark.requirement("SEC-36")
async def test_nothing_in_a_token_decides_where_keys_come_from() -> None:
    async with HostileIssuer() as idp, HostileIssuer() as attacker:
        keys = cache()
        # The cache takes a registered issuer and a kid: no address of a token ever reaches it.
        issuer = replace(registered(idp), jwks_uri=idp.jwks_uri)
        with pytest.raises(BadToken):
            await keys.key(issuer, kid=attacker.jwks_uri, algorithm="ES256")
        assert attacker.count() == 0
        assert {seen.target for seen in idp.requests} == {"/jwks"}
