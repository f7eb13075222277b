"""Whoever is stopped while a thread works for him: nothing stays taken, and nobody is at it any more."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import pytest
from tests.fakes.audit import AuditRing, CountingChance
from tests.fakes.clock import FixedClock

from actas.audit.chain import EMPTY, Head
from actas.audit.kept import Held, Office
from actas.audit.sinks import Batch
from actas.store import audit_claim, audit_files, sink_file
from actas.store.audit import StreamWriter, open_writer
from actas.store.audit_claim import claim
from actas.store.audit_file import StreamFile
from actas.store.audit_folder import OFFICES, FolderLog
from actas.store.audit_notary import Notary, NotSealed, Sealed
from actas.store.sink_file import FileReceiver

RING = AuditRing()

P = ParamSpec("P")
R = TypeVar("R")


@pytest.fixture
async def writer(tmp_path: Path) -> AsyncIterator[StreamWriter]:
    writer = await start(tmp_path)
    yield writer
    await writer.close()


async def start(folder: Path) -> StreamWriter:
    return await open_writer(folder, clock=FixedClock(), chance=CountingChance())


async def seal(folder: Path) -> Sealed:
    return await Notary(FolderLog(folder), ring=RING, clock=FixedClock()).seal_now(sleep=never)


async def never(_: float) -> None:
    raise AssertionError("nobody should wait here")


async def stopped(work: asyncio.Task[Any], reached: threading.Event, go_on: threading.Event) -> None:
    """Stop somebody, twice, once a thread is at the step for him; the thread goes on after that."""
    loop = asyncio.get_running_loop()
    assert await asyncio.to_thread(reached.wait, 60)
    work.cancel()
    loop.call_later(0.02, work.cancel)
    loop.call_later(0.05, go_on.set)
    with pytest.raises(asyncio.CancelledError):
        await work


class Slow(FolderLog):
    """A log whose storage does one step only when it is told to."""

    def __init__(self, folder: Path, slow: str) -> None:
        super().__init__(folder)
        self.slow = slow
        self.reached = threading.Event()
        self.go_on = threading.Event()
        self.over = threading.Event()
        self.claims: list[Held] = []  # nothing is let go of because nobody remembers it

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        if name != self.slow:
            yield
            return
        self.reached.set()
        assert self.go_on.wait(60)
        yield
        self.over.set()

    def take(self, office: Office) -> Held | None:
        with self.step(f"take {office}"):
            claimed = super().take(office)
        assert claimed is not None
        self.claims.append(claimed)
        return SlowOffice(self, office, claimed)

    def keep_checkpoint(self, line: bytes) -> None:
        with self.step("keep"):
            super().keep_checkpoint(line)


class SlowOffice:
    def __init__(self, log: Slow, office: Office, claimed: Held) -> None:
        self._log = log
        self._office = office
        self._claimed = claimed

    def holds(self) -> bool:
        with self._log.step(f"ask {self._office}"):
            return self._claimed.holds()

    def release(self) -> None:
        assert self._log.over.is_set() or self._log.slow != f"ask {self._office}", (
            "a thread still asks for it"
        )
        with self._log.step(f"release {self._office}"):
            self._claimed.release()


STEPS = ("take leader", "take pen", "keep", "release pen")


@pytest.mark.parametrize("step", STEPS)
async def test_whoever_is_stopped_leaves_no_office_taken_and_no_checkpoint_half_made(
    tmp_path: Path, writer: StreamWriter, step: str
) -> None:
    log, notes = Slow(tmp_path, step), list[Sealed | NotSealed]()
    slow = Notary(log, ring=RING, clock=FixedClock())
    sealing = asyncio.create_task(slow.run(every=300, note=notes.append, sleep=never))
    await stopped(sealing, log.reached, log.go_on)
    assert await asyncio.to_thread(log.over.wait, 60)
    made = STEPS.index(step) >= STEPS.index("keep")
    sealed = await seal(tmp_path)
    assert sealed.signed.checkpoint.number == (2 if made else 1)
    leader = claim(tmp_path / OFFICES["leader"])
    assert leader is not None
    leader.release()


async def test_an_office_is_let_go_of_when_no_thread_asks_for_it_any_more(
    tmp_path: Path, writer: StreamWriter
) -> None:
    log, notes = Slow(tmp_path, "ask leader"), list[Sealed | NotSealed]()

    async def at_once(_: float) -> None:
        await asyncio.sleep(0)

    slow = Notary(log, ring=RING, clock=FixedClock())
    sealing = asyncio.create_task(slow.run(every=300, note=notes.append, sleep=at_once))
    await stopped(sealing, log.reached, log.go_on)
    leader = claim(tmp_path / OFFICES["leader"])
    assert leader is not None
    leader.release()


async def test_to_be_stopped_while_no_thread_is_free_leaves_no_office_taken(
    tmp_path: Path, writer: StreamWriter
) -> None:
    loop, free = asyncio.get_running_loop(), threading.Event()
    with ThreadPoolExecutor(max_workers=1) as pool:
        loop.set_default_executor(pool)
        log = Slow(tmp_path, "keep")
        sealing = asyncio.create_task(Notary(log, ring=RING, clock=FixedClock()).seal_now(sleep=never))
        while not log.reached.is_set():
            await asyncio.sleep(0.001)
        busy = pool.submit(free.wait, 60)  # takes the only thread before the pen is let go of
        log.go_on.set()
        while not busy.running():
            await asyncio.sleep(0.001)
        sealing.cancel()
        loop.call_later(0.05, free.set)
        with pytest.raises(asyncio.CancelledError):
            await sealing
        assert (await seal(tmp_path)).signed.checkpoint.number == 2


class Brake:
    """Holds a thread up at one step until it is told to go on."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.go_on = threading.Event()
        self.over = threading.Event()

    def at(self, step: Callable[P, R]) -> Callable[P, R]:
        def braked(*positional: P.args, **named: P.kwargs) -> R:
            self.reached.set()
            assert self.go_on.wait(60)
            try:
                return step(*positional, **named)
            finally:
                self.over.set()

        return braked


@pytest.mark.requirement("REL-03")
@pytest.mark.parametrize("step", ["claim", "open", "read", "take up"])
async def test_whoever_is_stopped_while_he_takes_up_a_stream_leaves_it_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    brake = Brake()
    with monkeypatch.context() as patched:
        match step:
            case "claim":
                patched.setattr(audit_claim, "claim", brake.at(claim))
            case "open":
                patched.setattr(audit_files, "StreamFile", brake.at(StreamFile))
            case "read":
                patched.setattr(StreamFile, "rows", brake.at(StreamFile.rows))
            case _:
                patched.setattr(StreamFile, "take_up", brake.at(StreamFile.take_up))
        await stopped(asyncio.create_task(start(tmp_path)), brake.reached, brake.go_on)
    assert brake.over.is_set()
    writer = await start(tmp_path)
    assert writer.stream == "s1"
    await writer.close()


@pytest.mark.requirement("REL-22")
async def test_whoever_is_stopped_while_he_opens_a_file_leaves_it_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def yes() -> None:
        """Confirm."""

    path, brake = tmp_path / "audit.jsonl", Brake()
    one = Batch(stream="s1", after=EMPTY, upto=Head(1, "a" * 64), documents=[b"one"])
    receiver = FileReceiver(path, clock=FixedClock())
    with monkeypatch.context() as patched:
        patched.setattr(sink_file, "_lock", brake.at(sink_file._lock))
        await stopped(asyncio.create_task(receiver.take(one, confirm=yes)), brake.reached, brake.go_on)
    assert brake.over.is_set()
    await FileReceiver(path, clock=FixedClock()).take(one, confirm=yes)
    assert path.read_bytes() == b"one\n"
