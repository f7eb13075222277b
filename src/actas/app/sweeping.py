"""Removing what can end, open or say nothing any more (REL-24)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from actas.admin.objects import Snapshot
from actas.app.following import require_time
from actas.app.foundation import Foundation
from actas.app.own_tokens import known_store
from actas.app.parts import Shared
from actas.app.proving import resetting
from actas.core.person import subject_of
from actas.signin.resetting import Resetting

SWEEP_EVERY: Final = 600.0
"""Seconds between two removals of what has ended."""

_log = structlog.get_logger("actas")


Known = Callable[[], Awaitable[Snapshot]]
"""Says what is kept of the configuration, and who was deleted."""


class Deleted:
    """Forgets what people who were deleted had to sign in with, where that was not done at once (SEC-97).

    Args:
        known: says who was deleted. A name is never given again.
    """

    def __init__(self, known: Known, resetting: Resetting) -> None:
        self._known = known
        self._resetting = resetting
        self._generation = 0
        self._done: set[str] = set()

    async def forget(self) -> None:
        """Look at everybody of whom this process does not know that they have nothing."""
        kept = await self._known()
        if kept.generation < self._generation:  # a backup was restored, with what they had when it was made
            self._done.clear()
        self._generation = kept.generation
        for one in kept.objects:
            if one.kind != "users" or one.state != "deleted" or one.name in self._done:
                continue
            if not await self._resetting.forget(subject_of(one.name)):
                self._done.add(one.name)


async def sweep_on(base: Foundation, shared: Shared, known: Known) -> None:
    """Forget what has ended, again and again. Every process does; what one removed the next does not find.

    Nothing is removed while the time is not known: a clock that is ahead would end what has not ended.
    """
    gone = Deleted(known, resetting(base, shared))
    while True:
        await asyncio.sleep(SWEEP_EVERY)
        for what, sweep in (
            ("revocations", base.revoked.sweep),
            ("opaque tokens", base.opaque.sweep),
            ("refresh tokens", base.refresh_store.sweep),
            ("impersonations", base.impersonations.sweep),
            ("sessions", base.session_store.sweep),
            ("apps of sessions", base.session_apps.sweep),
            ("what deleted people had", gone.forget),
            ("codes of devices", base.device_store.sweep),
            ("people of other issuers", known_store(base).sweep),
            ("registered clients", base.registered.sweep),
        ):
            try:
                await require_time(base, shared.timekeeper)
                await sweep()
            except Exception as failed:  # noqa: BLE001 - whatever it is, the next turn is tried
                _log.error(f"{what} not swept", detail=f"{type(failed).__name__}: {failed}")
