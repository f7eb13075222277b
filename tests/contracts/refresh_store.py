"""What every store of refresh tokens must do (REL-23). A test class inherits this and says how to open one."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

import pytest
from tests.fakes.clock import NOON, FixedClock

from actas.core.errors import StoreUnavailable
from actas.core.lineage import LATER, Revoked
from actas.keys.refresh import KeptFamily, KeptRefresh, RefreshStore

NOW = int(NOON)
END = NOW + 1_000_000


class SweptStore(RefreshStore, Protocol):
    async def sweep(self) -> int: ...


class Revokes(Protocol):
    """Takes what is revoked, as every node does."""

    async def add(self, revoked: Any) -> None: ...


def family(name: str = "f", **changes: Any) -> KeptFamily:
    known = {
        "id": name,
        "client": "assistant",
        "key": "jkt:abc",
        "marks": (f"mark-of-{name}", "alice"),
        "since": NOW - 60,
        "ends_at": END,
    }
    return KeptFamily(**{**known, **changes})


def token(generation: int, name: str = "f", *, until: int = NOW + 500) -> KeptRefresh:
    return KeptRefresh(
        digest=f"{name}-{generation}", family=name, generation=generation, sealed=b"\x00sealed", until=until
    )


def revoked(mark: str, *, up_to: int = LATER, until: int = NOW + 10) -> Revoked:
    return Revoked(mark=mark, up_to=up_to, until=until, entry="x_1")


class RefreshStoreSuite:
    """Inherit as ``Test...``: ``store`` is empty, ``other`` is another way to the same place, ``revokes`` revokes."""

    async def begun(self, store: SweptStore, name: str = "f", **changes: Any) -> None:
        assert await store.begin(family(name, **changes), token(0, name), at=NOW)

    async def newest(self, store: SweptStore, name: str = "f") -> int:
        found = await store.find(f"{name}-0")
        assert found is not None
        return found.newest

    async def test_what_is_begun_is_found_elsewhere_at_once(
        self, store: SweptStore, other: SweptStore
    ) -> None:
        await self.begun(store)
        for place in (store, other):
            found = await place.find("f-0")
            assert found is not None
            assert found.token == token(0)
            assert (found.newest, found.renewed_at, found.ended) == (0, NOW, False)
            assert (found.client, found.key, found.ends_at) == ("assistant", "jkt:abc", END)

    @pytest.mark.requirement("SEC-96")
    @pytest.mark.parametrize("variant", ["f-", "F-0", " f-0", "f-00", "", "%", "f-1"])
    async def test_only_the_whole_digest_finds_it(self, store: SweptStore, variant: str) -> None:
        await self.begun(store)
        assert await store.find(variant) is None

    async def test_one_follows_another_and_the_one_before_says_nothing_any_more(
        self, store: SweptStore, other: SweptStore
    ) -> None:
        await self.begun(store)
        assert await store.follow("f-0", token(1), at=NOW + 1)
        assert await other.follow("f-1", token(2), at=NOW + 2)
        first, second, third = [await store.find(f"f-{number}") for number in range(3)]
        assert first is not None
        assert second is not None
        assert third is not None
        assert [one.token.sealed for one in (first, second, third)] == [b"", b"\x00sealed", b"\x00sealed"]
        assert {one.newest for one in (first, second, third)} == {2}
        assert first.renewed_at == NOW + 2

    async def test_only_the_newest_is_followed(self, store: SweptStore, other: SweptStore) -> None:
        await self.begun(store)
        await self.begun(store, "g")
        assert await store.follow("f-0", token(1), at=NOW)
        again = KeptRefresh(digest="x", family="f", generation=1, sealed=b"s", until=NOW + 9)
        skipped = KeptRefresh(digest="x", family="f", generation=3, sealed=b"s", until=NOW + 9)
        for used, successor in (("f-0", again), ("f-1", skipped), ("g-0", again), ("nobody", again)):
            assert not await other.follow(used, successor, at=NOW)
        assert await store.find("x") is None
        assert await self.newest(store) == 1

    @pytest.mark.requirement("REL-19")
    async def test_of_many_at_once_exactly_one_follows(self, store: SweptStore, other: SweptStore) -> None:
        for turn in range(5):
            name = f"race{turn}"
            await self.begun(store, name)
            asked = [
                (store, other)[number % 2].follow(
                    f"{name}-0",
                    KeptRefresh(
                        digest=f"{name}-by-{number}", family=name, generation=1, sealed=b"s", until=NOW + 500
                    ),
                    at=NOW,
                )
                for number in range(8)
            ]
            done = await asyncio.gather(*asked)
            assert sum(done) == 1
            kept = [await store.find(f"{name}-by-{number}") for number in range(8)]
            assert [one is not None for one in kept] == done

    async def test_what_nobody_has_seen_is_put_back(self, store: SweptStore, other: SweptStore) -> None:
        await self.begun(store)
        assert await store.follow("f-0", token(1), at=NOW + 5)
        await other.put_back(token(1), renewed_at=NOW)
        found = await store.find("f-0")
        assert found is not None
        assert (found.newest, found.renewed_at, found.token.sealed) == (0, NOW, b"\x00sealed")
        assert await store.find("f-1") is None
        assert await store.follow("f-0", token(1), at=NOW + 6)

    async def test_what_was_used_since_is_not_put_back(self, store: SweptStore) -> None:
        await self.begun(store)
        assert await store.follow("f-0", token(1), at=NOW)
        assert await store.follow("f-1", token(2), at=NOW)
        await store.put_back(token(1), renewed_at=NOW)
        assert await self.newest(store) == 2
        assert await store.find("f-1") is not None

    async def test_a_name_is_given_once(self, store: SweptStore, other: SweptStore) -> None:
        await self.begun(store)
        with pytest.raises(StoreUnavailable):
            await other.begin(family(), token(0), at=NOW)
        with pytest.raises(StoreUnavailable):
            await other.begin(family("g"), token(0), at=NOW)
        assert await other.begin(family("g"), token(0, "g"), at=NOW)

    @pytest.mark.requirement("SEC-23", "REL-21", "TX-136")
    @pytest.mark.parametrize("mark", ["mark-of-f", "alice"])
    async def test_what_is_revoked_ends_it_here_and_elsewhere_at_once(
        self, store: SweptStore, other: SweptStore, revokes: Revokes, mark: str
    ) -> None:
        await self.begun(store)
        await self.begun(store, "g", marks=("mark-of-g", "bob"))
        await revokes.add([revoked(mark)])
        for place in (store, other):
            found = await place.find("f-0")
            assert found is not None
            assert found.ended
            assert not await place.follow("f-0", token(1), at=NOW)
            spared = await place.find("g-0")
            assert spared is not None
            assert not spared.ended
        assert await other.follow("g-0", token(1, "g"), at=NOW)

    async def test_a_party_is_ended_up_to_a_moment(self, store: SweptStore, revokes: Revokes) -> None:
        await self.begun(store, since=NOW - 60)
        await self.begun(store, "later", since=NOW + 60, marks=("mark-of-later", "alice"))
        await revokes.add([revoked("alice", up_to=NOW)])
        ended = [await store.find("f-0"), await store.find("later-0")]
        assert [one is not None and one.ended for one in ended] == [True, False]

    @pytest.mark.requirement("SEC-23")
    async def test_what_was_revoked_begins_no_family_on_a_node_that_has_not_heard(
        self, other: SweptStore, revokes: Revokes
    ) -> None:
        await revokes.add([revoked("alice", up_to=NOW), revoked("token-1")])
        assert not await other.begin(family(since=NOW), token(0), at=NOW)
        assert not await other.begin(family("g", marks=("x", "token-1")), token(0, "g"), at=NOW)
        assert await other.find("f-0") is None
        assert await other.begin(family(since=NOW + 1), token(0), at=NOW)

    @pytest.mark.requirement("REL-24")
    async def test_what_has_ended_goes_with_every_token_it_had(
        self, store: SweptStore, other: SweptStore, clock: FixedClock
    ) -> None:
        await self.begun(store)
        await self.begun(store, "long")
        for number in range(510):
            assert await store.follow(f"f-{number}", token(number + 1), at=NOW)
        assert await store.follow("long-0", token(1, "long", until=NOW + 5000), at=NOW)
        assert await store.sweep() == 0
        clock.advance(500 + 601)
        assert await store.sweep() == 511
        assert await other.sweep() == 0
        assert await other.find("f-510") is None
        assert await other.find("long-0") is not None
        await self.begun(store)  # its name is free again, and so is every row of it
