"""What a process knows of shared state is at most as old as the bound, or nothing is issued."""

from __future__ import annotations

import asyncio

import pytest
from tests.fakes.house import House

from actas.core.errors import OAuthError, StoreUnavailable
from actas.core.party import Caller
from actas.store.follower import Follower, Stale


class Clock:
    def __init__(self) -> None:
        self.at = 100.0

    def __call__(self) -> float:
        return self.at


class Source:
    """Something that is read; ``broken`` makes it fail, ``slow`` makes it hang."""

    def __init__(self) -> None:
        self.read = 0
        self.broken: Exception | None = None
        self.slow = 0.0

    async def refresh(self) -> None:
        await asyncio.sleep(self.slow)
        if self.broken is not None:
            raise self.broken
        self.read += 1


@pytest.mark.requirement("REL-21", "REL-19")
async def test_nothing_is_fresh_before_it_was_read_nor_when_it_is_older_than_the_bound() -> None:
    clock, source = Clock(), Source()
    follower = Follower(monotonic=clock, bound=5)
    follower.follow("things", source.refresh)
    with pytest.raises(Stale):
        follower.require_fresh()
    await follower.catch_up()
    follower.require_fresh()
    clock.at += 5
    follower.require_fresh()
    clock.at += 0.1
    with pytest.raises(Stale):
        follower.require_fresh()


@pytest.mark.requirement("REL-19")
@pytest.mark.parametrize("broken", [StoreUnavailable("gone"), OSError("no"), RuntimeError("a defect")])
async def test_whatever_goes_wrong_counts_as_not_read(broken: Exception) -> None:
    clock, good, bad = Clock(), Source(), Source()
    follower = Follower(monotonic=clock, bound=5)
    follower.follow("good", good.refresh)
    follower.follow("bad", bad.refresh)
    await follower.catch_up()
    bad.broken = broken
    clock.at += 4
    with pytest.raises(Stale, match="bad"):
        await follower.catch_up()
    assert follower.trouble is not None
    follower.require_fresh()
    clock.at += 2
    with pytest.raises(Stale, match="bad"):
        follower.require_fresh()
    bad.broken = None
    await follower.catch_up()
    follower.require_fresh()
    assert follower.trouble is None


async def test_a_reading_counts_from_when_it_began() -> None:
    clock = Clock()
    follower = Follower(monotonic=clock, bound=5)

    async def slow() -> None:
        clock.at += 4

    follower.follow("slow", slow)
    await follower.catch_up()
    clock.at += 2
    with pytest.raises(Stale):
        follower.require_fresh()


async def test_a_reading_that_hangs_ends_at_the_bound() -> None:
    source = Source()
    source.slow = 60
    follower = Follower(bound=0.05)
    follower.follow("hanging", source.refresh)
    with pytest.raises(Stale, match="hanging"):
        await follower.catch_up()


async def test_it_reads_again_by_itself_and_at_once_when_woken() -> None:
    source = Source()
    follower = Follower(every=0.02)
    follower.follow("things", source.refresh)
    task = asyncio.create_task(follower.run())
    try:
        async with asyncio.timeout(60):
            while source.read < 3:
                await asyncio.sleep(0.005)
    finally:
        task.cancel()
    source.read = 0
    patient = Follower(every=60)
    patient.follow("things", source.refresh)
    task = asyncio.create_task(patient.run())
    try:
        await asyncio.sleep(0.02)
        assert source.read == 0
        patient.wake()
        async with asyncio.timeout(60):
            while source.read < 1:
                await asyncio.sleep(0.005)
    finally:
        task.cancel()


async def test_it_goes_on_after_a_failure() -> None:
    source = Source()
    source.broken = OSError("for a while")
    follower = Follower(every=0.01)
    follower.follow("things", source.refresh)
    task = asyncio.create_task(follower.run())
    try:
        await asyncio.sleep(0.05)
        assert not task.done()
        source.broken = None
        async with asyncio.timeout(60):
            while source.read < 1:
                await asyncio.sleep(0.005)
    finally:
        task.cancel()


@pytest.mark.requirement("REL-21", "REL-19")
async def test_a_node_that_cannot_confirm_freshness_refuses_every_request() -> None:
    house = House()
    house.follower.stale = "the database has been away"
    with pytest.raises(OAuthError) as exchange:
        await house.own("orders")
    assert (exchange.value.code, exchange.value.status) == ("temporarily_unavailable", 503)
    with pytest.raises(OAuthError) as introspection:
        await house.introspection()(b"token=x", Caller(address="127.0.0.1"))
    assert introspection.value.status == 503
    assert [event["reason"] for event in house.writer.events] == ["storage_unavailable"] * 2
