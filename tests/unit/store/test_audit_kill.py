"""Killed at any moment, a process has written down all that it answered (REL-01, REL-03).

A child appends under load and says which entries were acknowledged. It is killed without warning, and what
it said is compared with the file; then the next child takes the stream up.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.fakes.audit import CountingChance, event
from tests.fakes.clock import FixedClock

from actas.audit.chain import EMPTY, follow
from actas.store.audit import open_writer
from actas.store.audit_folder import reading

ROUNDS = 8

CHILD = """
import asyncio, os, sys
from pathlib import Path
from actas.core.ports import SystemChance, SystemClock
from actas.audit.stream import new_entry_id
from actas.store.audit import open_writer
from tests.fakes.audit import body

async def ask(writer, round):
    n = 0
    while True:
        n += 1
        name = new_entry_id(0.0, SystemChance())
        receipt = await writer.append(body(name, event="exchange:granted", outcome="granted", text="a" * 600))
        os.write(1, f"{name} {receipt.stream} {receipt.seq}\\n".encode())
        if n % 3:
            writer.delivered(receipt)

async def main():
    writer = await open_writer(Path(sys.argv[1]), clock=SystemClock(), chance=SystemChance())
    os.write(1, b"ready\\n")
    await asyncio.gather(*[ask(writer, n) for n in range(16)])

asyncio.run(main())
"""


def run_and_kill(folder: Path, *, lines: int) -> list[tuple[str, str, int]]:
    """Let a child write until it said ``lines`` lines, kill it, and return all that it said."""
    with subprocess.Popen([sys.executable, "-c", CHILD, str(folder)], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        said = [child.stdout.readline() for _ in range(lines)]
        os.kill(child.pid, signal.SIGKILL)
        said += child.stdout.readlines()
    whole = [line.decode().split() for line in said if line.endswith(b"\n") and line != b"ready\n"]
    return [(name, stream, int(seq)) for name, stream, seq in whole]


@pytest.mark.requirement("REL-01", "REL-03", "SEC-88")
async def test_no_acknowledged_entry_is_lost_whenever_the_process_is_killed(tmp_path: Path) -> None:
    dice = random.Random(11)
    said: list[tuple[str, str, int]] = []
    for _ in range(ROUNDS):
        said += run_and_kill(tmp_path, lines=dice.randrange(1, 1500))
    writer = await open_writer(tmp_path, clock=FixedClock(), chance=CountingChance())
    assert writer.stream == "s1"
    assert writer.broken == ()
    await writer.close()
    with reading(tmp_path / "s1.db") as reader:
        rows = list(reader.rows())
    assert follow(rows, stream="s1", head=EMPTY).seq == len(rows)
    entries = [event(line) for _, line in rows]
    assert len(said) > 1000
    for name, stream, seq in said:
        assert stream == "s1"
        assert entries[seq - 1]["id"] == name
    recoveries = [entry for entry in entries if entry.get("event") == "log:recovered"]
    assert len(recoveries) >= ROUNDS
    granted = {entry["id"] for entry in entries if entry.get("outcome") == "granted"}
    unknown = [name for entry in recoveries for name in entry.get("facts", {}).get("delivery_unknown", [])]
    assert len(unknown) == len(set(unknown))
    assert set(unknown) <= granted
