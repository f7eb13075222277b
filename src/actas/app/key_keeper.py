"""Changing keys when their time has come, beside requests, in every serving process.

Each looks once a second at what it knows, in memory. When something is due, it is made by compare and set
(``keys.rotation``): one process wins. What happened is committed with it, and written into the minutes by
the process that made it, or by another when that one died (``store.outbox``).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog

from actas.core.errors import AuditUnavailable
from actas.core.pacing import set_within, spread
from actas.keys.ring import KeyInfo
from actas.keys.rotation import Rotation

EVERY: Final = 1.0
"""Seconds between two looks, on average: processes that were started together do not look together."""

_log = structlog.get_logger("actas.keys")


class KeyKeeper:
    """Makes what is due.

    Args:
        keys: returns what this process knows of the keys.
        write: writes what was committed with a change, by this process or by one that died, and is not in
            the minutes yet; changes of others than keys too.
        changed: told when something was changed, so that this process sees it at once.
        may: raises while nothing may be changed: a clock that is ahead would destroy keys that are needed.
    """

    def __init__(
        self,
        rotation: Rotation,
        *,
        keys: Callable[[], Sequence[KeyInfo]],
        write: Callable[[], Awaitable[None]],
        changed: Callable[[], None],
        may: Callable[[], Awaitable[None]],
    ) -> None:
        self._rotation = rotation
        self._keys = keys
        self._write = write
        self._changed = changed
        self._may = may
        self._said: str | None = None
        self._closing = asyncio.Event()
        self._looking = asyncio.Lock()

    async def run(self) -> None:
        """Look until closed."""
        while not self._closing.is_set():
            await set_within(self._closing, spread(EVERY))
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
            await self._write()
            if not self._closing.is_set() and self._rotation.is_due(self._keys()):
                await self._may()
                for change in await self._rotation.turn():
                    _log.info(change.event, **change.members())
                self._changed()
                await self._write()
        except AuditUnavailable as failed:
            self._complain("a change of keys, or a revocation, is not in the audit log yet", failed.detail)
        except Exception as problem:  # noqa: BLE001 - whatever it is, the keys at hand serve on
            self._complain("keys cannot be changed", f"{type(problem).__name__}: {problem}")
        else:
            self._said = None

    def _complain(self, what: str, detail: str) -> None:
        """Say it once, not at every look."""
        if self._said != what:
            _log.error(what, detail=detail)
        self._said = what
