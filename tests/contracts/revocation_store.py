"""What every store of revocations must do (REL-23). A test class inherits this and says how to open one."""

from __future__ import annotations

import asyncio

import pytest
from tests.fakes.clock import FixedClock

from actas.core.lineage import EVERYTHING, LATER, Lineage, Revoked
from actas.keys.life import LONGEST_TOKEN
from actas.store.epochs import Epoch
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

    @pytest.mark.requirement("REL-13")
    async def test_a_clock_that_ran_ahead_for_a_moment_has_let_nothing_be_forgotten(
        self, store: RevocationList, clock: FixedClock
    ) -> None:
        await store.add([revoked("a", until=int(clock.now()) + 3600), revoked("b")])
        clock.advance(86_400)
        await store.refresh()
        clock.advance(-86_400)
        await store.refresh()
        assert store.against(Lineage(("a",), 0)) is not None

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

    @pytest.mark.requirement("REL-28")
    async def test_when_everything_is_revoked_what_came_before_is_dead_and_an_epoch_begins(
        self, store: RevocationList, other: RevocationList
    ) -> None:
        assert store.epoch == Epoch(1, 0, "")
        await store.add([revoked("a", entry="x_1")])
        await store.add([revoked(EVERYTHING, up_to=500, until=LATER, entry="x_2")])
        for place in (store, other):
            await place.refresh()
            assert place.epoch == Epoch(2, 500, "x_2")
            dead = place.against(Lineage(("nobody",), 500))
            assert dead is not None
            assert dead.entry == "x_2"
            assert place.against(Lineage(("nobody",), 501)) is None
            assert place.against(Lineage(("a",), 501)) is not None
            assert [one.mark for _, one in place.after(0, most=10)] == ["a", EVERYTHING]
        await store.add([revoked(EVERYTHING, up_to=900, until=LATER, entry="x_3")])
        await other.refresh()
        assert other.epoch == Epoch(3, 900, "x_3")
        assert other.against(Lineage(("nobody",), 900)) is not None

    @pytest.mark.requirement("REL-24", "REL-11")
    async def test_who_checks_access_tokens_need_not_remember_it_for_as_long_as_we_do(
        self, store: RevocationList, clock: FixedClock
    ) -> None:
        """Whoever begins families of refresh tokens and ends them could otherwise fill every API's memory."""
        now = int(clock.now())
        await store.add([revoked("family", until=now + 90 * 86_400), revoked("token", until=now + 300)])
        until = {one.mark: one.until for _, one in store.after(0, most=10)}
        assert until == {"family": now + LONGEST_TOKEN + KEPT_LONGER, "token": now + 300 + KEPT_LONGER}
        clock.advance(80 * 86_400)
        await store.refresh()
        assert store.against(Lineage(("family",), 0)) is not None

    @pytest.mark.requirement("REL-28")
    async def test_the_epoch_outlives_whatever_is_swept(
        self, store: RevocationList, other: RevocationList, clock: FixedClock
    ) -> None:
        await store.add([revoked(EVERYTHING, up_to=500, until=LATER, entry="x_2")])
        await store.add([revoked("a", until=int(clock.now()) + 5), revoked("b", until=LATER)])
        clock.advance(10 * 365 * 86_400)
        assert await store.sweep() == 1
        await store.refresh()
        await other.refresh()
        assert store.epoch == other.epoch == Epoch(2, 500, "x_2")
        assert store.against(Lineage(("nobody",), 500)) is not None
