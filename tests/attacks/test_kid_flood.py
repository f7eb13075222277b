"""A flood of made-up key ids.

Anybody can put any ``kid`` into a token's header. Where an unknown ``kid`` causes a fetch of the
issuer's keys, a few thousand requests turn the server into a weapon against the issuer, and against
itself: fetches pile up, the issuer starts to refuse, the refresh fails, and with a cache that forgets on
failure the good keys are gone (PyJWT #1162, go-oidc #482, jwks-rsa-java #173). The flood may come with
an issuer that stalls, or sends an endless, dripping or enormous key set at the same time.
"""

from __future__ import annotations

import asyncio

import pytest
from tests.fakes.clock import FixedClock
from tests.fakes.hostile_issuer import Answer, HostileIssuer, document, drip, endless, gzip_bomb, stall

from actas.core.errors import BadToken
from actas.core.wire import ID_TOKEN
from actas.net.fetch import GuardedFetch
from actas.trust.jwks import IssuerKeys
from actas.trust.registry import TrustedIssuer
from actas.trust.shelf import MAX_UNKNOWN


def registered(idp: HostileIssuer) -> TrustedIssuer:
    return TrustedIssuer(
        name="acme",
        issuer=idp.issuer,
        kind="oidc",
        accepts=frozenset({ID_TOKEN}),
        algorithms=frozenset({"ES256"}),
        audiences={"orders": None},
    )


async def is_refused(keys: IssuerKeys, issuer: TrustedIssuer, kid: str | None) -> bool:
    try:
        await keys.key(issuer, kid=kid, algorithm="ES256")
    except BadToken as refused:
        return refused.why == "forged"
    return False


@pytest.mark.requirement("SEC-40")
async def test_a_minute_of_made_up_kids_costs_the_issuer_three_requests_and_valid_tokens_nothing() -> None:
    async with HostileIssuer() as idp:
        clock = FixedClock()
        keys = IssuerKeys(GuardedFetch(dev=True), clock)
        issuer, good = registered(idp), idp.keys[0].kid
        await keys.key(issuer, kid=good, algorithm="ES256")
        before = idp.count()
        for second in range(61):
            refused = await asyncio.gather(
                *(is_refused(keys, issuer, f"made-up-{second}-{n}") for n in range(200))
            )
            assert all(refused)
            await keys.key(issuer, kid=good, algorithm="ES256")
            clock.advance(1)
        assert idp.count() - before <= 3
        assert len(keys._shelves["acme"]._unknown) <= MAX_UNKNOWN
        await keys.aclose()


@pytest.mark.requirement("SEC-40")
async def test_a_known_key_does_not_wait_its_turn_behind_a_flood() -> None:
    async with HostileIssuer() as idp:
        keys = IssuerKeys(GuardedFetch(dev=True), FixedClock())
        issuer, good = registered(idp), idp.keys[0].kid
        await keys.key(issuer, kid=good, algorithm="ES256")
        flood = [asyncio.create_task(is_refused(keys, issuer, f"made-up-{n}")) for n in range(2000)]
        for _ in range(100):
            await keys.key(issuer, kid=good, algorithm="ES256")
        assert not any(task.done() for task in flood)  # a hundred answers without one turn of the loop
        await asyncio.gather(*flood)


@pytest.mark.requirement("SEC-40", "SEC-38", "REL-09")
@pytest.mark.parametrize(
    "answer",
    [
        stall(),
        drip(b" " * 10_000),
        endless(),
        gzip_bomb(1024 * 1024),
        Answer(status=500),
        Answer(body=b"<html>", content_type="text/html"),
        Answer(pace="cut"),
        document({"keys": []}),
        document({"keys": [{"kty": "EC", "kid": f"k{number}"} for number in range(100_000)]}),
        document({"keys": [{"a": 1}] * 20_000}),
    ],
    ids=["stall", "drip", "endless", "gzip", "500", "html", "cut", "empty", "100000 keys", "20000 keys"],
)
async def test_a_flood_while_the_issuer_misbehaves_costs_no_good_key(answer: Answer) -> None:
    async with HostileIssuer() as idp:
        clock = FixedClock()
        keys = IssuerKeys(GuardedFetch(dev=True, time_limit=0.2), clock)
        issuer, good = registered(idp), idp.keys[0].kid
        await keys.key(issuer, kid=good, algorithm="ES256")
        idp.answers["/jwks"] = answer
        clock.advance(30)
        flood = [asyncio.create_task(is_refused(keys, issuer, f"made-up-{n}")) for n in range(100)]
        await asyncio.sleep(0)
        await keys.key(issuer, kid=good, algorithm="ES256")
        assert all(await asyncio.gather(*flood))
        assert idp.count("/jwks") == 2
        clock.advance(12 * 3600)
        await keys.key(issuer, kid=good, algorithm="ES256")
        assert keys.snapshot()[0].failed >= 2
        await keys.aclose()


@pytest.mark.requirement("SEC-40")
async def test_a_real_change_of_keys_is_seen_through_the_flood() -> None:
    async with HostileIssuer() as idp:
        clock = FixedClock()
        keys = IssuerKeys(GuardedFetch(dev=True), clock)
        issuer = registered(idp)
        await keys.key(issuer, kid=idp.keys[0].kid, algorithm="ES256")
        fresh = idp.add_key()
        clock.advance(30)
        flood = [is_refused(keys, issuer, f"made-up-{n}") for n in range(100)]
        await asyncio.gather(*flood)
        assert (await keys.key(issuer, kid=fresh.kid, algorithm="ES256")).kid == fresh.kid
        assert idp.count("/jwks") == 2
        await keys.aclose()
