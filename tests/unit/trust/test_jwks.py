"""Issuers' keys: answered from memory, fetched rarely, never lost to a bad refresh."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.issuer_keys import ACME, DOCUMENT, JWKS, NEW, OLD, World, key_set

from actas.core.ports import FetchFailed
from actas.trust.shelf import MAX_UNKNOWN, MAX_WAITING


async def test_the_first_token_of_an_issuer_waits_for_discovery_and_keys(world: World) -> None:
    found = await world.key()
    assert found.verifies(b"data", OLD.sign(b"data"))
    assert world.fetch.asked == [DOCUMENT, JWKS]


async def test_a_known_key_is_answered_without_touching_the_network(world: World) -> None:
    await world.key()
    world.clock.advance(269)
    waiting = world.key()
    with pytest.raises(StopIteration):  # it never gave the loop a turn
        waiting.send(None)
    assert world.fetches == 1


@pytest.mark.requirement("REL-12")
async def test_a_set_of_five_minutes_is_refreshed_in_the_background_once(world: World) -> None:
    await world.key()
    world.clock.advance(331)
    world.fetch.gate = asyncio.Event()
    world.fetch.documents[JWKS] = key_set(OLD, NEW)
    for _ in range(20):
        await world.key()
    await asyncio.sleep(0)
    assert world.fetches == 2
    world.fetch.gate.set()
    await world.settled()
    await world.key("new")
    assert world.fetches == 2


@pytest.mark.requirement("REL-09")
async def test_a_key_its_issuer_removed_is_refused_within_ten_minutes(world: World) -> None:
    await world.key()
    world.fetch.documents[JWKS] = key_set(NEW)
    world.clock.advance(600)
    assert await world.refused("old") == "forged"
    await world.key("new")
    assert world.fetches == 2


@pytest.mark.requirement("REL-09")
@pytest.mark.parametrize(
    "answer",
    [
        FetchFailed("status 500"),
        FetchFailed("the certificate cannot be verified"),
        RuntimeError("a defect"),
        {},
        {"keys": []},
        {"keys": None},
        {"keys": [None, 1, "a"]},
        {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "old"}]},
        {"keys": [NEW.private_jwk()]},
        {"keys": [OLD.jwk(), OLD.jwk()]},
        {"keys": [OLD.jwk()] * 100_000},
    ],
)
async def test_a_bad_refresh_never_costs_a_good_key(world: World, answer: Any) -> None:
    await world.key()
    world.fetch.documents[JWKS] = answer
    for _ in range(100):
        world.clock.advance(863)
        await world.key("old")
        assert await world.refused("new") == "forged"
        await world.settled()
    assert world.keys.snapshot()[0].error
    world.clock.advance(100)
    assert await world.refused("old") == "upstream_down"


@pytest.mark.requirement("REL-09")
async def test_the_last_good_set_ends_a_day_after_its_last_success(world: World) -> None:
    await world.key()
    world.fetch.documents[JWKS] = FetchFailed("gone")
    world.clock.advance(24 * 3600 - 1)
    await world.key()
    world.clock.advance(1)
    assert await world.refused() == "upstream_down"
    world.fetch.documents[JWKS] = key_set(OLD)
    world.clock.advance(5)
    await world.key()


@pytest.mark.requirement("REL-09")
async def test_last_good_keys_may_be_used_for_a_shorter_time(world: World) -> None:
    strict = replace(ACME, outage_grace=3600)
    await world.key(issuer=strict)
    world.fetch.documents[JWKS] = FetchFailed("gone")
    world.clock.advance(3599)
    await world.key(issuer=strict)
    world.clock.advance(1)
    assert await world.refused(issuer=strict) == "upstream_down"


@pytest.mark.requirement("REL-09", "REL-10")
async def test_while_an_issuer_keeps_failing_known_keys_do_not_wait_for_it(world: World) -> None:
    await world.key()
    world.fetch.documents[JWKS] = FetchFailed("gone")
    world.clock.advance(700)
    await world.key()
    world.fetch.gate = asyncio.Event()  # from now on it hangs
    for seconds in (31, 5, 5):
        world.clock.advance(seconds)
        await asyncio.wait_for(world.key(), 30)
        await asyncio.sleep(0)
    assert world.fetch.asked.count(DOCUMENT) == 2
    world.fetch.gate.set()


@pytest.mark.requirement("REL-09")
async def test_after_a_quiet_time_a_failure_of_long_ago_is_no_reason_not_to_ask(world: World) -> None:
    await world.key()
    world.fetch.documents[JWKS] = FetchFailed("gone")
    world.clock.advance(700)
    await world.key()
    world.fetch.documents[JWKS] = key_set(NEW)
    world.clock.advance(3600)
    assert await world.refused("old") == "forged"


async def test_an_issuer_that_never_answered_is_asked_again_after_five_seconds(world: World) -> None:
    good = world.fetch.documents.pop(DOCUMENT)
    assert await world.refused() == "upstream_down"
    world.fetch.documents[DOCUMENT] = good
    world.clock.advance(4)
    assert await world.refused() == "upstream_down"
    assert len(world.fetch.asked) == 1
    world.clock.advance(1)
    await world.key()


@pytest.mark.requirement("SEC-40")
async def test_an_unknown_key_is_refetched_at_most_every_thirty_seconds(world: World) -> None:
    await world.key()
    world.fetch.documents[JWKS] = key_set(OLD, NEW)
    world.clock.advance(29)
    assert await world.refused("new") == "forged"
    assert world.fetches == 1
    world.clock.advance(1)
    await world.key("new")
    assert world.fetches == 2
    assert world.fetch.asked.count(DOCUMENT) == 1


@pytest.mark.requirement("SEC-40")
async def test_an_unknown_key_is_remembered_for_a_minute(world: World) -> None:
    await world.key()
    world.clock.advance(30)
    assert await world.refused("made-up") == "forged"
    assert world.fetches == 2
    world.clock.advance(59)
    await world.refused("made-up")
    assert world.fetches == 2
    world.clock.advance(1)
    await world.refused("made-up")
    assert world.fetches == 3


@pytest.mark.requirement("SEC-40")
async def test_a_key_remembered_as_unknown_is_known_as_soon_as_any_fetch_brings_it(world: World) -> None:
    await world.key()
    world.clock.advance(30)
    await world.refused("new")
    world.fetch.documents[JWKS] = key_set(OLD, NEW)
    world.clock.advance(30)
    await world.refused("another")
    fetches = world.fetches
    await world.key("new")
    assert world.fetches == fetches


@pytest.mark.requirement("SEC-40")
async def test_the_memory_of_unknown_keys_is_bounded(world: World) -> None:
    await world.key()
    shelf = world.keys._shelves["acme"]
    for number in range(MAX_UNKNOWN + 10):
        shelf.remember_unknown(f"k{number}", "ES256", world.clock.now())
    assert len(shelf._unknown) == MAX_UNKNOWN
    assert not shelf.is_unknown("k9", "ES256", world.clock.now())
    assert shelf.is_unknown("k10", "ES256", world.clock.now())


@pytest.mark.requirement("SEC-40", "REL-12")
async def test_all_who_wait_share_one_fetch_and_one_who_gives_up_ends_none(world: World) -> None:
    world.fetch.gate = asyncio.Event()
    waiting = [asyncio.create_task(world.key()) for _ in range(50)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    for given_up in waiting[::2]:
        given_up.cancel()
    await asyncio.gather(*waiting[::2], return_exceptions=True)
    world.fetch.gate.set()
    found = await asyncio.gather(*waiting[1::2])
    assert {key.kid for key in found} == {"old"}
    assert world.fetch.asked == [DOCUMENT, JWKS]
    assert world.keys._shelves["acme"].waiting == 0


@pytest.mark.requirement("REL-12")
async def test_a_slow_attempt_is_joined_and_not_doubled(world: World) -> None:
    world.fetch.gate = asyncio.Event()
    first = asyncio.create_task(world.key())
    await asyncio.sleep(0)
    world.clock.advance(9)
    second = asyncio.create_task(world.key())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    world.fetch.gate.set()
    await asyncio.gather(first, second)
    assert world.fetch.asked == [DOCUMENT, JWKS]


@pytest.mark.requirement("REL-10")
async def test_no_more_than_a_thousand_wait_for_one_issuer(world: World) -> None:
    world.fetch.gate = asyncio.Event()
    waiting = [asyncio.create_task(world.key()) for _ in range(MAX_WAITING)]
    await asyncio.sleep(0)
    assert await world.refused() == "upstream_down"
    world.fetch.gate.set()
    await asyncio.gather(*waiting)


@pytest.mark.requirement("REL-10")
async def test_an_issuer_that_hangs_holds_up_no_other(world: World) -> None:
    other = replace(
        ACME, name="other", issuer="https://other.example", kind="jwks", jwks_uri="https://other.example/k"
    )
    world.fetch.documents["https://other.example/k"] = key_set(OLD)
    await world.key(issuer=other)
    world.fetch.gate = asyncio.Event()
    hanging = asyncio.create_task(world.key())
    await asyncio.sleep(0)
    await asyncio.wait_for(world.key(issuer=other), 30)
    assert not hanging.done()
    hanging.cancel()


@pytest.mark.requirement("SEC-39")
async def test_what_is_wrong_with_a_set_is_reported_once_and_shown(world: World) -> None:
    world.fetch.documents[JWKS] = {"keys": [OLD.jwk(), NEW.jwk(use="enc")]}
    await world.key()
    world.clock.advance(600)
    await world.key()
    world.fetch.documents[JWKS] = FetchFailed("gone")
    world.clock.advance(600)
    await world.key()
    world.clock.advance(600)
    await world.key()
    (view,) = world.keys.snapshot()
    assert (view.issuer, view.inline, view.age, view.kids) == ("acme", False, 1200, ("old",))
    assert (view.error, view.succeeded, view.failed) == ("gone", 2, 2)
    assert len(view.problems) == 1
    world.fetch.documents[JWKS] = key_set(OLD)
    world.clock.advance(600)
    await world.key()
    assert [report.partition(": ")[2].partition(":")[0] for report in world.reports] == [
        "key 2 ('new') is ignored",
        "its keys cannot be refreshed",
        "its keys can be fetched again",
    ]
    assert world.keys.snapshot()[0].error == ""


async def test_a_clock_that_is_set_back_refreshes_in_the_background(world: World) -> None:
    await world.key()
    world.clock.advance(-7200)
    await world.key()
    await world.settled()
    assert world.fetches == 2


async def test_closing_ends_the_fetches_under_way_and_begins_no_more(world: World) -> None:
    await world.key()
    world.clock.advance(331)
    world.fetch.gate = asyncio.Event()
    await world.key()
    lost = asyncio.create_task(world.refused(issuer=replace(ACME, name="second")))
    await asyncio.sleep(0)
    await world.keys.aclose()
    assert await lost == "upstream_down"
    assert not world.keys._tasks
    await world.key()
    assert await world.refused(issuer=replace(ACME, name="third")) == "upstream_down"
    assert await world.refused("new") == "forged"
