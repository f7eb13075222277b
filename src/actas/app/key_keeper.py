"""Changing keys when their time has come, beside requests, in every serving process.

Each looks once a second at what it knows, in memory. When something is due, it is made by compare and set
(``keys.rotation``): one process wins and writes what happened into its minutes.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import structlog

from actas.core.errors import AuditUnavailable
from actas.keys.ring import KeyInfo
from actas.keys.rotation import Change, Rotation

EVERY: Final = 1.0
"""Seconds between two looks, on average: processes that were started together do not look together."""

_log = structlog.get_logger("actas.keys")


class KeyKeeper:
    """Makes what is due.

    Args:
        keys: returns what this process knows of the keys.
        note: writes an event.
        changed: told when something was changed, so that this process sees it at once.
    """

    def __init__(
        self,
        rotation: Rotation,
        *,
        keys: Callable[[], Sequence[KeyInfo]],
        note: Callable[..., Awaitable[Any]],
        changed: Callable[[], None],
    ) -> None:
        self._rotation = rotation
        self._keys = keys
        self._note = note
        self._changed = changed
        self._untold: deque[Change] = deque()
        self._said: str | None = None
        self._closing = asyncio.Event()
        self._looking = asyncio.Lock()

    async def run(self) -> None:
        """Look until closed."""
        while not self._closing.is_set():
            pause = random.uniform(0.5 * EVERY, 1.5 * EVERY)  # noqa: S311 - only spreads
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._closing.wait()
            async with self._looking:
                await self.look()

    async def close(self) -> None:
        """Begin no further change; finish one that is under way, and write down what was changed."""
        self._closing.set()
        async with self._looking:
            await self.look()

    async def look(self) -> None:
        """Make the change that is due, if any. What cannot be done now is tried again at the next look."""
        try:
            if not self._closing.is_set() and self._rotation.is_due(self._keys()):
                self._untold.extend(await self._rotation.turn())
                self._changed()
            while self._untold:
                change = self._untold[0]
                await self._note(change.event, **change.members())
                _log.info(change.event, **change.members())
                self._untold.popleft()
        except AuditUnavailable as failed:
            self._complain("a change of keys is not in the audit log yet", failed.detail)
        except Exception as problem:  # noqa: BLE001 - whatever it is, the keys at hand serve on
            self._complain("keys cannot be changed", f"{type(problem).__name__}: {problem}")
        else:
            self._said = None

    def _complain(self, what: str, detail: str) -> None:
        """Say it once, not at every look."""
        if self._said != what:
            _log.error(what, detail=detail)
        self._said = what
