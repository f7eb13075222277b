"""The log that closes a trail. If an attempt cannot be recorded, nothing is issued (REL-02)."""

from __future__ import annotations

import time
from typing import Any, Protocol

import msgspec

from actas.audit.counts import count_attempt
from actas.audit.event import event_of, harmless
from actas.audit.flood import FloodGate
from actas.audit.stream import AuditWriter, Receipt, instant, new_entry_id
from actas.audit.trail import Door, Trail
from actas.core.errors import AuditUnavailable
from actas.core.events import EventName
from actas.core.metrics import AUDIT_APPEND, AUDIT_ENTRIES, UNMETERED, Meter
from actas.core.ports import Chance, Clock


class AuditLog(Protocol):
    """Keeps the minutes."""

    def open(self, source: str, *, door: Door = "exchange") -> Trail:
        """Begin the trail of one attempt.

        Args:
            source: the peer's address.
            door: where it asks.
        """
        ...

    async def close(self, trail: Trail) -> Receipt | None:
        """Write the event of one attempt. When this returns, it is durable.

        Returns:
            Where it stands; None when it was counted rather than written (SEC-90).

        Raises:
            AuditUnavailable: it could not be written. No token leaves.
        """
        ...


class Minutes:
    """The audit log of one worker process, over the stream it owns.

    Args:
        writer: the stream.
        flood: counts refusals before authentication.
        meter: told of every attempt that ended, and of every entry.
    """

    def __init__(
        self,
        *,
        writer: AuditWriter,
        flood: FloodGate,
        clock: Clock,
        chance: Chance,
        meter: Meter = UNMETERED,
    ) -> None:
        self._writer = writer
        self._flood = flood
        self._clock = clock
        self._chance = chance
        self._meter = meter

    def open(self, source: str, *, door: Door = "exchange") -> Trail:
        now = self._clock.now()
        return Trail(
            entry=new_entry_id(now, self._chance), at=now, source=source, door=door, began=time.perf_counter()
        )

    async def close(self, trail: Trail) -> Receipt | None:
        refused = trail.refused
        if (
            trail.client is None
            and refused is not None
            and not self._flood.admit(trail.source, refused.reason)
        ):
            self._count(trail, refused.reason)
            return None
        try:
            receipt = await self._append(
                f"{trail.door}:{'granted' if refused is None else 'refused'}", event_of(trail)
            )
        except AuditUnavailable as failed:
            self._count(trail, "overloaded" if failed.overloaded else "audit_unavailable")
            raise
        self._count(trail, "" if refused is None else refused.reason)
        return receipt

    async def note(self, event: EventName, **members: Any) -> Receipt:
        """Write an event that is not an attempt: a key was made, a configuration took effect.

        Raises:
            AuditUnavailable: it could not be written.
        """
        return await self.write(event, self.draw_up(event, **members)[1])

    def draw_up(self, event: EventName, **members: Any) -> tuple[str, bytes]:
        """Return the id and the body of an event that is not an attempt, to be written with ``write``."""
        now = self._clock.now()
        name = new_entry_id(now, self._chance)
        document = {"id": name, "at": instant(now), "event": event, **members}
        return name, harmless(msgspec.json.encode(document, order="sorted"))

    async def write(self, event: EventName, body: bytes) -> Receipt:
        """Write an event that was drawn up.

        Raises:
            AuditUnavailable: it could not be written.
        """
        return await self._append(event, body)

    async def write_counts(self, now: float) -> None:
        """Write one summary for each source whose refusals were counted in a minute that is over.

        Args:
            now: seconds since the epoch; ``math.inf`` at the end.

        Raises:
            AuditUnavailable: one could not be written.
        """
        for summary in self._flood.due(now):
            await self.note("exchange:refused_many", **summary)

    async def _append(self, event: str, body: bytes) -> Receipt:
        began = time.perf_counter()
        receipt = await self._writer.append(body)
        self._meter.observe(AUDIT_APPEND, time.perf_counter() - began)
        self._meter.count(AUDIT_ENTRIES, event)
        return receipt

    def _count(self, trail: Trail, reason: str) -> None:
        count_attempt(self._meter, trail, reason, seconds=time.perf_counter() - trail.began)
