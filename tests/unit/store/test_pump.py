"""Delivering a real log to one sink, with a receiver that does what a test wants."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.contracts.sink_store import Seconds
from tests.fakes.audit import AuditRing, CountingChance, body, event, rewrite
from tests.fakes.clock import FixedClock
from tests.fakes.entries import ORIGIN

from actas.audit.batches import Source
from actas.audit.chain import Head, line_hash
from actas.audit.checkpoint import is_line, ring_keys
from actas.audit.formats.catalog import FORMATS
from actas.audit.pump import SLOWEST, Pump
from actas.audit.query import read_query
from actas.audit.sinks import Batch, NotTaken, Refused, Sink
from actas.audit.tenure import Tenure
from actas.store.audit import StreamWriter, open_writer
from actas.store.audit_folder import FolderLog, reading_file
from actas.store.audit_notary import Notary
from actas.store.database import Database, open_database
from actas.store.sinks import SqlSinks

RING = AuditRing()


class Told:
    """A receiver that keeps what it took.

    Attributes:
        batches: every delivery, also those that failed.
        has: every line of those that did not.
        answer: asked before a delivery is taken; raises what the test wants.
    """

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.has: list[bytes] = []
        self.answer: Callable[[Batch], None] = lambda _: None

    async def take(self, batch: Batch, *, confirm: Callable[[], Awaitable[None]]) -> None:
        await confirm()
        self.batches.append(batch)
        self.answer(batch)
        self.has += batch.documents

    def numbers(self, stream: str = "s1") -> list[int]:
        """The numbers of the entries of a stream that it has, as they came."""
        events = [event(line) for line in self.has if not is_line(line)]
        return [one["seq"] for one in events if one["stream"] == stream]


class World:
    """A log, its sink, and who delivers."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.log = FolderLog(folder)
        self.store = SqlSinks(database)
        self.receiver = Told()
        self.seconds = Seconds()
        self.notes: list[tuple[str, dict[str, Any]]] = []

    def pump(self, *, most: int = 5, query: str = "", me: str = "a") -> Pump:
        sink = Sink(
            name="lake",
            where="somewhere",
            format=FORMATS["json"],
            query=read_query(query),
            most=most,
            receiver=self.receiver,
            origin=ORIGIN,
        )

        async def note(name: str, **members: Any) -> None:
            self.notes.append((name, members))

        return Pump(
            sink,
            source=Source(self.log, sink, keys=lambda: ring_keys(RING)),
            store=self.store,
            tenure=Tenure(self.store, "lake", me=me, monotonic=self.seconds),
            clock=FixedClock(),
            note=note,
            monotonic=self.seconds,
        )

    async def look(self, pump: Pump, *, after: float = 0.0) -> None:
        """Look once more, some time later, with signs of life meanwhile."""
        while after > 0:
            self.seconds.now += min(after, 5.0)
            after -= 5.0
            await pump.look()
        await pump.look()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "audit"
    folder.mkdir()
    return folder


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = await open_database(tmp_path, clock=FixedClock())
    yield database
    await database.close()


@pytest.fixture
async def writer(folder: Path) -> AsyncIterator[StreamWriter]:
    writer = await open_writer(folder, clock=FixedClock(), chance=CountingChance())
    yield writer
    await writer.close()


@pytest.fixture
def world(folder: Path, database: Database) -> World:
    return World(folder, database)


async def write(writer: StreamWriter, count: int) -> None:
    for number in range(count):
        await writer.append(body(f"x_{number}"))


@pytest.mark.requirement("REL-04")
async def test_everything_is_delivered_once_and_in_order(world: World, writer: StreamWriter) -> None:
    pump = world.pump()
    await write(writer, 12)
    await world.look(pump)
    await world.look(pump)
    assert world.receiver.numbers() == list(range(1, 14))
    with reading_file(world.log.folder / "s1.db") as reader:
        assert world.receiver.has == [line for _, line in reader.rows()]
    await write(writer, 3)
    assert pump.standing is not None
    await world.look(pump)
    assert pump.standing.missing == {"s1": 3}
    assert world.receiver.numbers() == list(range(1, 17))
    assert len({one.name("lake") for one in world.receiver.batches}) == len(world.receiver.batches)


async def test_checkpoints_come_after_what_they_seal_and_only_genuine_ones(
    world: World, writer: StreamWriter, folder: Path
) -> None:
    await write(writer, 7)
    notary = Notary(world.log, ring=RING, clock=FixedClock())
    first = (await notary.seal_now()).signed
    forged = Notary(FolderLog(folder.parent / "other"), ring=AuditRing(), clock=FixedClock())
    (folder.parent / "other").mkdir()
    shutil.copy(folder / "s1.db", folder.parent / "other")
    await forged.seal_now()
    await forged.seal_now()
    lines = (folder.parent / "other" / "checkpoints.jsonl").read_bytes()
    with (folder / "checkpoints.jsonl").open("ab") as file:
        file.write(lines + b"not a line\n")
    pump = world.pump()
    await world.look(pump)
    assert [is_line(line) for line in world.receiver.has] == [False] * 8 + [True]
    await notary.seal_now()
    await world.look(pump, after=20)
    sealed = [line for line in world.receiver.has if is_line(line)]
    assert len(sealed) == 2
    assert first.jws.encode() in sealed[0]


@pytest.mark.requirement("REL-04")
async def test_a_sink_that_is_away_is_tried_later_and_later_with_the_same_delivery(
    world: World, writer: StreamWriter
) -> None:
    def away(_: Batch) -> None:
        raise NotTaken("nobody at home")

    pump = world.pump()
    world.receiver.answer = away
    tries: list[float] = []
    for _ in range(900):
        before = len(world.receiver.batches)
        await world.look(pump)
        if len(world.receiver.batches) > before:
            tries.append(world.seconds.now)
        world.seconds.now += 1.0
        await write(writer, 1) if world.seconds.now % 100 == 0 else None
    pauses = [after - before for before, after in pairwise(tries)]
    assert pauses[0] <= 2
    assert max(pauses) >= SLOWEST / 2 - 1
    assert max(pauses) <= SLOWEST + 2
    assert len(tries) < 25
    assert {one.name("lake") for one in world.receiver.batches} == {world.receiver.batches[0].name("lake")}
    state = await world.store.state("lake")
    assert (state.trouble, state.refused, state.has) == ("nobody at home", "", {})
    world.receiver.answer = lambda _: None
    await world.look(pump, after=SLOWEST)
    assert world.receiver.numbers() == list(range(1, writer.head.seq + 1))
    assert (await world.store.state("lake")).trouble == ""


async def test_a_sink_is_left_alone_for_as_long_as_it_asks(world: World, writer: StreamWriter) -> None:
    def busy(_: Batch) -> None:
        raise NotTaken("429", retry_after=120)

    pump = world.pump()
    world.receiver.answer = busy
    await world.look(pump)
    await world.look(pump, after=115)
    assert len(world.receiver.batches) == 1
    await world.look(pump, after=10)
    assert len(world.receiver.batches) == 2
    world.receiver.answer = lambda _: (_ for _ in ()).throw(NotTaken("429", retry_after=10**9))
    await world.look(pump, after=125)
    await world.look(pump, after=3700)
    assert len(world.receiver.batches) > 3


@pytest.mark.requirement("REL-04")
async def test_what_a_sink_will_not_have_is_narrowed_down_and_stops_it(
    world: World, writer: StreamWriter
) -> None:
    def poisoned(batch: Batch) -> None:
        if any(b'"seq":6,' in line for line in batch.documents):
            raise Refused("400: bad entry")

    pump = world.pump(most=16)
    await write(writer, 11)
    world.receiver.answer = poisoned
    await world.look(pump)
    await world.look(pump, after=20)
    assert world.receiver.numbers() == [1, 2, 3, 4, 5]
    assert [name for name, _ in world.notes] == ["sinks:stopped"]
    assert pump.standing is not None
    assert pump.standing.stopped == "400: bad entry"
    state = await world.store.state("lake")
    assert state.due is not None
    assert (state.due.after, state.due.upto, state.refused) == (5, 6, "400: bad entry")
    tries = len(world.receiver.batches)
    await world.look(pump, after=SLOWEST + 5)  # a receiver may be mended
    assert tries < len(world.receiver.batches) <= tries + 2
    assert [name for name, _ in world.notes] == ["sinks:stopped"]
    with reading_file(world.log.folder / "s1.db") as reader:
        line = reader.line(6)
    assert line is not None
    assert await world.store.skip("lake", state.due, has=Head(6, line_hash(line)))
    await world.look(pump)  # it lost the lease
    await world.look(pump)
    assert world.receiver.numbers() == [1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12]
    await world.look(pump)
    assert pump.standing is not None
    assert pump.standing.stopped == ""


@pytest.mark.requirement("REL-04")
async def test_what_may_have_been_delivered_is_delivered_again_as_the_same(
    world: World, writer: StreamWriter
) -> None:
    """The process dies once the sink has it; when another takes over, there is more to deliver."""

    def died(_: Batch) -> None:
        raise asyncio.CancelledError

    await write(writer, 2)
    dying = world.pump(most=50)
    world.receiver.answer = died
    with pytest.raises(asyncio.CancelledError):
        await dying.look()
    (first,) = world.receiver.batches
    await write(writer, 5)
    world.receiver.answer = lambda _: None
    other = world.pump(most=50, me="b")
    await world.look(other)
    assert len(world.receiver.batches) == 1
    for _ in range(2):
        world.seconds.now += 8
        await other.look()
    again, *_ = world.receiver.batches[1:]
    assert (again.name("lake"), again.documents) == (first.name("lake"), first.documents)
    assert world.receiver.numbers() == list(range(1, 9))


async def test_only_what_a_filter_finds_is_delivered_and_the_rest_counts_as_had(
    world: World, writer: StreamWriter
) -> None:
    await write(writer, 20)
    pump = world.pump(query="id:x_1*")
    await world.look(pump)
    ids = [event(line)["id"] for line in world.receiver.has]
    assert ids == ["x_1", *(f"x_1{n}" for n in range(10))]
    assert (await world.store.state("lake")).has["s1"].seq == 21


async def test_nothing_is_delivered_to_a_sink_that_is_paused_but_it_is_watched(
    world: World, writer: StreamWriter
) -> None:
    await world.store.pause("lake", by="dana")
    pump = world.pump()
    await write(writer, 3)
    await world.look(pump)
    assert world.receiver.batches == []
    assert pump.standing is not None
    assert pump.standing.missing == {"s1": 4}
    await world.look(pump, after=10)
    assert (await world.store.state("lake")).behind_bytes > 0
    await world.store.pause("lake", by="")
    await world.look(pump)
    assert world.receiver.numbers() == [1, 2, 3, 4]


@pytest.mark.requirement("REL-04")
async def test_entries_that_are_gone_are_said_to_be_lost(
    world: World, writer: StreamWriter, folder: Path
) -> None:
    await write(writer, 9)
    rewrite(folder / "s1.db", lambda db: db.execute("DELETE FROM entries WHERE seq IN (1, 2, 6)"))
    pump = world.pump(most=50)
    await world.look(pump)
    assert world.receiver.numbers() == [3, 4, 5, 7, 8, 9, 10]
    assert world.notes == [
        ("sinks:lost", {"sink": "lake", "of": "s1", "from": 1, "to": 2}),
        ("sinks:lost", {"sink": "lake", "of": "s1", "from": 6, "to": 6}),
    ]


@pytest.mark.requirement("SEC-88")
@pytest.mark.parametrize("how", ["cut", "rewritten", "gone"])
async def test_a_log_that_was_changed_after_it_was_delivered_is_noticed(
    world: World, writer: StreamWriter, folder: Path, how: str
) -> None:
    await write(writer, 5)
    pump = world.pump()
    await world.look(pump)
    await writer.close()
    match how:
        case "cut":
            rewrite(folder / "s1.db", lambda db: db.execute("DELETE FROM entries WHERE seq > 3"))
        case "rewritten":
            change = "UPDATE entries SET line = replace(CAST(line AS TEXT), 'x_4', 'y_4')"
            rewrite(folder / "s1.db", lambda db: db.execute(change))
        case _:
            (folder / "s1.db").unlink()
    delivered = list(world.receiver.has)
    await world.look(pump)
    assert pump.standing is not None
    assert "delivered" in pump.standing.stopped
    assert world.receiver.has == delivered


async def test_a_sink_gets_a_stream_again_when_an_operator_wants_it(
    world: World, writer: StreamWriter
) -> None:
    await write(writer, 2)
    pump = world.pump()
    await world.look(pump)
    await world.store.rewind("lake", "s1")
    await world.look(pump)
    await world.look(pump)
    assert world.receiver.numbers() == [1, 2, 3, 1, 2, 3]


async def test_what_is_there_is_delivered_before_a_process_ends_and_another_goes_on_at_once(
    world: World, writer: StreamWriter
) -> None:
    pump = world.pump()
    pump.start()
    await asyncio.sleep(0)
    await write(writer, 4)
    await pump.close()
    assert world.receiver.numbers() == [1, 2, 3, 4, 5]
    await write(writer, 1)
    await world.look(world.pump(me="b"))
    assert world.receiver.numbers() == [1, 2, 3, 4, 5, 6]
