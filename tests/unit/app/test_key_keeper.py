"""Changing keys beside requests: what was changed is written down, whatever ends."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from actas.app.key_keeper import KeyKeeper
from actas.core.errors import AuditUnavailable
from actas.keys.ring import KeyInfo
from actas.keys.rotation import Change, Rotation

KEY = KeyInfo(kid="k", purpose="token", algorithm="ES256", state="prepared", created_at=1)
CHANGE = Change(event="keys:prepared", key=KEY)


class Slow:
    """Makes one change, when it is let, and keeps its entry."""

    def __init__(self) -> None:
        self.begun, self.may = asyncio.Event(), asyncio.Event()
        self.waiting: list[str] = []

    def is_due(self, _: object) -> bool:
        return not self.may.is_set()

    async def turn(self) -> tuple[Change, ...]:
        self.begun.set()
        await self.may.wait()
        self.waiting.append(CHANGE.event)
        return (CHANGE,)


class Book:
    """Takes what waits, unless it is closed."""

    def __init__(self) -> None:
        self.noted: list[str] = []
        self.closed = False

    async def write(self, waiting: list[str]) -> None:
        if waiting and self.closed:
            raise AuditUnavailable("closed")
        self.noted += waiting
        waiting.clear()


async def certainly() -> None:
    """The clock is right."""


def keeper(rotation: Slow, book: Book) -> KeyKeeper:
    return KeyKeeper(
        cast("Rotation", rotation),
        keys=lambda: (KEY,),
        write=lambda: book.write(rotation.waiting),
        changed=lambda: None,
        may=certainly,
    )


@pytest.mark.requirement("REL-05")
async def test_a_change_that_is_under_way_when_the_server_stops_is_finished_and_written_down() -> None:
    rotation, book = Slow(), Book()
    one = keeper(rotation, book)
    task = asyncio.create_task(one.run())
    await rotation.begun.wait()
    closing = asyncio.create_task(one.close())
    await asyncio.sleep(0)
    rotation.may.set()
    await closing
    task.cancel()
    assert book.noted == ["keys:prepared"]


async def test_what_could_not_be_written_down_is_before_the_end() -> None:
    rotation, book = Slow(), Book()
    rotation.may.set()
    rotation.is_due = lambda _: True  # type: ignore[method-assign]
    book.closed = True
    one = keeper(rotation, book)
    await one.look()
    assert book.noted == []
    book.closed = False
    await one.close()
    assert book.noted == ["keys:prepared"]


async def test_nothing_is_changed_any_more_once_it_is_closed() -> None:
    rotation, book = Slow(), Book()
    await keeper(rotation, book).close()
    assert not rotation.begun.is_set()
