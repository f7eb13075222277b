"""Turns of the event loop."""

from __future__ import annotations

import asyncio

_TURNS = 8
"""More than asyncio needs from an accepted connection to whoever serves it, or from its end to its socket's."""


async def settled() -> None:
    """Return when a connection that was accepted a moment ago is served, and one that was ended is closed.

    A task that is cancelled before its first turn never ran, and closes nothing.
    """
    for _ in range(_TURNS):
        await asyncio.sleep(0)
