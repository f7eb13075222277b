"""Attack: tokens with invented key names, to make an API call its issuer as often as one likes.

Looking for a key that is not known is right: keys rotate. Doing it for every token lets anybody
turn an API into a hammer on its issuer, and slow the API down with it.
"""

from __future__ import annotations

import asyncio

import httpx2
import pytest
from sdk.tests.support import ISSUER, ORDERS, HandMadeIssuer, StillWorld, claims, present

from actas_sdk import Verifier as AsyncVerifier
from actas_sdk.errors import InvalidToken, Unreachable

JWKS = f"{ISSUER}/jwks"


def test_invented_keys_are_looked_for_once_in_thirty_seconds(
    issuer: HandMadeIssuer, still: StillWorld
) -> None:
    verifier = issuer.verifier(still)
    present(verifier, issuer.sign(claims()))
    still.now += 31
    for number in range(50):
        with pytest.raises(InvalidToken):
            present(verifier, issuer.sign(claims(), kid=f"invented-{number}"))

    assert issuer.script.asked(JWKS) == 2


def test_a_good_token_is_served_during_the_flood(issuer: HandMadeIssuer, still: StillWorld) -> None:
    verifier = issuer.verifier(still)
    with pytest.raises(InvalidToken):
        present(verifier, issuer.sign(claims(), kid="invented"))

    present(verifier, issuer.sign(claims()))


def test_an_issuer_that_is_down_is_not_asked_for_every_token(
    issuer: HandMadeIssuer, still: StillWorld
) -> None:
    issuer.script.answers[JWKS] = httpx2.Response(503, headers={"Retry-After": "60"})
    verifier = issuer.verifier(still)
    for _ in range(20):
        with pytest.raises(Unreachable):
            present(verifier, issuer.sign(claims()))

    assert issuer.script.asked(JWKS) == 1


async def test_those_who_come_at_once_share_one_fetch(issuer: HandMadeIssuer, still: StillWorld) -> None:
    asked: list[str] = []

    async def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(str(request.url))
        await asyncio.sleep(0)
        return issuer.script(request)

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as http:
        verifier = AsyncVerifier(ISSUER, audience=ORDERS, http=http, world=still.world())
        token = issuer.sign(claims())
        await asyncio.gather(*(verifier.check_token(token) for _ in range(25)))

    assert asked == [f"{ISSUER}/.well-known/oauth-authorization-server", JWKS]
