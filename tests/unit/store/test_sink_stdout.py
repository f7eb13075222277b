"""Standard output as a sink."""

from __future__ import annotations

import asyncio
import os
import select
from collections.abc import Iterator

import pytest

from actas.audit.chain import EMPTY, Head
from actas.audit.sinks import Batch, NotTaken
from actas.store import sink_stdout
from actas.store.sink_stdout import StdoutReceiver


def batch(*documents: bytes) -> Batch:
    return Batch(stream="s1", after=EMPTY, upto=Head(len(documents), "a" * 64), documents=documents)


async def yes() -> None:
    """Confirm."""


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    yield reading, writing
    for end in (reading, writing):
        try:
            os.close(end)
        except OSError:
            continue


async def test_each_entry_is_a_line(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    await StdoutReceiver(writing).take(batch(b"one", b"t" * 3000), confirm=yes)
    assert os.read(reading, 65536) == b"one\n" + b"t" * 3000 + b"\n"


@pytest.mark.requirement("REL-04")
async def test_a_reader_who_stops_reading_holds_nobody_up_and_gets_whole_lines_later(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    reading, writing = pipe
    monkeypatch.setattr(sink_stdout, "_PATIENCE_MS", 50)
    receiver = StdoutReceiver(writing)
    with pytest.raises(NotTaken, match="nobody reads"):
        await receiver.take(batch(b"x" * 200_000), confirm=yes)
    while True:
        try:
            os.read(reading, 1 << 20)
        except BlockingIOError:
            break
    await receiver.take(batch(b"one", b"two"), confirm=yes)
    assert os.read(reading, 65536) == b"\none\ntwo\n"


@pytest.mark.requirement("REL-04")
async def test_a_delivery_that_was_given_up_is_not_mixed_with_the_next(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    receiver, most = StdoutReceiver(writing), 200_000
    given_up = asyncio.create_task(receiver.take(batch(b"x" * most), confirm=yes))
    while not select.select([reading], [], [], 0)[0]:
        await asyncio.sleep(0.005)
    given_up.cancel()
    with pytest.raises(NotTaken, match="still being read"):
        await receiver.take(batch(b"one"), confirm=yes)
    read = b""
    while not read.endswith(b"\n"):
        await asyncio.sleep(0.005)
        if select.select([reading], [], [], 0)[0]:
            read += os.read(reading, 65536)
    assert read == b"x" * most + b"\n"
    async with asyncio.timeout(60):
        while True:
            try:
                await receiver.take(batch(b"one"), confirm=yes)
                break
            except NotTaken:
                await asyncio.sleep(0.005)
    assert os.read(reading, 65536) == b"one\n"


async def test_a_reader_who_is_gone_is_named(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    os.close(reading)
    with pytest.raises(NotTaken, match="Broken pipe"):
        await StdoutReceiver(writing).take(batch(b"one"), confirm=yes)
