"""What every ``DeviceCodeStore`` must do (REL-23). A test class inherits this and says how to open one."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tests.fakes.clock import NOON, FixedClock

from actas.core.records import Record
from actas.store.device_codes import SqlDeviceCodes
from actas.store.memory_sign_in import MemoryDeviceCodes
from actas.subjects.device_records import Bounds, Decision, KeptDevice, Room, State

NOW = int(NOON)
MOST = Bounds(whose=5, client=1_000, near=1_000, wide=1_000, room=1_000)
BOUNDS: dict[str, Any] = {"now": NOW, "most": MOST}
POLL: dict[str, int] = {"travel": 1, "longer": 5}

Store = MemoryDeviceCodes | SqlDeviceCodes


def kept(digest: str = "d", **changes: Any) -> KeptDevice:
    known = {
        "digest": digest,
        "user_code": f"code-{digest}",
        "whose": "web",
        "asked": bytes(range(256)),
        "ends_at": NOW + 600,
    }
    return KeptDevice(**{**known, **changes})


def given(entry: str) -> Record:
    return Record(entry=entry, event="authorization:granted", body=b"{}", at=NOON)


def decided(state: State, **changes: Any) -> Decision:
    known = {"digest": "d", "authorization": "a", "answer": b"x"} if state == "allowed" else {"digest": "d"}
    return Decision(**{**known, "state": state, **changes})


class DeviceCodeStoreSuite:
    """Inherit as ``Test...``: ``store`` is empty, ``other`` is another way to the same place."""

    async def test_what_is_kept_is_found_elsewhere_at_once(self, store: Store, other: Store) -> None:
        assert await store.keep(kept(), **BOUNDS) == "kept"
        for place in (store, other):
            assert await place.find("d") == kept()
            assert await place.named("code-d") == kept()

    @pytest.mark.requirement("SEC-96")
    @pytest.mark.parametrize("variant", ["", "D", " d", "d ", "dd", "%", "code-d", "web"])
    async def test_only_the_whole_digest_finds_it(self, store: Store, variant: str) -> None:
        await store.keep(kept(), **BOUNDS)
        assert await store.find(variant) is None
        assert variant == "code-d" or await store.named(variant) is None
        assert not await store.use(variant)

    async def test_no_code_is_given_twice(self, store: Store, other: Store) -> None:
        await store.keep(kept(), **BOUNDS)
        assert await other.keep(kept(user_code="another"), **BOUNDS) == "taken"
        assert await other.keep(kept("e", user_code="code-d"), **BOUNDS) == "taken"
        assert await store.find("d") == kept()
        assert await store.find("e") is None

    @pytest.mark.requirement("DG-11")
    async def test_no_more_wait_than_may_whoever_asks_at_the_same_moment(
        self, store: Store, other: Store
    ) -> None:
        asked = [(store, other)[number % 2].keep(kept(f"n-{number}"), **BOUNDS) for number in range(9)]
        done = await asyncio.gather(*asked)
        assert sorted(done) == ["full"] * 4 + ["kept"] * 5
        assert await store.keep(kept("other", whose="phone"), **BOUNDS) == "kept"
        assert await store.keep(kept("more", whose="tv"), now=NOW, most=replace(MOST, room=6)) == "full"
        # What has ended takes nobody's room, and none in all.
        later: dict[str, Any] = {"now": NOW + 600, "most": replace(MOST, room=1)}
        assert await store.keep(kept("later", ends_at=NOW + 1200), **later) == "kept"

    @pytest.mark.requirement("DG-11")
    @pytest.mark.parametrize("by", ["client", "near", "wide"])
    async def test_each_thing_that_is_counted_is_bounded_by_itself(
        self, store: Store, other: Store, by: str
    ) -> None:
        bounds: dict[str, int] = {"whose": 1_000, by: 2}
        most = replace(MOST, **bounds)
        for number in range(3):
            done = await (store, other)[number % 2].keep(kept(f"n-{number}", **{by: "x"}), now=NOW, most=most)
            assert done == ("kept" if number < 2 else "full")
        assert await store.keep(kept("o", **{by: "y"}), now=NOW, most=most) == "kept"
        for number in range(3):  # what is not counted is not bounded
            assert await other.keep(kept(f"p-{number}"), now=NOW, most=most) == "kept"

    @pytest.mark.requirement("DG-11")
    async def test_who_comes_later_in_the_order_of_rooms_takes_none_from_who_comes_first(
        self, store: Store, other: Store
    ) -> None:
        async def fills(room: Room, *, most: int) -> int:
            bound = replace(MOST, whose=1_000, room=most)
            number = 0
            while await store.keep(kept(f"{room}-{number}", room=room), now=NOW, most=bound) == "kept":
                number += 1
            return number

        assert [await fills(2, most=2), await fills(1, most=5), await fills(0, most=9)] == [2, 3, 4]
        found = await other.find("2-0")
        assert found == kept("2-0", room=2)

    @pytest.mark.requirement("DG-5")
    async def test_how_often_it_may_ask_is_the_same_everywhere(self, store: Store, other: Store) -> None:
        await store.keep(kept(), **BOUNDS)
        told = []
        for place, at in ((store, 0), (other, 2), (store, 11), (other, 20), (store, 22), (other, 36)):
            told.append(await place.poll("d", at=NOW + at, **POLL))
        assert told == [(False, 5), (True, 10), (False, 10), (False, 10), (True, 15), (False, 15)]
        found = await other.find("d")
        assert found is not None
        assert (found.interval, found.polled_at) == (15, NOW + 36)

    async def test_what_is_not_there_is_not_polled(self, store: Store) -> None:
        assert await store.poll("nobody", at=NOW, **POLL) == (False, 5)

    @pytest.mark.requirement("REL-19")
    async def test_of_many_who_decide_at_once_exactly_one_does(self, store: Store, other: Store) -> None:
        await store.keep(kept(), **BOUNDS)
        asked = [
            (store, other)[number % 2].decide(
                decided(
                    "denied" if number % 3 == 0 else "allowed",
                    authorization=f"a-{number}",
                    record=given(f"e-{number}"),
                )
            )
            for number in range(8)
        ]
        done = await asyncio.gather(*asked)
        assert sum(done) == 1
        found = await store.find("d")
        assert found is not None
        assert found.authorization == f"a-{done.index(True)}"
        assert found.state == ("denied" if done.index(True) % 3 == 0 else "allowed")

    @pytest.mark.requirement("DG-8", "REL-19")
    async def test_of_many_who_use_it_at_once_exactly_one_does(self, store: Store, other: Store) -> None:
        await store.keep(kept(), **BOUNDS)
        assert not await store.use("d")  # nobody has decided
        assert await store.decide(decided("allowed"))
        done = await asyncio.gather(*[(store, other)[number % 2].use("d") for number in range(8)])
        assert sum(done) == 1
        assert not await store.decide(decided("denied"))

    async def test_what_was_denied_is_not_used(self, store: Store) -> None:
        await store.keep(kept(), **BOUNDS)
        assert await store.decide(decided("denied"))
        assert not await store.use("d")

    @pytest.mark.requirement("REL-24")
    async def test_what_has_ended_goes(self, store: Store, other: Store, clock: FixedClock) -> None:
        many: dict[str, Any] = {"now": NOW, "most": replace(MOST, whose=1_000)}
        for number in range(510):
            await store.keep(kept(f"n-{number}"), **many)
        await store.keep(kept("long", ends_at=NOW + 5000), **many)
        assert await store.sweep() == 0
        clock.advance(600 + 61)
        assert await store.sweep() == 510
        assert await other.sweep() == 0
        assert await other.find("n-1") is None
        assert await other.find("long") is not None
