"""Looking at the sinks of the audit log: whether each gets what it should, and how long that may go on."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from actas.app.finding import Result, State
from actas.app.foundation import Foundation
from actas.app.reserve import Reserve
from actas.app.sinks import sink_store, where
from actas.audit.batches import missing
from actas.settings.definitions import SinkSettings
from actas.web.tally import Labels


async def look_at_sinks(base: Foundation) -> list[Result]:
    """Return what is found of each sink that is configured."""
    reserve = Reserve(base)
    await reserve.refresh()
    return [await _sink(base, one, used=reserve.used()) for one in base.definitions.audit.sinks]


async def _sink(base: Foundation, sink: SinkSettings, *, used: Mapping[Labels, float]) -> Result:
    state = await sink_store(base).state(sink.name)
    lacks = (await asyncio.to_thread(missing, base.audit_log, state.has)).values()
    changed = [one.changed for one in lacks if one.changed is not None]
    entries = sum(one.entries for one in lacks)
    said = f"{sink.name} ({where(sink)}): "
    said += (
        f"{entries:,} {'entry waits' if entries == 1 else 'entries wait'} for it"
        if entries
        else "it has everything"
    )
    if changed:
        said = f"{sink.name}: {'; '.join(changed)}"
        return Result(
            name="audit sinks", state="bad", says=said, remedy="actas audit verify, and compare the copy"
        )
    full = used.get((sink.name,), 0.0)
    if state.refused:
        remedy = "mend the receiver, or pass the entry over: actas audit sinks skip"
        return Result(
            name="audit sinks", state="bad", says=f"{said}; it refuses one: {state.refused}", remedy=remedy
        )
    grave: State = "bad" if full >= 1.0 else "warn"
    if state.paused_by:
        remedy = f"actas audit sinks resume {sink.name} --reason …"
        return Result(
            name="audit sinks", state=grave, says=f"{said}; paused by {state.paused_by}", remedy=remedy
        )
    if state.trouble:
        remedy = f"{full:.0%} of its reserve is used; once it is used up, nothing is issued"
        return Result(name="audit sinks", state=grave, says=f"{said}; {state.trouble}", remedy=remedy)
    if not state.holder:
        remedy = "a running server delivers"
        return Result(name="audit sinks", state="warn", says=f"{said}; nobody delivers to it", remedy=remedy)
    return Result(name="audit sinks", state="good", says=said)
