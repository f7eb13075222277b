"""Several worker processes on one pair of sockets.

ES256 holds the interpreter lock, so one process uses one core; more cores want more processes. The parent
only starts, watches and stops them: it holds no key and answers nothing.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Callable, Sequence
from ctypes import c_bool
from functools import partial
from multiprocessing.context import SpawnProcess
from typing import Final

import structlog

from actas.web.leaving import TOLD

STOPPING: Final = 40.0
"""Seconds that workers have to drain before they are killed, beside the notice; their own limit is less."""

SHORT_LIFE: Final = 10.0
"""Seconds; a worker that dies sooner counts against ``MOST_SHORT_LIVES``."""

MOST_SHORT_LIVES: Final = 5

RESTART_PAUSE: Final = 1.0
"""Seconds between two starts of a worker that keeps dying, so that a broken one does not spin."""

_log = structlog.get_logger("actas.workers")


class Workers:
    """Starts workers and keeps their number.

    Args:
        count: how many.
        start: what a worker runs; it must be importable, and gets its number and what it calls once it
            serves.
        sockets: what workers listen on. They stay open here for workers that are started again, and are
            closed when all stop: while anybody has one open, callers are not refused and wait.
        notice: seconds that workers go on after a stop was asked for.
    """

    def __init__(
        self,
        *,
        count: int,
        start: Callable[[int, Callable[[], None]], None],
        sockets: Sequence[socket.socket] = (),
        notice: float = 0.0,
    ) -> None:
        self._count = count
        self._start = start
        self._sockets = sockets
        self._patience = STOPPING + notice
        self._context = multiprocessing.get_context("spawn")
        self._alive: dict[int, SpawnProcess] = {}
        self._since: dict[int, float] = {}
        self._serves: dict[int, c_bool] = {}
        self._stopping = False
        self._short_lives = 0
        self._served = False  # whether any worker ever did

    def run(self) -> int:
        """Run until a stop is asked for and every worker has drained.

        Returns:
            0; 1 when a worker had to be killed or they kept dying; what a worker exited with that could not
            even begin, when none ever served: it has said why, and the next one could not either.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop)
        signal.signal(signal.SIGHUP, self._on_hangup)
        for worker in range(self._count):
            self._spawn(worker)
        while not self._stopping:
            time.sleep(0.2)
            failed = self._keep()
            if failed:
                self._drain()
                return failed
        return self._drain()

    def _spawn(self, worker: int) -> None:
        # A bare value: a worker that is killed while it holds the lock of anything would hold up its parent.
        serves = self._serves[worker] = self._context.RawValue(c_bool, False)
        given = (worker, partial(setattr, serves, "value", True))
        process = self._context.Process(target=self._start, args=given, name=f"actas-worker-{worker}")
        process.start()
        self._alive[worker] = process
        self._since[worker] = time.monotonic()

    def _keep(self) -> int:
        """Start again what died, and return 0; else what to exit with, as it would never stop."""
        for worker, process in list(self._alive.items()):
            if process.is_alive() or self._stopping:
                continue
            lived = time.monotonic() - self._since[worker]
            _log.error("worker died", worker=worker, exit=process.exitcode, lived_s=round(lived, 1))
            code = process.exitcode or 0
            self._served = self._served or any(one.value for one in self._serves.values())
            if code > 0 and not self._served:
                return code
            short = lived < SHORT_LIFE or not self._serves[worker].value
            self._short_lives = self._short_lives + 1 if short else 0
            if self._short_lives > MOST_SHORT_LIVES:
                return 1
            if lived < RESTART_PAUSE:
                time.sleep(RESTART_PAUSE)
            self._spawn(worker)
        return 0

    def _on_stop(self, _number: int, _frame: object) -> None:
        """Stop; or, asked a second time, have the workers not wait any longer."""
        if self._stopping:
            for process in self._alive.values():
                process.terminate()
        self._stopping = True

    def _on_hangup(self, _number: int, _frame: object) -> None:
        for process in self._alive.values():
            if process.pid is not None and process.is_alive():
                os.kill(process.pid, signal.SIGHUP)

    def _stop_all(self) -> None:
        self._stopping = True
        for process in self._alive.values():
            if process.pid is not None and process.is_alive():
                os.kill(process.pid, TOLD)

    def _drain(self) -> int:
        self._stop_all()
        for one in self._sockets:
            one.close()
        deadline = time.monotonic() + self._patience
        clean = True
        for process in self._alive.values():
            process.join(max(0.0, deadline - time.monotonic()))
            if process.is_alive():
                process.kill()
                clean = False
        return 0 if clean else 1
