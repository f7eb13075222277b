"""Standard output as a sink, for whoever collects what a container says.

A reader who stops reading must not hold the process up: each piece waits for room, and only so long.
"""

from __future__ import annotations

import asyncio
import os
import select
from collections.abc import Awaitable, Callable
from threading import Lock
from typing import Final

from actas.audit.formats.catalog import lines
from actas.audit.sinks import Batch, NotTaken

_PIECE: Final = 512
"""Bytes that a pipe takes at once when it says that there is room (POSIX: PIPE_BUF is at least that)."""

_PATIENCE_MS: Final = 2000


class StdoutReceiver:
    """Implements ``audit.sinks.Receiver``: writes lines. They are delivered once the pipe has them.

    Args:
        descriptor: where to write.
    """

    def __init__(self, descriptor: int = 1) -> None:
        self._descriptor = descriptor
        self._torn = False
        self._turn = Lock()

    async def take(self, batch: Batch, *, confirm: Callable[[], Awaitable[None]]) -> None:
        await confirm()
        await asyncio.to_thread(self._write, lines(batch.documents))

    def _write(self, data: bytes) -> None:
        # A delivery that was given up, because its lease ended, goes on for as long as a slow reader wants.
        if not self._turn.acquire(blocking=False):
            raise NotTaken("what was delivered before is still being read")
        try:
            self._write_alone(data)
        finally:
            self._turn.release()

    def _write_alone(self, data: bytes) -> None:
        left = memoryview(b"\n" + data if self._torn else data)
        poll = select.poll()
        poll.register(self._descriptor, select.POLLOUT)
        self._torn = True
        try:
            while left:
                if not poll.poll(_PATIENCE_MS):
                    raise NotTaken("nobody reads standard output")
                left = left[os.write(self._descriptor, left[:_PIECE]) :]
        except OSError as problem:
            raise NotTaken(f"standard output: {problem.strerror or problem}") from problem
        self._torn = False
