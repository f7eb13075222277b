"""A job that is killed at every point that it passes, one after the other: for programs of tests."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable

Reached = Callable[[str], None]
MOST = 200


def kill_at_each(
    job: Callable[[Reached], Awaitable[None]], *, then: Callable[[], Awaitable[None]] | None = None
) -> None:
    """Begin a job again and again, and kill it at one point later each time, until it comes to its end.

    Prints the name of each point, and behind a bar what ``then`` prints, which is run after each kill.
    """
    for at in range(MOST):
        # Each attempt is a process of its own, forked while this one has a single thread.
        child = os.fork()
        if child == 0:
            asyncio.run(_ending(job(_dying(at))))
            os._exit(0)
        if os.waitpid(child, 0)[1] != signal.SIGKILL:
            return
        print("" if then is None else "|", end="\n" if then is None else "", flush=True)
        if then is not None:
            asyncio.run(_ending(then()))


async def _ending(job: Awaitable[None]) -> None:
    await job


def _dying(at: int) -> Reached:
    passed = 0

    def reached(point: str) -> None:
        nonlocal passed
        if passed == at:
            print(point, end="", flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
        passed += 1

    return reached
