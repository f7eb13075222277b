"""What the server's own log says of the audit log, and what a caller's developer is told."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs
from tests.fakes.audit import CountingChance, MemoryWriter
from tests.fakes.clock import FixedClock

from actas.audit.flood import FloodGate
from actas.audit.log import Minutes
from actas.audit.refusal import refused
from actas.core.errors import AuditUnavailable, InvalidRequest


@pytest.mark.requirement("REL-02")
async def test_that_nothing_can_be_written_is_told_once_and_that_it_can_again() -> None:
    writer, clock = MemoryWriter(), FixedClock()
    minutes = Minutes(writer=writer, flood=FloodGate(clock=clock), clock=clock, chance=CountingChance())
    with capture_logs() as logs:
        await minutes.note("log:started")
        writer.broken = True
        for _ in range(3):
            with pytest.raises(AuditUnavailable):
                await minutes.note("log:started")
        writer.broken = False
        for _ in range(2):
            await minutes.note("log:started")
    assert [(one["log_level"], one["event"], one.get("detail")) for one in logs] == [
        ("error", "the audit log takes nothing, and nothing is issued", "broken on purpose"),
        ("info", "the audit log takes entries again", None),
    ]


async def test_a_refusal_that_cannot_be_written_says_what_the_log_said() -> None:
    writer, clock = MemoryWriter(), FixedClock()
    minutes = Minutes(writer=writer, flood=FloodGate(clock=clock), clock=clock, chance=CountingChance())
    writer.broken = True
    told = await refused(minutes, minutes.open("192.0.2.1"), InvalidRequest("expired", detail="it is over"))
    assert (told.reason, told.detail) == ("audit_unavailable", "broken on purpose")
