"""Removing what can end, open or say nothing any more (REL-24)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from actas.app.foundation import Foundation

SWEEP_EVERY: Final = 600.0
"""Seconds between two removals of what has ended."""

_log = structlog.get_logger("actas")


async def sweep_on(base: Foundation, may: Callable[[], Awaitable[None]]) -> None:
    """Forget what has ended, again and again. Every process does; what one removed the next does not find.

    Args:
        may: raises while nothing may be removed: a clock that is ahead would end what has not ended.
    """
    while True:
        await asyncio.sleep(SWEEP_EVERY)
        for what, sweep in (
            ("revocations", base.revoked.sweep),
            ("opaque tokens", base.opaque.sweep),
            ("refresh tokens", base.refresh_store.sweep),
            ("impersonations", base.impersonations.sweep),
            ("sessions", base.session_store.sweep),
            ("apps of sessions", base.session_apps.sweep),
        ):
            try:
                await may()
                await sweep()
            except Exception as failed:  # noqa: BLE001 - whatever it is, the next turn is tried
                _log.error(f"{what} not swept", detail=f"{type(failed).__name__}: {failed}")
