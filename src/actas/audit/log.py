"""The log that closes a trail. If an attempt cannot be recorded, nothing is issued (REL-02)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, Protocol

import msgspec
import structlog

from actas.audit.counts import count_attempt, described_attempt, is_ours
from actas.audit.event import event_of
from actas.audit.flood import FloodGate
from actas.audit.harmless import harmless
from actas.audit.stream import AuditWriter, Receipt, instant, new_entry_id
from actas.audit.trail import Door, Trail, under_way
from actas.core.errors import AuditUnavailable, OAuthError
from actas.core.errors_of_signing_in import NotDecided
from actas.core.events import EventName
from actas.core.metrics import AUDIT_APPEND, AUDIT_ENTRIES, UNMETERED, Meter
from actas.core.party import Identity
from actas.core.ports import Chance, Clock
from actas.core.records import Record
from actas.core.source import place_of
from actas.core.tracing import UNTRACED, Tracing

PLACE: Final = frozenset({"v", "stream", "seq", "prev"})
"""Members that the stream itself gives every entry (``audit.chain``)."""

_log = structlog.get_logger("actas")


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
        tracing: told how every attempt at the token endpoint ended.
        pseudonym: names a subject in a trace, so that two of one person can be matched and nobody is named.
    """

    def __init__(
        self,
        *,
        writer: AuditWriter,
        flood: FloodGate,
        clock: Clock,
        chance: Chance,
        meter: Meter = UNMETERED,
        tracing: Tracing = UNTRACED,
        pseudonym: Callable[[Identity], str] | None = None,
    ) -> None:
        self._writer = writer
        self._flood = flood
        self._clock = clock
        self._chance = chance
        self._meter = meter
        self._tracing = tracing
        self._pseudonym = pseudonym
        self._watching: Callable[[Trail], None] | None = None
        self._stopped = False  # whether it was told that nothing can be written

    def watch(self, watching: Callable[[Trail], None]) -> None:
        """Have somebody told of each refusal that has an entry of its own, once it is written."""
        self._watching = watching

    def open(self, source: str, *, door: Door = "exchange") -> Trail:
        now = self._clock.now()
        trail = Trail(
            entry=new_entry_id(now, self._chance), at=now, source=source, door=door, began=time.perf_counter()
        )
        under_way.set(trail)
        return trail

    async def close(self, trail: Trail) -> Receipt | None:
        refused = trail.refused
        if trail.trace is None and self._tracing.on and trail.door == "exchange":
            trail.trace = self._tracing.begin()
        if refused is not None and not trail.revoked and not self._is_written(trail, refused):
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
        if refused is not None and self._watching is not None:
            self._watching(trail)
        return receipt

    def _is_written(self, trail: Trail, refused: OAuthError) -> bool:
        """Return whether a refusal has an entry of its own; one that has none is counted."""
        place = place_of(trail.source)
        if isinstance(refused, NotDecided) and refused.again:
            # The entry of the first question says who waits; each further one would be such a line every
            # five seconds. What ends the waiting, and who asks too often, has entries like all else.
            self._flood.count(place, refused.reason)
            return False
        return not trail.of_stranger or self._flood.admit(place, refused.reason)

    async def note(self, event: EventName, **members: Any) -> Receipt:
        """Write an event that is not an attempt: a key was made, a configuration took effect.

        Raises:
            AuditUnavailable: it could not be written.
        """
        return await self.write(event, self.draw_up(event, **members).body)

    def settled(self, receipt: Receipt) -> None:
        """Note that it is known what became of what an entry gave, though no answer has it (REL-03)."""
        self._writer.delivered(receipt)

    def draw_up(self, event: EventName, **members: Any) -> Record:
        """Return an event that is not an attempt, to be written with ``write``."""
        return draw_up(event, now=self._clock.now(), chance=self._chance, **members)

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
            AuditUnavailable: one could not be written; what was not is kept for the next time.
        """
        due = self._flood.due(now)
        for place, summary in enumerate(due):
            try:
                await self.note("exchange:refused_many", **summary.members())
            except AuditUnavailable:
                self._flood.give_back(due[place:])
                raise

    async def _append(self, event: str, body: bytes) -> Receipt:
        began = time.perf_counter()
        try:
            with self._tracing.step("actas.record"):
                receipt = await self._writer.append(body)
        except AuditUnavailable as failed:
            if not (failed.overloaded or self._stopped):
                self._stopped = True
                _log.error("the audit log takes nothing, and nothing is issued", detail=failed.detail)
            raise
        if self._stopped:
            self._stopped = False
            _log.info("the audit log takes entries again")
        self._meter.observe(AUDIT_APPEND, time.perf_counter() - began)
        self._meter.count(AUDIT_ENTRIES, event)
        return receipt

    def _count(self, trail: Trail, reason: str) -> None:
        count_attempt(self._meter, trail, reason, seconds=time.perf_counter() - trail.began)
        if self._tracing.on and trail.door == "exchange":
            described = described_attempt(trail, reason, pseudonym=self._pseudonym)
            self._tracing.describe(described, failed=reason if is_ours(reason) else "")


class Writes(Protocol):
    """Writes an entry that was drawn up."""

    async def write(self, event: EventName, body: bytes) -> object:
        """Write it.

        Raises:
            AuditUnavailable: it could not be written.
        """
        ...


class Keeps(Protocol):
    """Keeps an entry with the change that it tells of, until it stands in a stream."""

    async def written(self, entry: str) -> None:
        """Note that it does."""
        ...


async def write_kept(minutes: Writes, record: Record, *, kept: Keeps) -> None:
    """Write an entry that was kept with what it tells, and note that it stands in a stream.

    Raises:
        AuditUnavailable: it is not written yet; whoever looks for what waits writes it later.
    """
    await minutes.write(record.event, record.body)
    await kept.written(record.entry)


def draw_up(event: EventName, *, now: float, chance: Chance, **members: Any) -> Record:
    """Return an event that is not an attempt, to be kept with what it tells and written by ``Minutes``.

    Args:
        now: when it happens, seconds since the epoch.

    Raises:
        ValueError: a member has the name of one that says where every entry stands.
    """
    if taken := PLACE & members.keys():
        raise ValueError(f"an entry has these already: {', '.join(sorted(taken))}")
    name = new_entry_id(now, chance)
    document = {"id": name, "at": instant(now), "event": event, **members}
    return Record(
        entry=name, event=event, body=harmless(msgspec.json.encode(document, order="sorted")), at=now
    )
