"""What every store of sinks must do (REL-22, REL-23). A test class inherits this and says how to open one."""

from __future__ import annotations

import asyncio

import pytest

from actas.audit.chain import EMPTY, Head
from actas.audit.sinks import LEASE, TAKEN_AFTER, Due, Fenced, SinkState
from actas.audit.tenure import Tenure
from actas.store.sinks import MAX_TEXT, SqlSinks

DUE = Due(stream="s1", after=4, upto=9)
NINE = Head(9, "9" * 64)


class Seconds:
    """A clock that nobody sets, but a test."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def fenced(store: SqlSinks, fence: int) -> int:
    """Try everything that a holder may do, and return how much of it was turned down."""
    tried = [
        store.renew("lake", fence=fence, behind_since=1, behind_bytes=1),
        store.plan("lake", DUE, fence=fence),
        store.advance("lake", "s1", NINE, fence=fence, at=7),
        store.fail("lake", fence=fence, trouble="no", refused=True, at=7),
    ]
    return [isinstance(one, Fenced) for one in await asyncio.gather(*tried, return_exceptions=True)].count(
        True
    )


class SinkStoreSuite:
    """Inherit as ``Test...``: ``store`` is empty, ``other`` is another way to the same place."""

    async def test_nothing_is_known_at_first(self, store: SqlSinks) -> None:
        assert await store.state("lake") == SinkState()

    @pytest.mark.requirement("REL-22")
    async def test_of_many_who_ask_at_once_one_gets_the_lease(self, store: SqlSinks, other: SqlSinks) -> None:
        asked = [(store, other)[n % 2].take("lake", holder=f"h{n}", seen=None) for n in range(10)]
        fences = [one for one in await asyncio.gather(*asked) if one is not None]
        assert len(fences) == 1
        state = await other.state("lake")
        assert (state.fence, state.beat) == (fences[0], 0)

    @pytest.mark.requirement("REL-22")
    async def test_who_lost_the_lease_writes_nothing_any_more(self, store: SqlSinks, other: SqlSinks) -> None:
        fence = await store.take("lake", holder="a", seen=None)
        assert fence is not None
        await store.advance("lake", "s1", Head(4, "4" * 64), fence=fence, at=5)
        state = await other.state("lake")
        later = await other.take("lake", holder="b", seen=(state.fence, state.beat))
        assert later is not None
        assert later > fence
        before = await store.state("lake")
        assert await fenced(store, fence) == 4
        await store.release("lake", fence=fence)
        assert await store.state("lake") == before
        assert before.holder == "b"
        assert await fenced(other, later) == 0

    async def test_any_sign_of_life_keeps_the_lease(self, store: SqlSinks, other: SqlSinks) -> None:
        fence = await store.take("lake", holder="a", seen=None)
        assert fence is not None
        for sign in (
            store.renew("lake", fence=fence, behind_since=0, behind_bytes=0),
            store.plan("lake", DUE, fence=fence),
            store.advance("lake", "s1", NINE, fence=fence, at=0),
            store.fail("lake", fence=fence, trouble="away", refused=False, at=1),
        ):
            state = await other.state("lake")
            await sign
            assert await other.take("lake", holder="b", seen=(state.fence, state.beat)) is None

    async def test_what_is_released_is_free_at_once(self, store: SqlSinks, other: SqlSinks) -> None:
        fence = await store.take("lake", holder="a", seen=None)
        assert fence is not None
        await store.release("lake", fence=fence)
        assert await fenced(store, fence) == 4
        assert await other.take("lake", holder="b", seen=None) == fence + 1

    @pytest.mark.requirement("REL-04")
    async def test_what_is_due_is_known_until_it_is_delivered(self, store: SqlSinks, other: SqlSinks) -> None:
        fence = await store.take("lake", holder="a", seen=None)
        assert fence is not None
        await store.plan("lake", DUE, fence=fence)
        assert (await other.state("lake")).due == DUE
        await store.fail("lake", fence=fence, trouble="x" * 9999, refused=True, at=70)
        await store.fail("lake", fence=fence, trouble="again", refused=False, at=80)
        state = await other.state("lake")
        assert (state.trouble, state.trouble_since, state.refused) == ("again", 70, "")
        await store.fail("lake", fence=fence, trouble="x" * 9999, refused=True, at=90)
        assert len((await other.state("lake")).refused) == MAX_TEXT
        await store.advance("lake", "s1", NINE, fence=fence, at=91)
        await store.renew("lake", fence=fence, behind_since=50, behind_bytes=1000)
        state = await other.state("lake")
        assert (state.due, state.trouble, state.trouble_since, state.refused) == (None, "", 0, "")
        assert (state.has, state.delivered_at) == ({"s1": NINE}, 91)
        assert (state.behind_since, state.behind_bytes) == (50, 1000)

    async def test_sinks_and_logs_do_not_mix(self, store: SqlSinks, elsewhere: SqlSinks) -> None:
        for place, sink in ((store, "lake"), (store, "siem"), (elsewhere, "lake")):
            fence = await place.take(sink, holder="a", seen=None)
            assert fence == 1
            await place.advance(sink, "s1", Head(len(sink), "1" * 64), fence=fence, at=0)
        await store.advance("siem", "s2", NINE, fence=1, at=0)
        assert (await store.state("lake")).has == {"s1": Head(4, "1" * 64)}
        assert (await store.state("siem")).has.keys() == {"s1", "s2"}
        assert (await elsewhere.state("lake")).has.keys() == {"s1"}

    async def test_nothing_is_planned_for_a_sink_that_is_paused(
        self, store: SqlSinks, other: SqlSinks
    ) -> None:
        await other.pause("lake", by="dana")
        fence = await store.take("lake", holder="a", seen=None)
        assert fence is not None
        with pytest.raises(Fenced):
            await store.plan("lake", DUE, fence=fence)
        assert (await store.state("lake")).paused_by == "dana"
        await other.pause("lake", by="")
        await store.plan("lake", DUE, fence=fence)

    async def test_only_what_is_refused_is_passed_over(self, store: SqlSinks, other: SqlSinks) -> None:
        assert not await other.skip("lake", DUE, has=NINE)
        fence = await store.take("lake", holder="a", seen=None)
        assert fence is not None
        await store.plan("lake", DUE, fence=fence)
        assert not await other.skip("lake", DUE, has=NINE)
        await store.fail("lake", fence=fence, trouble="bad entry", refused=True, at=1)
        assert not await other.skip("lake", Due(stream="s1", after=4, upto=8), has=NINE)
        assert await other.skip("lake", DUE, has=NINE)
        state = await store.state("lake")
        assert (state.has, state.due, state.refused, state.holder) == ({"s1": NINE}, None, "", "")
        assert await fenced(store, fence) == 4

    async def test_what_begins_anew_takes_the_lease_from_its_holder(
        self, store: SqlSinks, other: SqlSinks
    ) -> None:
        fence = await store.take("lake", holder="a", seen=None)
        assert fence is not None
        await store.advance("lake", "s1", NINE, fence=fence, at=1)
        await other.rewind("lake", "s1")
        assert await fenced(store, fence) == 4
        assert (await store.state("lake")).has == {"s1": EMPTY}
        fence = await store.take("lake", holder="a", seen=None)
        assert fence is not None
        await other.retry("lake")
        assert await fenced(store, fence) == 4

    @pytest.mark.requirement("REL-22")
    async def test_a_holder_that_is_frozen_is_replaced_and_fenced_off(
        self, store: SqlSinks, other: SqlSinks
    ) -> None:
        seconds = Seconds()
        first = Tenure(store, "lake", me="a", monotonic=seconds)
        second = Tenure(other, "lake", me="b", monotonic=seconds)
        assert await first.hold()
        for _ in range(10):
            seconds.now += LEASE / 2
            assert await first.hold()
            assert not await second.hold()
        assert not await second.hold()
        seconds.now += TAKEN_AFTER - 0.01
        assert not await second.hold()
        with pytest.raises(Fenced):
            _ = first.fence  # it is over for its holder before anybody else begins
        seconds.now += 0.02
        assert await second.hold()
        with pytest.raises(Fenced):
            await first.hold()
        first.lose()
        assert not await first.hold()
        await second.release()
        assert await first.hold()

    @pytest.mark.requirement("REL-22")
    async def test_work_ends_with_the_lease(self, store: SqlSinks, other: SqlSinks) -> None:
        tenure = Tenure(store, "lake", me="a")
        assert await tenure.hold()
        await other.retry("lake")
        with pytest.raises(Fenced):
            await tenure.during(asyncio.sleep(3600))

    @pytest.mark.requirement("REL-22")
    async def test_a_lease_that_is_taken_for_one_who_is_stopped_is_let_go_of(
        self, store: SqlSinks, other: SqlSinks, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        take, is_taken, go_on = store.take, asyncio.Event(), asyncio.Event()

        async def slowly(sink: str, *, holder: str, seen: tuple[int, int] | None) -> int | None:
            fence = await take(sink, holder=holder, seen=seen)
            is_taken.set()
            await go_on.wait()
            return fence

        monkeypatch.setattr(store, "take", slowly)
        holding = asyncio.create_task(Tenure(store, "lake", me="a").hold())
        await is_taken.wait()
        holding.cancel()
        asyncio.get_running_loop().call_soon(go_on.set)
        with pytest.raises(asyncio.CancelledError):
            await holding
        assert await Tenure(other, "lake", me="b").hold()
