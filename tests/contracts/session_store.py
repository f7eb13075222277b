"""What every ``SessionStore`` must do (REL-23). A test class inherits this and says how to open one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.fakes.clock import NOON, FixedClock

from actas.core.errors import StoreUnavailable
from actas.signin.session_records import KeptSession
from actas.signin.sessions import SessionStore

NOW = int(NOON)


def kept(digest: str = "d", **changes: Any) -> KeptSession:
    known = {
        "digest": digest,
        "sid": f"sid-{digest}",
        "whose": "alice",
        "sealed": bytes(range(256)),
        "outline": b"\x00outline",
        "seen_at": NOW,
        "ends_at": NOW + 500,
    }
    return KeptSession(**{**known, **changes})


class SessionStoreSuite:
    """Inherit as ``Test...``: ``store`` is empty, ``other`` is another way to the same place."""

    async def test_what_is_kept_is_found_elsewhere_at_once(
        self, store: SessionStore, other: SessionStore
    ) -> None:
        assert await store.keep(kept(), replaces=None)
        for place in (store, other):
            assert await place.find("d") == kept()
            assert await place.named("sid-d") == kept()
            assert list(await place.of("alice")) == [kept()]

    @pytest.mark.requirement("SEC-96")
    @pytest.mark.parametrize("variant", ["", "D", " d", "d ", "dd", "%", "sid-d", "alice"])
    async def test_only_the_whole_digest_finds_it(self, store: SessionStore, variant: str) -> None:
        await store.keep(kept(), replaces=None)
        assert await store.find(variant) is None
        await store.touch(variant, at=NOW + 9)
        assert await store.find("d") == kept()

    async def test_a_digest_is_given_once(self, store: SessionStore, other: SessionStore) -> None:
        await store.keep(kept(), replaces=None)
        with pytest.raises(StoreUnavailable):
            await other.keep(kept(whose="bob"), replaces=None)
        assert await store.find("d") == kept()

    async def test_one_takes_the_place_of_another_which_is_gone(
        self, store: SessionStore, other: SessionStore
    ) -> None:
        await store.keep(kept(), replaces=None)
        assert await other.keep(kept("e"), replaces="d")
        assert await store.find("d") is None
        assert await store.find("e") == kept("e")
        assert not await store.keep(kept("f"), replaces="d")
        assert await other.find("f") is None

    @pytest.mark.requirement("REL-19")
    async def test_of_many_at_once_exactly_one_takes_its_place(
        self, store: SessionStore, other: SessionStore
    ) -> None:
        await store.keep(kept(), replaces=None)
        asked = [(store, other)[number % 2].keep(kept(f"by-{number}"), replaces="d") for number in range(8)]
        done = await asyncio.gather(*asked)
        assert sum(done) == 1
        assert [await store.find(f"by-{number}") is not None for number in range(8)] == done

    async def test_use_moves_on_and_never_back(self, store: SessionStore, other: SessionStore) -> None:
        await store.keep(kept(), replaces=None)
        await other.touch("d", at=NOW + 60)
        await store.touch("d", at=NOW + 30)
        assert await store.find("d") == kept(seen_at=NOW + 60)

    @pytest.mark.requirement("SEC-77")
    async def test_what_is_ended_is_gone_everywhere_and_nothing_else_is(
        self, store: SessionStore, other: SessionStore
    ) -> None:
        await store.keep(kept(), replaces=None)
        await store.keep(kept("e"), replaces=None)
        await other.end("sid-d")
        await other.end("sid-d")
        await store.touch("d", at=NOW + 9)
        for place in (store, other):
            assert await place.find("d") is None
            assert await place.named("sid-d") is None
            assert list(await place.of("alice")) == [kept("e")]

    async def test_a_persons_sessions_are_theirs_alone(self, store: SessionStore) -> None:
        await store.keep(kept(), replaces=None)
        await store.keep(kept("e", whose="bob"), replaces=None)
        assert list(await store.of("bob")) == [kept("e", whose="bob")]
        assert list(await store.of("carol")) == []

    @pytest.mark.requirement("REL-24")
    async def test_what_has_ended_goes(
        self, store: SessionStore, other: SessionStore, clock: FixedClock
    ) -> None:
        for number in range(510):
            await store.keep(kept(f"n-{number}"), replaces=None)
        await store.keep(kept("long", ends_at=NOW + 5000), replaces=None)
        assert await store.sweep() == 0
        clock.advance(500 + 61)
        assert await store.sweep() == 510
        assert await other.sweep() == 0
        assert await other.find("n-1") is None
        assert await other.find("long") is not None
