"""Who calls: ``bench.driver`` in a process of its own, told what to send."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from bench.company import Company, http_request
from bench.driver import Figures, Task
from bench.measure import cores

CONNECTIONS: Final = 64
_ROOT: Final = Path(__file__).parents[1]


class Failed(Exception):
    """The server did not do what it must. The message says what."""


class Driver:
    """The caller, in a process of its own."""

    def __init__(self, company: Company) -> None:
        _, core = cores()
        self._company = company
        self._file = company.folder / "requests"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.driver", str(core)],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def drive(self, bodies: list[bytes]) -> Figures:
        """Send requests over 64 connections.

        Raises:
            Failed: one was not granted.
        """
        self._file.write_bytes(msgspec.msgpack.encode([http_request(body) for body in bodies]))
        task = Task(port=self._company.public, requests=str(self._file), connections=CONNECTIONS)
        send, receive = self._process.stdin, self._process.stdout
        if send is None or receive is None:
            raise Failed("the driver has no pipes")
        send.write(msgspec.json.encode(task).decode() + "\n")
        send.flush()
        line = receive.readline()
        if not line:
            raise Failed("the driver ended")
        figures = msgspec.json.decode(line, type=Figures)
        if figures.refused or figures.granted != len(bodies):
            raise Failed(f"{figures.granted} of {len(bodies)} were granted; {figures.refused}")
        return figures

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()


@contextmanager
def driving(company: Company) -> Generator[Driver]:
    """Run a driver."""
    driver = Driver(company)
    try:
        yield driver
    finally:
        driver.close()
