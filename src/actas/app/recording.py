"""Writing the entries that were committed with a change, by whoever made it or by any process after it."""

from __future__ import annotations

from actas.audit.log import Minutes, write_kept
from actas.core.ports import Clock
from actas.store.outbox import Outbox


async def write_waiting(outbox: Outbox, minutes: Minutes, *, clock: Clock) -> None:
    """Write every entry that this process made, or that nobody else seems to write.

    Raises:
        AuditUnavailable: one could not be written; it waits.
        StoreUnavailable: the database failed.
    """
    async with outbox.turn:
        for record in await outbox.take(now=clock.now()):
            await write_kept(minutes, record, kept=outbox)
