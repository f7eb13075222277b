"""An issuer that keeps failing is left alone, tried by one at a time, and said to be down with since when."""

from __future__ import annotations

import asyncio

import pytest
from tests.fakes.clock import NOON
from tests.fakes.issuer_keys import ACME, DOCUMENT, JWKS, NEW, World, key_set

from actas.core.errors import BadToken
from actas.core.ports import FetchFailed
from actas.trust.breaker import LONGEST_PAUSE, OPENS_AFTER, Breaker


async def sentence(world: World, kid: str = "old") -> str:
    """Why the issuer's key is not to be had."""
    with pytest.raises(BadToken) as refused:
        await world.key(kid)
    return refused.value.detail


async def down(world: World) -> None:
    """Let an issuer of which nothing is known fail until its breaker is open."""
    world.fetch.documents[DOCUMENT] = FetchFailed("status 500")
    for _ in range(OPENS_AFTER):
        assert await world.refused() == "upstream_down"
        world.clock.advance(5)


def test_the_pauses_grow_from_the_failure_that_opens_it_and_never_beyond_a_minute() -> None:
    breaker, pauses = Breaker(), list[float]()
    for _ in range(40):
        breaker.fail("gone", 0.0)
        pauses.append(breaker.pause(5))
    assert pauses[:2] == [5, 5]
    assert 4.5 <= pauses[2] <= 5
    assert 9 <= pauses[3] <= 10
    assert all(0.9 * LONGEST_PAUSE <= pause <= LONGEST_PAUSE for pause in pauses[7:])
    assert len(set(pauses[7:])) > 1  # nodes do not come back at once


def test_one_success_closes_it() -> None:
    breaker = Breaker()
    for at in (10.0, 20.0, 30.0):
        assert not breaker.is_open
        breaker.fail("gone", at)
    assert (breaker.is_open, breaker.since) == (True, 10.0)
    breaker.succeed(40.0)
    assert (breaker.is_open, breaker.since, breaker.error, breaker.pause(5)) == (False, None, "", 5)


def test_a_clock_that_is_set_back_does_not_keep_it_open() -> None:
    breaker = Breaker()
    for _ in range(5):
        breaker.fail("gone", 1_000_000.0)
    assert not breaker.may_try(1_000_001.0, usual=5)
    assert breaker.may_try(999_000.0, usual=5)


@pytest.mark.requirement("REL-10")
async def test_behind_an_open_breaker_only_the_one_who_tries_waits(world: World) -> None:
    await down(world)
    world.fetch.gate = asyncio.Event()  # from now on it hangs
    asked = len(world.fetch.asked)
    prober = asyncio.create_task(world.refused())
    await asyncio.sleep(0)
    for _ in range(500):
        assert await asyncio.wait_for(world.refused(), 30) == "upstream_down"
    assert len(world.fetch.asked) == asked + 1
    assert world.keys._shelves["acme"].waiting == 1
    world.fetch.gate.set()
    assert await prober == "upstream_down"


@pytest.mark.requirement("REL-10")
async def test_an_unknown_key_of_an_issuer_that_is_down_holds_nobody_up(world: World) -> None:
    await world.key()
    await world.fails()
    world.clock.advance(61)
    world.fetch.gate = asyncio.Event()
    prober = asyncio.create_task(world.refused("new"))
    await asyncio.sleep(0)
    for _ in range(100):
        assert await asyncio.wait_for(world.refused("new"), 30) == "forged"
        await asyncio.wait_for(world.key("old"), 30)
    assert world.keys._shelves["acme"].waiting == 1
    world.fetch.gate.set()
    assert await prober == "forged"


@pytest.mark.requirement("REL-09")
async def test_whoever_tries_an_issuer_that_is_back_gets_its_key_and_closes_the_breaker(world: World) -> None:
    good = world.fetch.documents[DOCUMENT]
    await down(world)
    assert world.keys.snapshot()[0].is_open
    world.fetch.documents[DOCUMENT] = good
    await world.key()
    (view,) = world.keys.snapshot()
    assert (view.is_open, view.since, view.error, view.trouble) == (False, None, "", None)
    assert world.reports[-1] == "issuer acme: its keys can be fetched again"


@pytest.mark.requirement("REL-09")
async def test_however_long_an_issuer_was_down_its_keys_are_followed_a_minute_after_its_return(
    world: World,
) -> None:
    await world.key()
    world.fetch.documents[JWKS] = FetchFailed("gone")
    for _ in range(120):
        world.clock.advance(180)
        await world.key()
        await world.settled()
    world.fetch.documents[JWKS] = key_set(NEW)
    world.clock.advance(LONGEST_PAUSE)
    await world.key()  # begins the attempt
    await world.settled()
    assert await world.refused("old") == "forged"
    await world.key("new")


async def test_a_refusal_says_which_issuer_since_when_and_what_comes_next(world: World) -> None:
    await down(world)
    assert await sentence(world) == (
        "the keys of acme cannot be had: status 500; it has failed since 2026-09-21T14:13:20Z, 4 times in a row; "
        f"it is tried again in {world.keys._shelves['acme'].next_try(world.clock.now()):.0f} s"
    )


async def test_a_refusal_after_the_grace_says_when_the_known_keys_ended(world: World) -> None:
    await world.key()
    world.fetch.documents[JWKS] = FetchFailed("gone")
    world.clock.advance(ACME.outage_grace)
    told = await sentence(world)
    assert told.startswith(
        "the keys of acme cannot be had: gone; it has failed since 2026-09-22T14:13:20Z, once; "
    )
    assert told.endswith("the keys known before ended at 2026-09-22T14:13:20Z, with its outage_grace")


async def test_a_key_that_is_not_known_during_an_outage_is_said_to_be_perhaps_too_new(world: World) -> None:
    await world.key()
    world.fetch.documents[JWKS] = FetchFailed("gone")
    world.clock.advance(700)
    assert await sentence(world, "new") == (
        "the issuer acme: it has no usable key 'new'; it has not answered since 2026-09-21T14:25:00Z, so a newer "
        "key is not known yet"
    )


async def test_what_people_see_says_until_when_known_keys_are_used(world: World) -> None:
    await world.key()
    await world.fails()
    (view,) = world.keys.snapshot()
    assert view.is_open
    assert (view.since, view.usable_until) == (NOON + 700, NOON + ACME.outage_grace)
    assert view.trouble == (
        "acme has not answered since 2026-09-21T14:25:00Z (gone); its known keys are used until 2026-09-22T14:13:20Z"
    )
    assert world.reports[-1] == (
        "issuer acme: it failed 3 times in a row and is waited for no longer; the keys known of it are used until "
        "2026-09-22T14:13:20Z"
    )
    world.clock.advance(ACME.outage_grace)
    (view,) = world.keys.snapshot()
    assert view.trouble is not None
    assert view.trouble.endswith("its tokens are refused until it answers")
