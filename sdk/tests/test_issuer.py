"""Asking a server: what is repeated, what is not, and what is remembered of it."""

from __future__ import annotations

import httpx2
import pytest
from sdk.tests.support import ISSUER, METADATA, Script, StillWorld, answer, play

from actas_sdk.errors import BadAnswer, Unreachable
from actas_sdk.flow import Answer, Ask, Failure, Together
from actas_sdk.issuer import Issuer, ask
from actas_sdk.requests import document
from actas_sdk.sync_wire import SyncWire

FIRST = f"{ISSUER}/.well-known/oauth-authorization-server"
SECOND = f"{ISSUER}/.well-known/openid-configuration"
LOST = Failure(detail="ReadError", sent=True)
NEVER_SENT = Failure(detail="ConnectError", sent=False)
GOOD = answer(200, METADATA)


def asking(
    still: StillWorld, *replies: Answer | Failure, repeatable: bool = True
) -> tuple[Answer, int, list[float]]:
    got, asked, paused = play(
        ask(lambda: document(FIRST), world=still.world(), repeatable=repeatable), *replies
    )
    return got, len(asked), paused


@pytest.mark.parametrize("trouble", [LOST, NEVER_SENT, answer(503), answer(502), answer(504), answer(429)])
def test_no_answer_is_asked_for_twice_more_with_growing_pauses(
    still: StillWorld, trouble: Answer | Failure
) -> None:
    assert asking(still, trouble, trouble, GOOD) == (GOOD, 3, [0.1, 0.2])
    with pytest.raises(Unreachable):
        asking(still, trouble, trouble, trouble, GOOD)


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404])
def test_an_answer_is_final(still: StillWorld, status: int) -> None:
    assert asking(still, answer(status))[1] == 1


def test_a_defect_is_not_repeated(still: StillWorld) -> None:
    with pytest.raises(Unreachable):
        asking(still, answer(500), GOOD)


def test_what_may_have_arrived_is_not_sent_twice_when_that_would_do_harm(still: StillWorld) -> None:
    for trouble in (LOST, answer(503)):
        with pytest.raises(Unreachable):
            asking(still, trouble, GOOD, repeatable=False)
    assert asking(still, NEVER_SENT, GOOD, repeatable=False)[1] == 2


def test_a_short_wait_is_waited_and_a_long_one_is_told(still: StillWorld) -> None:
    assert asking(still, answer(503, retry_after="2"), GOOD)[2] == [2]
    with pytest.raises(Unreachable) as down:
        asking(still, answer(503, retry_after="3"), GOOD)
    assert down.value.retry_after == 3


def test_pauses_are_spread_by_chance(still: StillWorld) -> None:
    from dataclasses import replace

    world = replace(still.world(), jitter=lambda: 1.0)
    _, _, paused = play(ask(lambda: document(FIRST), world=world, repeatable=True), LOST, LOST, GOOD)

    assert paused == [0.2, 0.4]


def test_each_try_is_built_anew(still: StillWorld) -> None:
    made: list[Ask] = []

    def make() -> Ask:
        made.append(document(f"{FIRST}?{len(made)}"))
        return made[-1]

    _, asked, _ = play(ask(make, world=still.world(), repeatable=True), LOST, GOOD)

    assert asked == made
    assert len({each.url for each in made}) == 2


def test_metadata_is_asked_for_once_an_hour(still: StillWorld) -> None:
    script = Script({FIRST: httpx2.Response(200, json=METADATA)})
    issuer = Issuer(ISSUER, world=still.world())
    wire = SyncWire(script.client(), trust_env=False)
    for _ in range(3):
        wire.run(issuer.describe())
    assert script.asked(FIRST) == 1

    still.now += 3600
    assert wire.run(issuer.describe()).token_endpoint == f"{ISSUER}/token"
    assert script.asked(FIRST) == 2


def test_old_metadata_serves_while_the_server_is_down(still: StillWorld) -> None:
    issuer = Issuer(ISSUER, world=still.world())
    known = play(issuer.describe(), GOOD)[0]
    still.now += 4000

    script = Script({FIRST: httpx2.Response(503, headers={"Retry-After": "60"})})
    assert SyncWire(script.client(), trust_env=False).run(issuer.describe()) == known


def test_a_clock_that_was_set_back_asks_again(still: StillWorld) -> None:
    issuer = Issuer(ISSUER, world=still.world())
    play(issuer.describe(), GOOD)
    still.now -= 10

    assert len(play(issuer.describe(), GOOD)[1]) == 1


def test_a_server_that_knows_only_openid_connect_is_found(still: StillWorld) -> None:
    _, asked, _ = play(Issuer(ISSUER, world=still.world()).describe(), answer(404), GOOD)

    assert [each.url for each in asked] == [FIRST, SECOND]


def test_a_server_that_publishes_nothing_is_a_bad_answer(still: StillWorld) -> None:
    with pytest.raises(BadAnswer):
        play(Issuer(ISSUER, world=still.world()).describe(), answer(404), answer(404))


def test_whoever_comes_after_another_has_landed_asks_nothing(still: StillWorld) -> None:
    issuer = Issuer(ISSUER, world=still.world())
    first, second = issuer.describe(), issuer.describe()
    one, two = next(first), next(second)
    assert isinstance(one, Together)
    assert isinstance(two, Together)

    found, asked, _ = play(one.flow(), GOOD)
    assert len(asked) == 1
    assert play(two.flow()) == (found, [], [])
