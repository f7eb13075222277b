"""The caller at the other end: keep-alive connections that each ask as soon as they are answered.

A process of its own, started by ``bench.http``, so that what it costs is not counted as the server's. It
reads one JSON object a line, which names a file of requests, and answers each with one line of figures. It is
lean on purpose: the requests are bytes made before, and of an answer it reads the status and the length.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final, cast

import msgspec
import uvloop

from bench.measure import percentile

SLOWEST_ROUND: Final = 120.0
"""Seconds after which a round is given up."""

_LENGTH: Final = b"content-length: "


class Task(msgspec.Struct, kw_only=True):
    """What to do.

    Attributes:
        requests: a file with a list of requests, as MessagePack.
    """

    port: int
    requests: str
    connections: int


class Figures(msgspec.Struct, kw_only=True):
    """How it went.

    Attributes:
        granted: answers with status 200 and a token.
        refused: the first answer that was another, or nothing.
        wall: seconds from the first request to the last answer.
        cpu: seconds of CPU that this process used.
        p50: milliseconds.
        p99: milliseconds.
    """

    granted: int
    refused: str
    wall: float
    cpu: float
    p50: float
    p99: float


class Load:
    """The requests of one round, and what came of them."""

    def __init__(self, requests: list[bytes]) -> None:
        self.waiting: Iterator[bytes] = iter(requests)
        self.latencies: list[float] = []
        self.refused = ""


class Connection(asyncio.Protocol):
    """One caller.

    Args:
        done: set when it has no more to ask, or cannot.
    """

    def __init__(self, load: Load, done: asyncio.Future[None]) -> None:
        self._load = load
        self._done = done
        self._buffer = b""
        self._began = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are transports, but do not derive from asyncio's.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer = self._buffer + data
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        at = buffer.find(_LENGTH) + len(_LENGTH)
        if len(buffer) < end + 4 + int(buffer[at : buffer.index(b"\r", at)]):
            return
        self._load.latencies.append((time.perf_counter() - self._began) * 1e3)
        self._buffer = b""
        if not buffer.startswith(b"HTTP/1.1 200 ") or b'"access_token":"' not in buffer:
            self._load.refused = self._load.refused or buffer.decode("latin-1")
        self.ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._done.done():
            self._load.refused = self._load.refused or f"a connection was lost: {exc}"
            self._done.set_result(None)

    def ask(self) -> None:
        """Send the next request, or hang up when there are no more."""
        if self._transport is None:
            return
        request = None if self._load.refused else next(self._load.waiting, None)
        if request is None:
            if not self._done.done():
                self._done.set_result(None)
            self._transport.close()
            return
        self._began = time.perf_counter()
        self._transport.write(request)


async def drive(task: Task, load: Load) -> Figures:
    """Run one round."""
    loop = asyncio.get_running_loop()
    ends = [loop.create_future() for _ in range(task.connections)]
    async with asyncio.timeout(SLOWEST_ROUND):
        callers = [
            (await loop.create_connection(partial(Connection, load, done), "127.0.0.1", task.port))[1]
            for done in ends
        ]
        wall, cpu = time.perf_counter(), time.process_time()
        for caller in callers:
            caller.ask()
        await asyncio.gather(*ends)
    latencies = sorted(load.latencies)
    return Figures(
        granted=0 if load.refused else len(latencies),
        refused=load.refused,
        wall=time.perf_counter() - wall,
        cpu=time.process_time() - cpu,
        p50=percentile(latencies, 0.5) if latencies else 0.0,
        p99=percentile(latencies, 0.99) if latencies else 0.0,
    )


def main() -> None:
    """Do every task that is asked for, until there are no more."""
    os.sched_setaffinity(0, {int(sys.argv[1])})
    for line in sys.stdin:
        task = msgspec.json.decode(line, type=Task)
        load = Load(msgspec.msgpack.decode(Path(task.requests).read_bytes(), type=list[bytes]))
        figures = uvloop.run(drive(task, load))
        sys.stdout.write(msgspec.json.encode(figures).decode() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
