"""What every store of failures must do (REL-23). A test class inherits this and says how to open one."""

from __future__ import annotations

import asyncio

import pytest

from actas.clients.throttle import News
from actas.store.failures import KEPT, MOST_SWEPT, FailureList

NOW = 1_800_000_000


def news(key: str, *, times: int = 1, forget: bool = False, at: int = NOW) -> News:
    return News(attempt="failed_client_auth", key=key, times=times, forget=forget, at=at)


class FailureStoreSuite:
    """Inherit as ``Test...``: ``store`` is empty, ``other`` is another process at the same place."""

    @pytest.mark.requirement("SEC-14", "REL-21")
    async def test_the_others_are_told_and_nobody_hears_of_itself(
        self, store: FailureList, other: FailureList
    ) -> None:
        told = [news("a", times=3), news("b", forget=True, times=0), news("c", forget=True)]
        await store.add(told, now=NOW)
        assert await store.read() == []
        assert await other.read() == told
        assert await other.read() == []

    async def test_what_was_told_before_a_process_began_is_heard_by_it(
        self, store: FailureList, other: FailureList
    ) -> None:
        await store.add([news("a")], now=NOW)
        await store.add([news("b")], now=NOW - 100)  # numbers go on although the clock went back
        assert [one.key for one in await other.read()] == ["a", "b"]

    async def test_nobody_misses_one_of_many_who_tell_at_once(
        self, store: FailureList, other: FailureList
    ) -> None:
        heard: list[str] = []

        async def listen() -> None:
            for _ in range(20):
                heard.extend(one.key for one in await other.read())
                await asyncio.sleep(0)

        told = (store.add([news(f"k{number}")], now=NOW) for number in range(20))
        await asyncio.gather(listen(), *told)
        heard.extend(one.key for one in await other.read())
        assert sorted(heard) == sorted(f"k{number}" for number in range(20))

    @pytest.mark.requirement("REL-24")
    async def test_what_is_old_is_removed_in_small_steps(
        self, store: FailureList, other: FailureList
    ) -> None:
        many = [news(f"k{number}", at=NOW) for number in range(MOST_SWEPT)]
        await store.add(many, now=NOW)
        await store.add([news("one more", at=NOW)], now=NOW)
        later = NOW + KEPT + 1
        await store.add([news("late", at=later)], now=later)
        assert [one.key for one in await other.read()] == ["one more", "late"]
