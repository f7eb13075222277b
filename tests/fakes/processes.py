"""Real processes that start at one moment: what threads of one process cannot prove.

A script prints ``ready`` and waits for a line; then all of them run at once. What each printed after that is
returned.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

PRELUDE = """
import asyncio, sys
from pathlib import Path
def together():
    print("ready", flush=True)
    sys.stdin.readline()
"""
"""What every script may use: ``together()`` waits for the others."""


def run_together(script: str, *arguments: str, count: int) -> list[str]:
    """Run ``count`` processes of ``script`` at once.

    Returns:
        What each printed after ``together()``.

    Raises:
        AssertionError: one of them failed; its last words are in the message.
    """
    running = [_start(script, arguments) for _ in range(count)]
    try:
        for process in running:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n", process.communicate()[1]
        for process in running:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        ended = [process.communicate(timeout=60) for process in running]
    finally:
        for process in running:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()
    for process, (_, words) in zip(running, ended, strict=True):
        assert process.returncode == 0, words
    return [said for said, _ in ended]


def _start(script: str, arguments: Sequence[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PRELUDE + script, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
