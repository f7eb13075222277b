"""Issuers' keys: answered from memory, fetched rarely, never lost to a bad refresh."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.clock import FixedClock
from tests.fakes.fetch import ScriptedFetch
from tests.fakes.forge import SigningKey

from actas.core.errors import BadToken
from actas.core.ports import FetchFailed
from actas.core.wire import ID_TOKEN
from actas.crypto.key import PublicKey
from actas.trust.jwks import IssuerKeys
from actas.trust.registry import TrustedIssuer
from actas.trust.shelf import MAX_LAST_GOOD, MAX_UNKNOWN, MAX_WAITING

ISSUER = "https://idp.acme.example"
DOCUMENT = f"{ISSUER}/.well-known/openid-configuration"
JWKS = f"{ISSUER}/keys"
OLD, NEW = SigningKey.generate("ES256", kid="old"), SigningKey.generate("ES256", kid="new")

ACME = TrustedIssuer(
    name="acme",
    issuer=ISSUER,
    kind="oidc",
    accepts=frozenset({ID_TOKEN}),
    algorithms=frozenset({"ES256", "EdDSA"}),
    audiences={"orders": None},
)


def key_set(*keys: SigningKey) -> dict[str, Any]:
    return {"keys": [key.jwk() for key in keys]}


class World:
    """One issuer with one key, the cache in front of it, and what the cache reported."""

    def __init__(self) -> None:
        self.fetch = ScriptedFetch({DOCUMENT: {"issuer": ISSUER, "jwks_uri": JWKS}, JWKS: key_set(OLD)})
        self.clock = FixedClock()
        self.reports: list[str] = []
        self.keys = IssuerKeys(self.fetch, self.clock, report=self.reports.append)

    async def key(
        self, kid: str | None = "old", *, algorithm: str = "ES256", issuer: TrustedIssuer = ACME
    ) -> PublicKey:
        return await self.keys.key(issuer, kid=kid, algorithm=algorithm)

    async def refused(
        self, kid: str | None = "old", *, algorithm: str = "ES256", issuer: TrustedIssuer = ACME
    ) -> str:
        with pytest.raises(BadToken) as refused:
            await self.key(kid, algorithm=algorithm, issuer=issuer)
        return refused.value.why

    async def settled(self) -> None:
        """Let background work end."""
        while self.keys._tasks:
            await asyncio.sleep(0)

    @property
    def fetches(self) -> int:
        return self.fetch.asked.count(JWKS)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    made = World()
    yield made
    await made.keys.aclose()


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
@pytest.mark.parametrize("seconds", [0, -1, MAX_LAST_GOOD + 1])
def test_the_use_of_last_good_keys_is_capped(seconds: int) -> None:
    with pytest.raises(ValueError, match="last good"):
        IssuerKeys(ScriptedFetch(), FixedClock(), last_good=seconds)


async def test_last_good_keys_may_be_used_for_a_shorter_time(world: World) -> None:
    world.keys = IssuerKeys(world.fetch, world.clock, last_good=60)
    await world.key()
    world.fetch.documents[JWKS] = FetchFailed("gone")
    world.clock.advance(60)
    assert await world.refused() == "upstream_down"


@pytest.mark.requirement("REL-09", "REL-10")
async def test_while_an_issuer_keeps_failing_known_keys_do_not_wait_for_it(world: World) -> None:
    await world.key()
    world.fetch.documents[JWKS] = FetchFailed("gone")
    world.clock.advance(700)
    await world.key()
    world.fetch.gate = asyncio.Event()  # from now on it hangs
    for seconds in (31, 5, 5):
        world.clock.advance(seconds)
        await asyncio.wait_for(world.key(), 1)
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
    await world.key("new")


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
    await asyncio.wait_for(world.key(issuer=other), 1)
    hanging.cancel()


async def test_discovery_is_asked_again_after_an_hour_and_after_a_failure(world: World) -> None:
    await world.key()
    world.clock.advance(3599)
    await world.key()
    assert world.fetch.asked.count(DOCUMENT) == 1
    world.clock.advance(3600)
    await world.key()
    assert world.fetch.asked.count(DOCUMENT) == 2
    moved = f"{ISSUER}/moved"
    world.fetch.documents = {DOCUMENT: {"issuer": ISSUER, "jwks_uri": moved}, moved: key_set(NEW)}
    world.clock.advance(600)
    await world.key("old")
    world.clock.advance(30)
    await world.key("new")


async def test_a_registered_jwks_uri_takes_the_place_of_discovery(world: World) -> None:
    elsewhere = "https://keys.example/k"
    world.fetch.documents[elsewhere] = key_set(OLD)
    await world.key(issuer=replace(ACME, jwks_uri=elsewhere))
    assert world.fetch.asked == [elsewhere]


@pytest.mark.requirement("SEC-02")
async def test_an_issuer_with_neither_keys_nor_an_address_has_no_key(world: World) -> None:
    assert await world.refused(issuer=replace(ACME, kind="jwks")) == "upstream_down"
    assert world.fetch.asked == []


async def test_keys_in_the_configuration_are_never_fetched(world: World) -> None:
    inline = replace(ACME, kind="jwks", keys=(OLD.jwk(), SigningKey.generate("RS256", kid="rsa").jwk()))
    await world.key(issuer=inline)
    world.clock.advance(30 * 24 * 3600)
    await world.key(issuer=inline)
    await world.key(None, issuer=inline)
    assert await world.refused("new", issuer=inline) == "forged"
    assert world.fetch.asked == []
    assert len(world.reports) == 1
    assert "issuer acme: key 2 ('rsa') is ignored" in world.reports[0]
    assert world.keys.snapshot()[0].inline


async def test_too_many_keys_in_the_configuration_are_none(world: World) -> None:
    inline = replace(ACME, kind="jwks", keys=tuple(OLD.jwk(kid=f"k{number}") for number in range(101)))
    assert await world.refused("k1", issuer=inline) == "forged"
    assert "101 keys" in world.reports[0]


async def test_a_token_without_kid_needs_a_single_fitting_key(world: World) -> None:
    await world.key(None)
    world.fetch.documents[JWKS] = key_set(OLD, NEW)
    world.clock.advance(600)
    assert await world.refused(None) == "forged"
    assert await world.refused(None, algorithm="EdDSA") == "forged"


@pytest.mark.requirement("SEC-39")
async def test_an_algorithm_that_is_not_registered_is_refused_before_anything_is_fetched(
    world: World,
) -> None:
    for algorithm in ("RS256", "HS256", "none", ""):
        assert await world.refused(algorithm=algorithm) == "forged"
    assert world.fetch.asked == []


@pytest.mark.requirement("SEC-40")
@pytest.mark.parametrize("kid", ["", " ", "a\nb", "a" * 256, "\ud800"])
async def test_a_kid_that_is_no_name_causes_no_fetch(world: World, kid: str) -> None:
    assert await world.refused(kid) == "forged"
    assert world.fetch.asked == []


async def test_a_change_of_registration_that_leaves_the_keys_alone_keeps_them(world: World) -> None:
    await world.key()
    world.fetch.documents.clear()
    await world.key(issuer=replace(ACME, subject="claims.email", max_age=60))
    assert world.fetches == 1


@pytest.mark.requirement("SEC-39")
@pytest.mark.parametrize(
    "change",
    [
        {"issuer": "https://other.example"},
        {"jwks_uri": "https://other.example/keys"},
        {"algorithms": frozenset({"EdDSA"})},
        {"keys": (NEW.jwk(),)},
    ],
)
async def test_keys_do_not_survive_a_change_of_where_they_come_from(
    world: World, change: dict[str, Any]
) -> None:
    await world.key()
    assert await world.refused(issuer=replace(ACME, **change)) in {"forged", "upstream_down"}


async def test_a_forgotten_issuer_is_fetched_anew(world: World) -> None:
    await world.key()
    world.fetch.documents[JWKS] = key_set(NEW)
    world.keys.forget("acme")
    world.keys.forget("nobody")
    assert await world.refused("old") == "forged"
    await world.key("new")


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
