"""Work that comes to its end although whoever waits for it is cancelled, and tasks that are ended.

A thread does not stop when the task that waits for it is cancelled, and a job that no thread has begun is
never begun then. So what a thread takes would be taken for nobody, and what is to be let go of would be kept.
Whoever takes something, or lets go of it, across an ``await`` does so here.

The work bounds its own time: nothing else does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


async def to_its_end(work: Awaitable[T]) -> T:
    """Return what work comes to. Who is cancelled meanwhile, be it twice, is so once it has ended."""
    task = asyncio.ensure_future(work)
    stopped: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as stop:
            stopped = stop
    if stopped is None:
        return task.result()
    if not task.cancelled():
        task.exception()  # seen: whoever was cancelled does not hear of it
    raise stopped


async def taken(taking: Awaitable[T], *, give_back: Callable[[T], Awaitable[object]]) -> T:
    """Return what somebody takes. What is taken for one who was cancelled meanwhile is given back first.

    Args:
        give_back: lets go of it.
    """
    task = asyncio.ensure_future(taking)
    try:
        return await to_its_end(task)
    except asyncio.CancelledError:
        if task.done() and not task.cancelled() and task.exception() is None:
            await to_its_end(give_back(task.result()))
        raise


async def stopped(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks, and return once they have ended. What they raise meanwhile is nobody's."""
    ending = [*tasks]
    for task in ending:
        task.cancel()
    await asyncio.gather(*ending, return_exceptions=True)
