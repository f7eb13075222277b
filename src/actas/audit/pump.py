"""Delivers the log to one sink: at least once, every stream in order, from where the sink has it (REL-04).

Every serving process has a pump for every sink, and one of them at a time delivers (``audit.tenure``). What
is about to be delivered is noted before, and that the sink has it after: a process that is killed in between
leaves a delivery that the next one makes again, the very same, so that the sink can tell that it has it.

A sink that is away is tried again later and later. A delivery that the sink will not have is made smaller
until the entry is found that it is about; there the sink stops, and nothing is passed over unless an operator
says so. It still is tried from time to time, for a receiver that was mended.

A checkpoint is delivered once everything is that was in the log when it was read.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, TypeVar

import structlog

from actas.audit.batches import Missing, Source
from actas.audit.batches import missing as what_is_missing
from actas.audit.chain import EMPTY, Head
from actas.audit.formats.entry import CHECKPOINTS
from actas.audit.kept import LogUnreadable
from actas.audit.sinks import Batch, Fenced, NotTaken, Refused, Sink, SinkState, SinkStore
from actas.audit.tenure import Tenure
from actas.core.errors import AuditUnavailable, StoreUnavailable
from actas.core.metrics import AUDIT_SINK_DELIVERIES, UNMETERED, Meter
from actas.core.pacing import backoff, set_within, spread
from actas.core.ports import Clock

EVERY: Final = 1.0
"""Seconds between two looks, on average."""

CHECKPOINTS_EVERY: Final = 15.0
"""Seconds between two looks for new checkpoints."""

T = TypeVar("T")

SLOWEST: Final = 300.0
"""Seconds between two tries, at most, unless the sink asks for more; and for what a sink will not have."""

LONGEST_WISH: Final = 3600.0
"""Seconds for which a sink may ask to be left alone."""

CLOSING: Final = 5.0
"""Seconds that a process which stops may go on delivering."""

_log = structlog.get_logger("actas.sinks")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a sink stands, as the process that delivers to it knows.

    Attributes:
        missing: what the sink has not, by stream.
        behind_since: when the oldest entry that it has not was made, in seconds since the epoch; 0 for none.
        stopped: why nothing is delivered until an operator acts; empty when it is.
    """

    missing: Mapping[str, int] = field(default_factory=dict[str, int])
    behind_since: int = 0
    stopped: str = ""


class Pump:
    """Delivers to one sink.

    Args:
        source: reads what is to be delivered.
        tenure: the lease of the sink.
        note: writes an event.
        monotonic: seconds of a clock that nobody sets.

    Attributes:
        standing: how the sink stands; None while another process delivers.
    """

    def __init__(
        self,
        sink: Sink,
        *,
        source: Source,
        store: SinkStore,
        tenure: Tenure,
        clock: Clock,
        note: Callable[..., Awaitable[Any]],
        meter: Meter = UNMETERED,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.sink = sink
        self.standing: Standing | None = None
        self._source = source
        self._store = store
        self._tenure = tenure
        self._clock = clock
        self._note = note
        self._meter = meter
        self._monotonic = monotonic
        self._closing = asyncio.Event()
        self._looking = asyncio.Lock()
        self._most = sink.most
        self._failures = 0
        self._next_try = 0.0
        self._sealed_at = -CHECKPOINTS_EVERY
        self._said: str | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to deliver, until closed."""
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        while not self._closing.is_set():
            async with self._looking:
                await self.look()
            await set_within(self._closing, spread(EVERY))

    async def close(self) -> None:
        """Deliver what is there, if that is soon done, and let another process have the sink."""
        self._closing.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSING), self._looking:
                self._sealed_at = -CHECKPOINTS_EVERY
                await self.look()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        with contextlib.suppress(StoreUnavailable):
            await self._tenure.release()

    async def look(self) -> None:
        """Deliver what there is, if this process is to do it. What fails is tried again at a later look."""
        try:
            if not await self._tenure.hold():
                self.standing = None
                return
            await self._turn()
        except Fenced:
            self._begin_anew()
        except (AuditUnavailable, StoreUnavailable, LogUnreadable) as problem:
            self._complain("nothing can be delivered", str(problem))
        except Exception as problem:  # noqa: BLE001 - whatever it is, the next look is another try
            self._complain("nothing can be delivered", f"{type(problem).__name__}: {problem}")

    def _begin_anew(self) -> None:
        self._tenure.lose()
        self.standing, self._most, self._failures, self._next_try = None, self.sink.most, 0, 0.0

    async def _turn(self) -> None:
        state = await self._store.state(self.sink.name)
        if state.fence != self._tenure.fence:  # an operator stepped in
            raise Fenced
        looks = self._monotonic() - self._sealed_at >= CHECKPOINTS_EVERY
        sealed = (
            await self._in_thread(self._source.sealed, state.has.get(CHECKPOINTS, EMPTY)) if looks else []
        )
        missing = await self._in_thread(what_is_missing, self._source.log, state.has)
        self._stand(state, missing)
        if state.paused_by or self._monotonic() < self._next_try:
            return
        try:
            for stream, one in missing.items():
                if one.changed is None:
                    await self._stream(stream, state, upto=one.upto)
            for batch in sealed:
                await self._deliver(batch)
        except NotTaken as failed:
            await self._failed(failed)
        except Refused as refused:
            await self._stop(refused, state)
        else:
            self._sealed_at = self._monotonic() if looks else self._sealed_at
            self._well()

    def _stand(self, state: SinkState, missing: Mapping[str, Missing]) -> None:
        """Take note of how the sink stands, for whoever asks, and for those who issue."""
        changed = [one.changed for one in missing.values() if one.changed is not None]
        since = min((one.since for one in missing.values() if one.since), default=0)
        self._tenure.behind = since, sum(one.size for one in missing.values())
        self.standing = Standing(
            missing={stream: one.entries for stream, one in missing.items()},
            behind_since=since,
            stopped=state.refused or "; ".join(changed),
        )
        if changed:
            self._complain("the log was changed after it was delivered", "; ".join(changed))

    async def _stream(self, stream: str, state: SinkState, *, upto: int) -> None:
        """Deliver a stream as far as it went when it was looked at; what comes meanwhile is for the next.

        Raises:
            NotTaken, Refused, Fenced: a delivery failed.
        """
        has, due = state.has.get(stream, EMPTY), state.due
        again = due.upto if due is not None and (due.stream, due.after) == (stream, has.seq) else None
        while has.seq < upto:
            batch = await self._in_thread(
                partial(self._source.batch, stream, has, most=self._most, upto=again)
            )
            if batch is None:
                return
            try:
                has = await self._deliver(batch)
            except Refused:
                if len(batch.documents) == 1:
                    raise
                self._most = max(1, (batch.upto.seq - has.seq) // 2)
            else:
                self._most = min(self.sink.most, self._most * 2)
            again = None

    async def _deliver(self, batch: Batch) -> Head:
        """Deliver, and return what the sink has then.

        Raises:
            NotTaken, Refused, Fenced: it was not delivered, or may have been and is delivered again.
        """
        name, at = self.sink.name, 0

        async def confirm() -> None:
            await self._tenure.write(lambda fence: self._store.plan(name, batch.due, fence=fence))

        if batch.documents:
            await self._tenure.during(self.sink.receiver.take(batch, confirm=confirm))
            self._meter.count(AUDIT_SINK_DELIVERIES, name, "taken")
            at = int(self._clock.now())
        if batch.lost is not None:
            first, last = batch.lost
            await self._note("sinks:lost", sink=name, of=batch.stream, **{"from": first, "to": last})
        await self._tenure.write(
            lambda fence: self._store.advance(name, batch.stream, batch.upto, fence=fence, at=at)
        )
        self._failures = 0
        return batch.upto

    async def _failed(self, failed: NotTaken) -> None:
        """Wait longer after every failure, spread, and as long as the sink wants."""
        self._meter.count(AUDIT_SINK_DELIVERIES, self.sink.name, "failed")
        self._failures += 1
        wait = backoff(self._failures, slowest=SLOWEST)
        if failed.retry_after is not None:
            wait = max(wait, min(failed.retry_after, LONGEST_WISH))
        self._next_try = self._monotonic() + wait
        self._complain("a delivery failed and is tried again", str(failed))
        await self._write_down(str(failed), refused=False)

    async def _stop(self, refused: Refused, state: SinkState) -> None:
        """Stop at what the sink will not have. It is tried again, since a receiver may be mended."""
        self._meter.count(AUDIT_SINK_DELIVERIES, self.sink.name, "refused")
        self._complain("stopped: the sink will not have a delivery", str(refused))
        if not state.refused:
            await self._note("sinks:stopped", sink=self.sink.name, why=str(refused))
        await self._write_down(str(refused), refused=True)
        self._next_try = self._monotonic() + SLOWEST
        if self.standing is not None:
            self.standing = dataclasses.replace(self.standing, stopped=str(refused))

    async def _write_down(self, trouble: str, *, refused: bool) -> None:
        at = int(self._clock.now())
        await self._tenure.write(
            lambda fence: self._store.fail(
                self.sink.name, fence=fence, trouble=trouble, refused=refused, at=at
            )
        )

    async def _in_thread(self, work: Callable[..., T], *arguments: Any) -> T:
        """Read the log beside the event loop, for as long as it takes, without losing the lease."""
        return await self._tenure.during(asyncio.to_thread(work, *arguments))

    def _complain(self, what: str, detail: str) -> None:
        """Say it once, not at every look."""
        if self._said != what:
            _log.error(what, sink=self.sink.name, where=self.sink.where, detail=detail)
        self._said = what

    def _well(self) -> None:
        if self._said is not None and self.standing is not None and not self.standing.stopped:
            _log.info("delivers again", sink=self.sink.name, where=self.sink.where)
            self._said = None
