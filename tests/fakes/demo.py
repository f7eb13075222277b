"""The demo as a process beside the test, as somebody in another terminal meets it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningDemo:
    """A demo that has played its scenes and keeps running.

    Attributes:
        document: what it answered with ``--json``.
    """

    process: subprocess.Popen[str]
    document: dict[str, Any] = field(repr=False)

    @property
    def folder(self) -> Path:
        return Path(self.document["folder"])

    @property
    def ports(self) -> dict[str, int]:
        return dict(self.document["ports"])

    @property
    def processes(self) -> dict[str, int]:
        return dict(self.document["processes"])

    def shell(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run ``script`` as typed in another terminal, after the line that the demo tells to source."""
        return subprocess.run(
            ["/bin/sh", "-c", f". {self.document['environment']}\n{script}"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=elsewhere(),
        )


def elsewhere() -> dict[str, str]:
    """The environment of a terminal that knows nothing of Actas."""
    return {name: value for name, value in os.environ.items() if not name.startswith("ACTAS_")}


def demo(*flags: str, temporary: Path) -> subprocess.Popen[str]:
    """Start a demo whose folder, unless it is kept, is in ``temporary``.

    It hears Ctrl-C also when the tests themselves were started in the background, where shells have it ignored.
    """
    return subprocess.Popen(
        [sys.executable, "-m", "actas", "demo", *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**elsewhere(), "TMPDIR": str(temporary), "PYTHONIOENCODING": "utf-8"},
        preexec_fn=_hears_ctrl_c,  # noqa: PLW1509 - the demo is started by the only thread of the tests
    )


def _hears_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextlib.contextmanager
def running_demo(temporary: Path, *flags: str) -> Generator[RunningDemo]:
    """Start a demo, and end it at the latest when the block ends."""
    process = demo("-o", "jsonl", "--port", "0", *flags, temporary=temporary)
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        yield RunningDemo(process=process, document=json.loads(line))
    finally:
        process.terminate()
        try:
            process.wait(timeout=100)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
        process.stderr.close()


def is_running(pid: int) -> bool:
    """Whether there is such a process that has not ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return _answers_to_signals(pid) if not Path("/proc/self").exists() else False
    return state != "Z"  # ended, and nobody has asked how


def _answers_to_signals(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until_ended(pids: list[int], *, seconds: float = 20.0) -> list[int]:
    """Wait until all have ended, and return those that have not."""
    until = time.monotonic() + seconds
    while (left := [pid for pid in pids if is_running(pid)]) and time.monotonic() < until:
        time.sleep(0.05)
    return left
