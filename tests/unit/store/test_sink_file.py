"""A file as a sink."""

from __future__ import annotations

import asyncio
import fcntl
import os
import stat
from pathlib import Path

import pytest
from tests.fakes.clock import FixedClock

from actas.audit.chain import EMPTY, Head
from actas.audit.sinks import Batch, Fenced, NotTaken
from actas.store.sink_file import FileReceiver


def batch(*documents: bytes) -> Batch:
    return Batch(stream="s1", after=EMPTY, upto=Head(len(documents), "a" * 64), documents=documents)


async def yes() -> None:
    """Confirm."""


async def fenced() -> None:
    raise Fenced


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


async def test_each_entry_is_a_line_of_a_file_that_is_its_owners_alone(path: Path, clock: FixedClock) -> None:
    receiver = FileReceiver(path, clock=clock)
    await receiver.take(batch(b"one", b"two"), confirm=yes)
    await receiver.take(batch(b"three"), confirm=yes)
    assert path.read_bytes() == b"one\ntwo\nthree\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.requirement("REL-03", "REL-04")
@pytest.mark.parametrize("torn", [b"tor", b"t" * 200_000])
async def test_what_a_crash_tore_is_removed_before_anything_is_added(
    path: Path, clock: FixedClock, torn: bytes
) -> None:
    path.write_bytes(b"whole\n" + torn)
    await FileReceiver(path, clock=clock).take(batch(b"next"), confirm=yes)
    assert path.read_bytes() == b"whole\nnext\n"
    path.write_bytes(torn)
    await FileReceiver(path, clock=clock).take(batch(b"next"), confirm=yes)
    assert path.read_bytes() == b"next\n"


@pytest.mark.requirement("REL-22")
async def test_who_is_fenced_off_writes_nothing_and_lets_go_of_the_file(
    path: Path, clock: FixedClock
) -> None:
    receiver = FileReceiver(path, clock=clock)
    with pytest.raises(Fenced):
        await receiver.take(batch(b"late"), confirm=fenced)
    assert path.read_bytes() == b""
    await receiver.take(batch(b"one"), confirm=yes)
    assert path.read_bytes() == b"one\n"


async def test_a_file_that_another_process_writes_is_left_alone(path: Path, clock: FixedClock) -> None:
    path.touch()
    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(NotTaken, match="another process writes it"):
            await FileReceiver(path, clock=clock).take(batch(b"one"), confirm=yes)
    assert path.read_bytes() == b""


async def test_two_who_write_one_file_do_not_mix_lines(path: Path, clock: FixedClock) -> None:
    receivers = [FileReceiver(path, clock=clock) for _ in range(2)]

    async def write(number: int) -> None:
        while True:
            try:
                await receivers[number % 2].take(batch(*([b"%d" % number * 500] * 20)), confirm=yes)
            except NotTaken:
                await asyncio.sleep(0)
            else:
                return

    await asyncio.gather(*(write(number) for number in range(8)))
    lines = path.read_bytes().splitlines()
    assert len(lines) == 160
    assert all(lines[at : at + 20] == [lines[at]] * 20 for at in range(0, 160, 20))


async def test_a_file_that_was_moved_away_is_made_again(path: Path, clock: FixedClock) -> None:
    receiver = FileReceiver(path, clock=clock)
    await receiver.take(batch(b"one"), confirm=yes)
    path.rename(path.with_suffix(".1"))
    await receiver.take(batch(b"two"), confirm=yes)
    assert path.read_bytes() == b"two\n"


async def test_a_full_file_is_moved_aside_and_the_oldest_go(path: Path, clock: FixedClock) -> None:
    receiver = FileReceiver(path, clock=clock, rotate_at=10, keep=3)
    others = path.with_name("audit.jsonl.bak")
    others.write_bytes(b"not ours")
    for number in range(12):
        await receiver.take(batch(b"entry-%04d" % number), confirm=yes)
        if number % 2:
            clock.advance(60)
    assert path.read_bytes() == b"entry-0011\n"
    assert [one.read_bytes() for one in receiver.moved_aside()] == [
        b"entry-0008\n",
        b"entry-0009\n",
        b"entry-0010\n",
    ]
    assert others.read_bytes() == b"not ours"


async def test_nothing_is_removed_unless_somebody_says_how_many_stay(path: Path, clock: FixedClock) -> None:
    receiver = FileReceiver(path, clock=clock, rotate_at=1)
    for number in range(15):
        await receiver.take(batch(b"%02d" % number), confirm=yes)
    kept = [one.read_bytes() for one in (*receiver.moved_aside(), path)]
    assert kept == [b"%02d\n" % number for number in range(15)]


@pytest.mark.requirement("REL-04")
async def test_what_a_full_disk_cut_short_is_taken_back(
    path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = FileReceiver(path, clock=clock)
    await receiver.take(batch(b"one"), confirm=yes)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(NotTaken, match="No space left"):
            await receiver.take(batch(b"two"), confirm=yes)
    assert path.read_bytes() == b"one\n"


@pytest.mark.parametrize("kind", ["folder missing", "a folder", "a pipe"])
async def test_a_place_where_nothing_can_be_written_is_named(
    tmp_path: Path, clock: FixedClock, kind: str
) -> None:
    path = tmp_path / "there" / "audit.jsonl"
    if kind != "folder missing":
        path.parent.mkdir()
    if kind == "a folder":
        path.mkdir()
    if kind == "a pipe":
        os.mkfifo(path)
    with pytest.raises(NotTaken, match=r"audit\.jsonl"):
        await FileReceiver(path, clock=clock).take(batch(b"one"), confirm=yes)
