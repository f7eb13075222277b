"""How long to wait before another look, or another try: spread, so that processes do not come all at once."""

from __future__ import annotations

import asyncio
import contextlib
import random
from typing import Final

_DOUBLED: Final = 16
"""Times that a pause is doubled at most: by then every limit is reached."""


def spread(every: float) -> float:
    """Return the seconds until the next look: ``every``, on average."""
    return random.uniform(0.5 * every, 1.5 * every)  # noqa: S311 - only spreads


def backoff(failures: int, *, slowest: float) -> float:
    """Return the seconds until another try: about one at first, twice as long after each failure.

    Args:
        failures: how many there were, at least one.
        slowest: seconds at most.
    """
    return min(slowest, 2.0 ** min(failures - 1, _DOUBLED)) * random.uniform(0.5, 1.0)  # noqa: S311 - likewise


async def set_within(event: asyncio.Event, seconds: float) -> None:
    """Return when an event is set, or after a while if it is not."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
