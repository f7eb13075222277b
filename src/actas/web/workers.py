"""Several worker processes on one pair of sockets.

ES256 holds the interpreter lock, so one process uses one core; more cores want more processes. The parent
only starts, watches and stops them: it holds no key and answers nothing.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from multiprocessing.context import SpawnProcess
from typing import Final

import structlog

STOPPING: Final = 40.0
"""Seconds that workers have to drain before they are killed; longer than a worker's own limit."""

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
        start: what a worker runs; it must be importable, and gets its number.
    """

    def __init__(self, *, count: int, start: Callable[[int], None]) -> None:
        self._count = count
        self._start = start
        self._context = multiprocessing.get_context("spawn")
        self._alive: dict[int, SpawnProcess] = {}
        self._began: dict[int, float] = {}
        self._stopping = False
        self._short_lives = 0

    def run(self) -> int:
        """Run until a stop is asked for and every worker has drained.

        Returns:
            0, or 1 when a worker had to be killed or none could start.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_stop)
        signal.signal(signal.SIGHUP, self._on_hangup)
        for worker in range(self._count):
            self._spawn(worker)
        while not self._stopping:
            time.sleep(0.2)
            if not self._keep():
                return 1
        return self._drain()

    def _spawn(self, worker: int) -> None:
        process = self._context.Process(target=self._start, args=(worker,), name=f"actas-worker-{worker}")
        process.start()
        self._alive[worker] = process
        self._began[worker] = time.monotonic()

    def _keep(self) -> bool:
        """Start again what died. Workers that keep dying young end the whole: it would never stop."""
        for worker, process in list(self._alive.items()):
            if process.is_alive() or self._stopping:
                continue
            lived = time.monotonic() - self._began[worker]
            _log.error("worker died", worker=worker, exit=process.exitcode, lived_s=round(lived, 1))
            self._short_lives = self._short_lives + 1 if lived < SHORT_LIFE else 0
            if self._short_lives > MOST_SHORT_LIVES:
                self._drain()
                return False
            if lived < RESTART_PAUSE:
                time.sleep(RESTART_PAUSE)
            self._spawn(worker)
        return True

    def _on_stop(self, _number: int, _frame: object) -> None:
        self._stopping = True

    def _on_hangup(self, _number: int, _frame: object) -> None:
        for process in self._alive.values():
            if process.pid is not None and process.is_alive():
                os.kill(process.pid, signal.SIGHUP)

    def _stop_all(self) -> None:
        self._stopping = True
        for process in self._alive.values():
            if process.is_alive():
                process.terminate()

    def _drain(self) -> int:
        self._stop_all()
        deadline = time.monotonic() + STOPPING
        clean = True
        for process in self._alive.values():
            process.join(max(0.0, deadline - time.monotonic()))
            if process.is_alive():
                process.kill()
                clean = False
        return 0 if clean else 1
