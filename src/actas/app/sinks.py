"""The sinks of the audit log over a foundation: where copies go, and the pumps that deliver to them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from actas import __version__
from actas.app.foundation import Foundation
from actas.audit.batches import Source
from actas.audit.checkpoint import ring_keys
from actas.audit.formats.catalog import FORMATS
from actas.audit.formats.entry import Origin
from actas.audit.pump import Pump
from actas.audit.sinks import Receiver, Sink
from actas.audit.tenure import Tenure
from actas.audit.webhook import WebhookReceiver, read_secret
from actas.core.metrics import AUDIT_SINK_BEHIND, AUDIT_SINK_LAG, AUDIT_SINK_STOPPED, Gauge, Meter
from actas.core.ports import Post, SystemChance
from actas.settings.definitions import SinkSettings
from actas.store.audit_folder import folder_name
from actas.store.sink_file import FileReceiver
from actas.store.sink_stdout import StdoutReceiver
from actas.store.sinks import SqlSinks
from actas.web.tally import Labels, Reading

FILE_BATCH: Final = 500
"""Entries in one delivery to a file."""


def sink_store(base: Foundation) -> SqlSinks:
    """Return what is known of the sinks of this server's log."""
    # Nodes that share a database, each with a log of its own, call their streams alike. One that they share
    # is delivered by one process of all nodes.
    own = base.database.shared and base.shared_log is None
    log = folder_name(base.audit_folder) if own else ""
    return SqlSinks(base.database, log=log)


def source_of(base: Foundation, sink: Sink) -> Source:
    """Return what reads the log for a sink."""
    return Source(base.audit_log, sink, keys=lambda: ring_keys(base.ring))


def sinks_of(base: Foundation, post: Post) -> tuple[Sink, ...]:
    """Return the sinks that are configured.

    Args:
        post: the guarded way out.
    """
    return tuple(_sink(base, one, post) for one in base.definitions.audit.sinks)


def where(settings: SinkSettings) -> str:
    """Return where a sink leads, for people; no secret is in it."""
    if settings.webhook is not None:
        return settings.webhook.partition("?")[0]
    return "standard output" if settings.file is None else str(settings.file)


def _receiver(base: Foundation, settings: SinkSettings, post: Post) -> Receiver:
    if settings.webhook is not None:
        return WebhookReceiver(
            settings.name,
            url=settings.webhook,
            keys=[read_secret(one) for one in settings.secrets],
            form=FORMATS[settings.format],
            post=post,
            clock=base.clock,
        )
    if settings.file is None:
        return StdoutReceiver()
    return FileReceiver(settings.file, clock=base.clock, rotate_at=settings.rotate_at, keep=settings.keep)


def _sink(base: Foundation, settings: SinkSettings, post: Post) -> Sink:
    return Sink(
        name=settings.name,
        where=where(settings),
        format=FORMATS[settings.format],
        query=settings.query,
        most=FILE_BATCH if settings.webhook is None else settings.batch,
        receiver=_receiver(base, settings, post),
        origin=Origin(issuer=base.issuer, version=__version__),
    )


class Pumps:
    """The pumps of one serving process. None before it is started.

    Args:
        post: the guarded way out.
    """

    def __init__(self, base: Foundation, *, post: Post, meter: Meter) -> None:
        self._base = base
        self._post = post
        self._meter = meter
        self._pumps: list[Pump] = []

    def start(self, note: Callable[..., Awaitable[Any]]) -> None:
        """Begin to deliver.

        Args:
            note: writes an event.

        Raises:
            LogUnreadable: the folder of the log cannot be used.
        """
        base, sinks = self._base, sinks_of(self._base, self._post)
        if not sinks:
            return
        store, me = sink_store(base), SystemChance().token(16)
        self._pumps = [
            Pump(
                sink,
                source=source_of(base, sink),
                store=store,
                tenure=Tenure(store, sink.name, me=me),
                clock=base.clock,
                note=note,
                meter=self._meter,
            )
            for sink in sinks
        ]
        for pump in self._pumps:
            pump.start()

    async def close(self) -> None:
        """Deliver what is there, if that is soon done, and let other processes have the sinks."""
        await asyncio.gather(*(one.close() for one in self._pumps), return_exceptions=True)

    def gauges(self) -> dict[Gauge, Reading]:
        """Return what is read of the sinks that this process delivers to."""
        return {
            AUDIT_SINK_LAG: self.lag,
            AUDIT_SINK_BEHIND: self.behind,
            AUDIT_SINK_STOPPED: self.stopped,
        }

    def lag(self) -> Mapping[Labels, float]:
        """Return how many entries each sink has not, by stream, of those that this process delivers to."""
        return {
            (pump.sink.name, stream): float(entries)
            for pump in self._pumps
            if pump.standing is not None
            for stream, entries in pump.standing.missing.items()
        }

    def behind(self) -> Mapping[Labels, float]:
        """Return how many seconds each of those sinks is behind."""
        now = self._base.clock.now()
        return {
            (pump.sink.name,): now - standing.behind_since if standing.behind_since else 0.0
            for pump in self._pumps
            if (standing := pump.standing) is not None
        }

    def stopped(self) -> Mapping[Labels, float]:
        """Return which of those sinks get nothing more until an operator acts."""
        return {
            (pump.sink.name,): float(bool(standing.stopped))
            for pump in self._pumps
            if (standing := pump.standing) is not None
        }
