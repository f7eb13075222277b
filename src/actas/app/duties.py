"""What a serving process does beside requests, for as long as it serves: a duty that fails begins again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import structlog

AGAIN: Final = 5.0
"""Seconds until a duty that failed begins again."""

Duty = Callable[[], Awaitable[None]]
"""Goes on until it is cancelled; one that returns has nothing to do in this process."""

_log = structlog.get_logger("actas")


def begin(duties: Mapping[str, Duty], *, again: float = AGAIN) -> list[asyncio.Task[None]]:
    """Begin duties, and return the tasks that do them.

    Each deals with what it expects to go wrong. Whatever else does would end it without a word, and nobody
    would follow, seal or remove anything from then on.

    Args:
        duties: by what each is called in the log.
    """
    return [asyncio.create_task(_done(name, duty, again), name=name) for name, duty in duties.items()]


async def _done(name: str, duty: Duty, again: float) -> None:
    while True:
        try:
            await duty()
        except Exception:  # noqa: BLE001 - logged with its traceback, and begun again
            _log.exception("a duty beside requests failed and begins again", duty=name)
        else:
            return
        await asyncio.sleep(again)
