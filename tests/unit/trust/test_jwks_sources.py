"""Where an issuer's keys come from, and what a change of that does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.forge import SigningKey
from tests.fakes.issuer_keys import ACME, DOCUMENT, ISSUER, JWKS, NEW, OLD, World, key_set


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
    world.keys.keep_only({"acme", "nobody"})
    await world.key("old")
    world.keys.keep_only({"nobody"})
    assert world.keys.snapshot() == ()
    assert await world.refused("old") == "forged"
    await world.key("new")
