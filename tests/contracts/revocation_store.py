"""What every store of revocations must do (REL-23). A test class inherits this and says how to open one."""

from __future__ import annotations

import asyncio

import pytest
from tests.fakes.clock import FixedClock

from actas.core.lineage import LATER, Lineage, Revoked
from actas.store.revocations import KEPT_LONGER, MOST_SWEPT, RevocationList


def revoked(mark: str, *, up_to: int = LATER, until: int = 2_000_000_000, entry: str = "x_1") -> Revoked:
    return Revoked(mark=mark, up_to=up_to, until=until, entry=entry)


class RevocationStoreSuite:
    """Inherit as ``Test...``: ``store`` is empty, ``other`` is another way to the same place."""

    async def test_nothing_is_revoked_at_first(self, store: RevocationList) -> None:
        await store.refresh()
        assert store.against(Lineage(("a",), 0)) is None
        assert (store.after(0, most=10), store.last) == ((), 0)

    @pytest.mark.requirement("REL-21")
    async def test_what_is_revoked_is_known_here_at_once_and_elsewhere_when_read(
        self, store: RevocationList, other: RevocationList
    ) -> None:
        await store.add([revoked("a"), revoked("b", up_to=100)])
        for place in (store, other):
            await place.refresh()
            assert place.against(Lineage(("x", "a"), 5)) is not None
            assert place.against(Lineage(("b",), 100)) is not None
            assert place.against(Lineage(("b",), 101)) is None
            assert place.against(Lineage(("c",), 0)) is None
            assert [one.mark for _, one in place.after(0, most=10)] == ["a", "b"]
        assert store.last == other.last

    async def test_the_later_of_two_revocations_of_one_party_holds_in_either_order(
        self, store: RevocationList
    ) -> None:
        await store.add([revoked("p", up_to=100), revoked("q", up_to=200)])
        await store.add([revoked("p", up_to=200), revoked("q", up_to=100)])
        for mark in ("p", "q"):
            assert store.against(Lineage((mark,), 200)) is not None
            assert store.against(Lineage((mark,), 201)) is None

    async def test_nobody_who_follows_misses_one_of_many_writers(
        self, store: RevocationList, other: RevocationList
    ) -> None:
        seen: list[str] = []
        following = 0

        async def follow() -> None:
            nonlocal following
            await other.refresh()
            for seq, one in other.after(following, most=1000):
                following = seq
                seen.append(one.mark)

        async def write(number: int) -> None:
            await (store, other)[number % 2].add([revoked(f"m{number}"), revoked(f"n{number}")])

        tasks = [asyncio.create_task(write(number)) for number in range(12)]
        while not all(task.done() for task in tasks):
            await follow()
            await asyncio.sleep(0)
        await asyncio.gather(*tasks)
        await follow()
        assert sorted(seen) == sorted(f"{letter}{n}" for letter in "mn" for n in range(12))

    async def test_the_feed_goes_on_from_any_place(self, store: RevocationList) -> None:
        await store.add([revoked(f"m{number:02d}") for number in range(10)])
        found: list[str] = []
        last = 0
        while rows := store.after(last, most=3):
            found += [one.mark for _, one in rows]
            last = rows[-1][0]
        assert found == [f"m{number:02d}" for number in range(10)]
        assert last == store.last

    async def test_what_has_ended_is_forgotten_in_memory_and_on_disk(
        self, store: RevocationList, other: RevocationList, clock: FixedClock
    ) -> None:
        now = int(clock.now())
        await store.add([revoked(f"old{n}", until=now + 10) for n in range(MOST_SWEPT + 5)])
        await store.add([revoked("new", until=now + 10_000)])
        clock.advance(10 + KEPT_LONGER + 1)
        assert await store.sweep() == MOST_SWEPT + 5
        assert await other.sweep() == 0
        await store.refresh()
        assert [one.mark for _, one in store.after(0, most=9999)] == ["new"]
        assert store.against(Lineage(("old1",), 0)) is None
        await other.refresh()
        assert [one.mark for _, one in other.after(0, most=9999)] == ["new"]

    async def test_numbers_go_on_when_everything_is_gone(
        self, store: RevocationList, other: RevocationList, clock: FixedClock
    ) -> None:
        await store.add([revoked("a", until=int(clock.now()))])
        last = store.last
        clock.advance(KEPT_LONGER + 100)
        await store.sweep()
        await other.add([revoked("b")])
        await store.refresh()
        assert store.last > last
        assert store.against(Lineage(("b",), 0)) is not None
