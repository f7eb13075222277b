"""Exports of a part, and of a log that is larger than memory should be."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

from tests.fakes.audit import CountingChance, body
from tests.fakes.clock import NOON, FixedClock

from actas.audit.query import read_query
from actas.audit.stream import instant
from actas.store.audit import open_writer
from actas.store.audit_export import Part, export
from actas.store.audit_folder import FolderLog


class Lines:
    """Keeps lines; or only counts them."""

    def __init__(self, *, keep: bool = True) -> None:
        self.lines: list[bytes] = []
        self.count = 0
        self._keep = keep

    def write(self, data: bytes, /) -> object:
        self.count += 1
        if self._keep:
            self.lines.append(data)
        return len(data)


def timed(name: str, at: float) -> bytes:
    return body(name)[:-1] + b',"at":"' + instant(at).encode() + b'"}'


async def test_every_stream_goes_on_by_itself(tmp_path: Path) -> None:
    one = await open_writer(tmp_path, clock=FixedClock(), chance=CountingChance())
    two = await open_writer(tmp_path, clock=FixedClock(), chance=CountingChance())
    for n in range(10):
        await (one if n % 3 else two).append(timed(f"x_{n}", NOON + n))
    log = FolderLog(tmp_path)
    first, rest = Lines(), Lines()
    done = export(log, first, Part(until=NOON + 5))
    assert done.after.keys() == {"s1", "s2"}
    more = export(log, rest, Part(after=done.after))
    whole = Lines()
    assert export(log, whole).entries == done.entries + more.entries
    assert sorted(first.lines + rest.lines) == sorted(whole.lines)
    assert export(log, Lines(), Part(after=more.after)).entries == 0
    await two.append(timed("x_new", NOON + 11))
    assert export(log, Lines(), Part(after=more.after)).entries == 1
    await one.close()
    await two.close()


async def test_what_a_query_leaves_out_counts_as_read(tmp_path: Path) -> None:
    writer = await open_writer(tmp_path, clock=FixedClock(), chance=CountingChance())
    for n in range(10):
        await writer.append(body(f"x_{n}"))
    kept = Lines()
    done = export(FolderLog(tmp_path), kept, Part(query=read_query("id:x_3")))
    assert (done.entries, done.after) == (1, {"s1": 11})
    assert b'"x_3"' in kept.lines[0]
    await writer.close()


async def test_memory_does_not_grow_with_the_log(tmp_path: Path) -> None:
    writer = await open_writer(tmp_path, clock=FixedClock(), chance=CountingChance())
    for n in range(3000):
        await writer.append(body(f"x_{n}", more="x" * 3000))
    await writer.close()
    tracemalloc.start()
    target = Lines(keep=False)
    assert export(FolderLog(tmp_path), target).entries == 3002
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert target.count >= 3002
    assert most < 5_000_000  # of nine million bytes
