"""Work that comes to its end although whoever waits for it is cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from actas.core.ending import taken, to_its_end


class Desk:
    """Something to take, which takes a while."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.given_back: list[str] = []
        self.ended = False

    async def take(self, *, fails: bool = False) -> str:
        await self.go_on.wait()
        self.ended = True
        if fails:
            raise OSError("there is none")
        return "pen"

    async def give_back(self, what: str) -> None:
        await asyncio.sleep(0)
        self.given_back.append(what)


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def cancelled(work: Awaitable[Any], desk: Desk, *, times: int) -> None:
    """Cancel whoever waits for work, so many times, and let the work go on."""

    async def waiting() -> None:
        await work

    task = asyncio.create_task(waiting())
    for _ in range(times):
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not task.done()
        task.cancel()
    asyncio.get_running_loop().call_soon(desk.go_on.set)
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_work_comes_to_is_returned(desk: Desk) -> None:
    desk.go_on.set()
    assert await to_its_end(desk.take()) == "pen"
    with pytest.raises(OSError, match="there is none"):
        await to_its_end(desk.take(fails=True))


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("times", [1, 2, 3])
async def test_who_is_cancelled_is_so_once_the_work_has_ended(desk: Desk, times: int, *, fails: bool) -> None:
    await cancelled(to_its_end(desk.take(fails=fails)), desk, times=times)
    assert desk.ended


async def test_what_is_taken_is_kept(desk: Desk) -> None:
    desk.go_on.set()
    assert await taken(desk.take(), give_back=desk.give_back) == "pen"
    assert desk.given_back == []


@pytest.mark.parametrize("times", [1, 2])
async def test_what_is_taken_for_nobody_is_given_back(desk: Desk, times: int) -> None:
    await cancelled(taken(desk.take(), give_back=desk.give_back), desk, times=times)
    assert desk.given_back == ["pen"]


async def test_what_could_not_be_taken_is_not_given_back(desk: Desk) -> None:
    await cancelled(taken(desk.take(fails=True), give_back=desk.give_back), desk, times=1)
    assert desk.given_back == []


async def test_work_that_is_cancelled_itself_says_so() -> None:
    work = asyncio.ensure_future(asyncio.Event().wait())
    asyncio.get_running_loop().call_soon(work.cancel)
    with pytest.raises(asyncio.CancelledError):
        await to_its_end(work)
