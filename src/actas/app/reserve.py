"""The reserve: how far a sink may fall behind before nothing is issued any more (REL-04).

The log keeps what a sink has not. When a sink takes nothing for so long, or so much waits for it, that an
incident would find the copy hopelessly old, the server stops rather than go on unseen. Every process reads
what the ones that deliver have written down.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Final

import structlog

from actas.app.foundation import Foundation
from actas.app.sinks import sink_store
from actas.audit.sinks import SinkState
from actas.core.errors import TemporarilyUnavailable
from actas.settings.definitions import SinkSettings
from actas.web.tally import Labels

EVERY: Final = 3.0
"""Seconds between two looks."""

PATIENT: Final = 600.0
"""Seconds without a delivery before what waits counts: a sink that catches up is not behind."""

_log = structlog.get_logger("actas.sinks")


class Reserve:
    """What is left of the reserve of every sink that must have everything.

    Args:
        monotonic: seconds of a clock that nobody sets.
    """

    def __init__(self, base: Foundation, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._sinks = [one for one in base.definitions.audit.sinks if one.required]
        self._store = sink_store(base) if self._sinks else None
        self._clock = base.clock
        self._monotonic = monotonic
        self._looked_at = -EVERY
        self._states: dict[str, SinkState] = {}
        self._alarmed: set[str] = set()

    async def refresh(self) -> None:
        """Read how the sinks stand, and raise the alarm when half of a reserve is used.

        Raises:
            StoreUnavailable: it could not be read.
        """
        if self._store is None or self._monotonic() - self._looked_at < EVERY:
            return
        for sink in self._sinks:
            self._states[sink.name] = await self._store.state(sink.name)
        self._looked_at = self._monotonic()
        for sink in self._sinks:
            half = self._used(sink) >= 0.5
            if half and sink.name not in self._alarmed:
                _log.error("half of a sink's reserve is used", sink=sink.name, detail=self._sentence(sink))
            self._alarmed = self._alarmed | {sink.name} if half else self._alarmed - {sink.name}

    def require(self) -> None:
        """Return when every sink has room left.

        Raises:
            TemporarilyUnavailable: one has not.
        """
        problem = self.problem
        if problem is not None:
            raise TemporarilyUnavailable("audit_unavailable", detail=problem, retry_after=30)

    @property
    def problem(self) -> str | None:
        """Why nothing is issued, for ``/readyz``; None when it is."""
        full = [self._sentence(sink) for sink in self._sinks if self._used(sink) >= 1.0]
        return "; ".join(full) or None

    def warnings(self) -> tuple[str, ...]:
        """Return what operators should know before it is too late."""
        return tuple(self._sentence(sink) for sink in self._sinks if self._used(sink) >= 0.5)

    def used(self) -> Mapping[Labels, float]:
        """Return how much of each reserve is used; 1 and more is all of it."""
        return {(sink.name,): self._used(sink) for sink in self._sinks}

    def _used(self, sink: SinkSettings) -> float:
        idle = self._idle(sink)
        if idle < min(PATIENT, sink.reserve_age / 4):
            return 0.0
        waiting = self._states[sink.name].behind_bytes
        return max(idle / sink.reserve_age, waiting / sink.reserve_bytes)

    def _idle(self, sink: SinkSettings) -> float:
        """Return for how many seconds a sink took nothing of what waits for it."""
        state = self._states.get(sink.name)
        if state is None or not state.behind_since:
            return 0.0
        # One that never took anything may be new, and the log old: then it counts from its first failure.
        since = max(state.delivered_at, state.behind_since) if state.delivered_at else state.trouble_since
        return max(0.0, self._clock.now() - since) if since else 0.0

    def _sentence(self, sink: SinkSettings) -> str:
        state = self._states[sink.name]
        why = state.refused or state.trouble or (f"paused by {state.paused_by}" if state.paused_by else "")
        minutes, megabytes = self._idle(sink) / 60, state.behind_bytes / 1_000_000
        return (
            f"the sink {sink.name} took nothing for {minutes:.0f} min, about {megabytes:,.1f} MB wait"
            f" for it{f': {why}' if why else ''} (actas audit sinks list)"
        )
