"""When keys are fetched, and when the ones at hand are believed."""

from __future__ import annotations

import httpx2
import pytest
from sdk.tests.support import (
    ISSUER,
    METADATA,
    ORDERS,
    HandMadeIssuer,
    StillWorld,
    answer,
    claims,
    play,
    present,
)

from actas_sdk.checking import Checking
from actas_sdk.errors import BadAnswer, InvalidToken, Unreachable
from actas_sdk.flow import Together
from actas_sdk.issuer import Issuer
from actas_sdk.possession import Possession
from actas_sdk.verify import Expected

JWKS = f"{ISSUER}/jwks"
DOWN = httpx2.Response(503, headers={"Retry-After": "60"})


def fresh(issuer: HandMadeIssuer, still: StillWorld) -> str:
    return issuer.sign(claims(iat=int(still.now), exp=int(still.now) + 120))


def test_keys_are_fetched_once_and_again_after_five_minutes(
    issuer: HandMadeIssuer, still: StillWorld
) -> None:
    verifier = issuer.verifier(still)
    for _ in range(3):
        present(verifier, fresh(issuer, still))
    assert issuer.script.asked(JWKS) == 1

    still.now += 300
    present(verifier, fresh(issuer, still))
    assert issuer.script.asked(JWKS) == 2


def test_a_new_key_is_found_at_once(issuer: HandMadeIssuer, still: StillWorld) -> None:
    verifier = issuer.verifier(still)
    present(verifier, fresh(issuer, still))
    rotated = HandMadeIssuer(kid="k2")
    issuer.publish(issuer.public(), rotated.public())
    still.now += 31

    present(verifier, fresh(rotated, still))
    assert issuer.script.asked(JWKS) == 2


def test_a_key_that_was_taken_back_is_forgotten_within_five_minutes(
    issuer: HandMadeIssuer, still: StillWorld
) -> None:
    verifier = issuer.verifier(still)
    present(verifier, fresh(issuer, still))
    issuer.publish(HandMadeIssuer(kid="k2").public())
    still.now += 300

    with pytest.raises(InvalidToken):
        present(verifier, fresh(issuer, still))


def test_known_keys_are_believed_for_an_hour_while_the_issuer_is_down(
    issuer: HandMadeIssuer, still: StillWorld
) -> None:
    verifier = issuer.verifier(still)
    present(verifier, fresh(issuer, still))
    issuer.script.answers[JWKS] = DOWN

    still.now += 3599
    present(verifier, fresh(issuer, still))
    still.now += 31
    with pytest.raises(Unreachable):
        present(verifier, fresh(issuer, still))


def test_a_key_that_cannot_be_looked_for_is_not_a_bad_token(
    issuer: HandMadeIssuer, still: StillWorld
) -> None:
    verifier = issuer.verifier(still)
    present(verifier, fresh(issuer, still))
    issuer.script.answers[JWKS] = DOWN
    still.now += 31

    for _ in range(2):
        with pytest.raises(Unreachable) as down:
            present(verifier, fresh(HandMadeIssuer(kid="k2"), still))
        assert down.value.retry_after == 60
    present(verifier, fresh(issuer, still))


def test_it_recovers_by_itself_half_a_minute_after_the_issuer_does(
    issuer: HandMadeIssuer, still: StillWorld
) -> None:
    verifier = issuer.verifier(still)
    issuer.script.answers[JWKS] = DOWN
    with pytest.raises(Unreachable):
        present(verifier, fresh(issuer, still))

    issuer.publish()
    still.now += 30
    present(verifier, fresh(issuer, still))


@pytest.mark.parametrize(
    "said",
    [
        httpx2.Response(200, json={}),
        httpx2.Response(200, json={"keys": "k"}),
        httpx2.Response(200, json=[]),
        httpx2.Response(200, text="{}"),
        httpx2.Response(404),
    ],
    ids=range(5),
)
def test_a_key_set_that_makes_no_sense_is_not_a_bad_token(
    issuer: HandMadeIssuer, still: StillWorld, said: httpx2.Response
) -> None:
    issuer.script.answers[JWKS] = said

    with pytest.raises(BadAnswer):
        present(issuer.verifier(still), fresh(issuer, still))


def test_a_key_set_may_have_its_own_media_type(issuer: HandMadeIssuer, still: StillWorld) -> None:
    issuer.script.answers[JWKS] = httpx2.Response(
        200, json={"keys": [issuer.public()]}, headers={"Content-Type": "application/jwk-set+json"}
    )

    assert present(issuer.verifier(still), fresh(issuer, still)).subject.id == "alice@acme.example"


def test_a_server_without_keys_is_a_bad_answer(issuer: HandMadeIssuer, still: StillWorld) -> None:
    issuer.script.answers[f"{ISSUER}/.well-known/oauth-authorization-server"] = httpx2.Response(
        200, json={"issuer": ISSUER}
    )

    with pytest.raises(BadAnswer):
        present(issuer.verifier(still), fresh(issuer, still))


def test_whoever_comes_after_another_has_landed_fetches_nothing(still: StillWorld) -> None:
    core = Checking(
        Issuer(ISSUER, world=still.world()),
        expected=Expected(issuer=ISSUER, audience=ORDERS),
        possession=Possession(),
        world=still.world(),
    )
    token = HandMadeIssuer().sign(claims())
    first, second = core.check_token(token, scopes=[]), core.check_token(token, scopes=[])
    one, two = next(first), next(second)
    assert isinstance(one, Together)
    assert isinstance(two, Together)

    play(one.flow(), answer(200, METADATA), answer(200, {"keys": []}))
    assert play(two.flow()) == (None, [], [])
