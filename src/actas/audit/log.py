"""The log that closes a trail. If an attempt cannot be recorded, nothing is issued (REL-02)."""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from actas.audit.event import event_of
from actas.audit.flood import FloodGate
from actas.audit.stream import AuditWriter, Receipt, instant, new_entry_id
from actas.audit.trail import Door, Trail
from actas.core.events import EventName
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
    """

    def __init__(self, *, writer: AuditWriter, flood: FloodGate, clock: Clock, chance: Chance) -> None:
        self._writer = writer
        self._flood = flood
        self._clock = clock
        self._chance = chance

    def open(self, source: str, *, door: Door = "exchange") -> Trail:
        now = self._clock.now()
        return Trail(entry=new_entry_id(now, self._chance), at=now, source=source, door=door)

    async def close(self, trail: Trail) -> Receipt | None:
        refused = trail.refused
        if (
            trail.client is None
            and refused is not None
            and not self._flood.admit(trail.source, refused.reason)
        ):
            return None
        return await self._writer.append(event_of(trail))

    async def note(self, event: EventName, **members: Any) -> Receipt:
        """Write an event that is not an attempt: a key was made, a configuration took effect.

        Raises:
            AuditUnavailable: it could not be written.
        """
        now = self._clock.now()
        document = {"id": new_entry_id(now, self._chance), "at": instant(now), "event": event, **members}
        return await self._writer.append(msgspec.json.encode(document, order="sorted"))

    async def write_counts(self, now: float) -> None:
        """Write one summary for each source whose refusals were counted in a minute that is over.

        Args:
            now: seconds since the epoch; ``math.inf`` at the end.

        Raises:
            AuditUnavailable: one could not be written.
        """
        for summary in self._flood.due(now):
            await self.note("exchange:refused_many", **summary)
