"""Notices that a backup was restored under a process that serves (REL-28)."""

from __future__ import annotations

from collections.abc import Callable

import structlog

from actas.store.epochs import HasEpoch

_log = structlog.get_logger("actas")


class EpochWatch:
    """Says once of each epoch that it began. Followed after what was revoked, by which it is known.

    Args:
        revoked: knows the epoch.
        began: called when another one began.
    """

    def __init__(self, revoked: HasEpoch, *, began: Callable[[], None]) -> None:
        self._revoked = revoked
        self._began = began
        self._seen = revoked.epoch

    async def follow(self) -> None:
        """Look whether another epoch began."""
        epoch = self._revoked.epoch
        if epoch != self._seen:
            _log.warning("a backup of the database was restored", epoch=epoch.number, entry=epoch.entry)
            self._began()
            self._seen = epoch
