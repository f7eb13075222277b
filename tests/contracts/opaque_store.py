"""What every store of opaque tokens must do (REL-23). A test class inherits this and says how to open one."""

from __future__ import annotations

import asyncio
from typing import Protocol

import pytest
from tests.fakes.clock import FixedClock

from actas.core.errors import StoreUnavailable
from actas.keys.opaque import KeptToken, OpaqueTokenStore


class SweptStore(OpaqueTokenStore, Protocol):
    async def sweep(self) -> int: ...


def token(digest: str, *, sealed: bytes = b"sealed\x00", expires_at: int = 2_000_000_000) -> KeptToken:
    return KeptToken(digest=digest, sealed=sealed, expires_at=expires_at)


class OpaqueStoreSuite:
    """Inherit as ``Test...``: ``store`` is empty, ``other`` is another way to the same place."""

    async def test_what_is_kept_is_found_here_and_elsewhere_at_once(
        self, store: SweptStore, other: SweptStore
    ) -> None:
        await store.keep(token("a", sealed=b"\x00\xff what it stands for"))
        for place in (store, other):
            assert await place.find("a") == token("a", sealed=b"\x00\xff what it stands for")

    @pytest.mark.requirement("SEC-96")
    @pytest.mark.parametrize(
        "variant", ["digest", "digest0 ", " digest0", "DIGEST0", "digest00", "", "%", "d*"]
    )
    async def test_only_the_whole_digest_finds_it(self, store: SweptStore, variant: str) -> None:
        await store.keep(token("digest0"))
        assert await store.find(variant) is None

    async def test_many_at_once_are_all_kept(self, store: SweptStore, other: SweptStore) -> None:
        names = [f"d{number}" for number in range(300)]
        places = [(store, other)[number % 2] for number in range(300)]
        await asyncio.gather(*(place.keep(token(name)) for place, name in zip(places, names, strict=True)))
        for name in names[::37]:
            assert await other.find(name) == token(name)

    async def test_a_digest_is_kept_once_and_never_replaced(
        self, store: SweptStore, other: SweptStore
    ) -> None:
        await store.keep(token("a", sealed=b"first"))
        with pytest.raises(StoreUnavailable):
            await other.keep(token("a", sealed=b"second"))
        found = await store.find("a")
        assert found is not None
        assert found.sealed == b"first"

    async def test_who_stops_waiting_holds_nobody_up(self, store: SweptStore) -> None:
        first = asyncio.create_task(store.keep(token("a")))
        await asyncio.sleep(0)
        first.cancel()
        await store.keep(token("b"))
        assert await store.find("b") == token("b")
        assert first.cancelled() or first.done()

    @pytest.mark.requirement("REL-24")
    async def test_what_has_ended_goes_and_nothing_else(
        self, store: SweptStore, other: SweptStore, clock: FixedClock
    ) -> None:
        now = int(clock.now())
        await asyncio.gather(*(store.keep(token(f"old{n}", expires_at=now + 10)) for n in range(1203)))
        await store.keep(token("new", expires_at=now + 10_000))
        assert await store.sweep() == 0
        clock.advance(10 + 61)
        assert await store.sweep() == 1203
        assert await other.sweep() == 0
        assert await other.find("old7") is None
        assert await other.find("new") is not None
