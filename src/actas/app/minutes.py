"""Taking up a stream of the audit log: by a serving process, and by a command that changes something."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from functools import partial

from actas.app.foundation import Foundation
from actas.audit.flood import FloodGate
from actas.audit.kept import LogUnreadable
from actas.audit.log import Minutes
from actas.core.errors import AuditUnavailable
from actas.core.metrics import UNMETERED, Meter
from actas.core.ports import SystemChance
from actas.core.tracing import UNTRACED, Tracing
from actas.store.audit import NOTHING_SEALED, StreamWriter, open_writer
from actas.store.audit_shared import open_shared_writer
from actas.store.configuration import SqlConfiguration
from actas.subjects.revoked import mark_of_party


async def open_stream(base: Foundation) -> StreamWriter:
    """Take up a stream that nobody writes. The caller closes it.

    Raises:
        AuditUnavailable: the audit log cannot be written.
    """
    try:
        last = await asyncio.to_thread(base.notary().last)
    except (OSError, LogUnreadable) as problem:
        raise AuditUnavailable(f"the audit log's checkpoints cannot be read: {problem}") from problem
    sealed = NOTHING_SEALED if last is None else last.checkpoint.heads
    if base.shared_log is None:
        return await open_writer(base.audit_folder, clock=base.clock, chance=SystemChance(), sealed=sealed)
    return await open_shared_writer(
        base.shared_log,
        clock=base.clock,
        chance=SystemChance(),
        sealed=sealed,
        accept_unsafe=base.definitions.server.unsafe_database,
    )


def minutes_of(
    base: Foundation, writer: StreamWriter, meter: Meter = UNMETERED, tracing: Tracing = UNTRACED
) -> Minutes:
    """Return the minutes that are written to a stream; ``meter`` and ``tracing`` are told of it."""
    return Minutes(
        writer=writer,
        flood=FloodGate(clock=base.clock),
        clock=base.clock,
        chance=SystemChance(),
        meter=meter,
        tracing=tracing,
        pseudonym=partial(mark_of_party, base.ring),
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


async def write_waiting(store: SqlConfiguration, minutes: Minutes, *, by: str, at: int) -> None:
    """Write into the log what was committed with a change and nobody is writing.

    Raises:
        AuditUnavailable: it could not be written; it waits on.
        StoreUnavailable: the database failed.
    """
    for generation, place, body in await store.take(by=by, at=at):
        await minutes.write("configuration:changed", body)
        await store.written(generation, place)
