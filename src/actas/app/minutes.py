"""Taking up a stream of the audit log: by a serving process, and by a command that changes something."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator

from actas.app.foundation import Foundation
from actas.audit.flood import FloodGate
from actas.audit.kept import LogUnreadable
from actas.audit.log import Minutes
from actas.core.errors import AuditUnavailable
from actas.core.metrics import UNMETERED, Meter
from actas.core.ports import SystemChance
from actas.store.audit import StreamWriter, open_writer


async def open_stream(base: Foundation) -> StreamWriter:
    """Take up a stream that nobody writes. The caller closes it.

    Raises:
        AuditUnavailable: the audit log cannot be written.
    """
    try:
        sealed = base.notary().last()
    except (OSError, LogUnreadable) as problem:
        raise AuditUnavailable(f"the audit log's checkpoints cannot be read: {problem}") from problem
    return await open_writer(
        base.audit_folder,
        clock=base.clock,
        chance=SystemChance(),
        sealed={} if sealed is None else sealed.checkpoint.heads,
    )


def minutes_of(base: Foundation, writer: StreamWriter, meter: Meter = UNMETERED) -> Minutes:
    """Return the minutes that are written to a stream; ``meter`` is told of what is written."""
    return Minutes(
        writer=writer,
        flood=FloodGate(clock=base.clock),
        clock=base.clock,
        chance=SystemChance(),
        meter=meter,
    )


@contextlib.asynccontextmanager
async def own_minutes(base: Foundation) -> AsyncGenerator[Minutes]:
    """Open the minutes of a command: a stream of its own, beside those of serving processes.

    Open it before the deed, so that nothing is done that cannot be written down.

    Raises:
        AuditUnavailable: the audit log cannot be written.
    """
    writer = await open_stream(base)
    try:
        yield minutes_of(base, writer)
    finally:
        await writer.close()
