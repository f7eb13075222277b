"""A serving process: the pipeline, the stream it writes, its routes, and the duties beside requests."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import gc
import math
from collections.abc import AsyncGenerator, Generator, Mapping
from dataclasses import dataclass, field
from functools import partial

import structlog

from actas.app.duties import begin
from actas.app.epoch_watch import EpochWatch
from actas.app.following import following, require_time
from actas.app.foundation import Foundation
from actas.app.gauges import gauges
from actas.app.guessing import counting_together
from actas.app.key_keeper import KeyKeeper
from actas.app.minutes import minutes_of, open_stream
from actas.app.notices import tellers
from actas.app.outside import outside
from actas.app.parts import Shared, exchange
from actas.app.prepared import Prepared
from actas.app.probes import probes
from actas.app.recording import write_waiting
from actas.app.reserve import Reserve
from actas.app.routes import open_gate
from actas.app.seals import Seals
from actas.app.signing_in import hashing
from actas.app.sinks import Pumps
from actas.app.steward import Steward
from actas.app.sweeping import sweep_on
from actas.core.ending import stopped
from actas.core.errors import AuditUnavailable
from actas.settings.faults import ConfigurationFaults, Fault
from actas.store.audit import StreamWriter
from actas.store.follower import Follower
from actas.store.marks import Keeper, open_marks
from actas.store.marks_postgresql import open_shared_marks
from actas.store.timekeeper import Timekeeper
from actas.web.gate import Gate
from actas.web.gathering import Gathering
from actas.web.health import Probe
from actas.web.proxies import Proxies
from actas.web.tls import Tls

_log = structlog.get_logger("actas")


@dataclass(slots=True, kw_only=True)
class Assembly:
    """One serving process.

    Attributes:
        gate: the public listener.
        probes: what must work for this process to issue, by name.
        metrics: the numbers of this process, and of those beside it.
        seals: what it knows of the checkpoints.
        tls: how the public listener speaks TLS; None for plain HTTP.
        steward: changes the configuration, and follows what others change.
    """

    base: Foundation
    writer: StreamWriter
    shared: Shared
    gate: Gate
    probes: Mapping[str, Probe]
    metrics: Gathering
    seals: Seals
    tls: Tls | None = None
    steward: Steward = field(init=False)
    _keeper: KeyKeeper
    _tasks: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])

    def __post_init__(self) -> None:
        self.steward = Steward(self)

    def warnings(self) -> tuple[str, ...]:
        """What is not as it should be although this process can issue: what was accepted, and who is down."""
        return (*self.base.accepted, *self.shared.out.troubles(), *self.shared.reserve.warnings())

    async def take_up(self) -> None:
        """Bring the files that were read into the store of record, and follow it from here on.

        Raises:
            ConfigurationFaults: they do not hold with what the store has by now.
            AuditUnavailable: what takes effect could not be recorded; such a server does not start.
        """
        await self.steward.begin()
        if not self.gate.endpoints:
            self._admit(self.base)
            pipeline = exchange(self.base, self.shared)
            open_gate(
                self.gate, self.base, pipeline, self.shared, deliveries=self.writer, steward=self.steward
            )
        epochs = EpochWatch(self.base.revoked, began=self.steward.forget)
        self.shared.follower.follow("epoch", epochs.follow)
        self.shared.follower.follow("configuration", self.steward.follow)

    def start(self) -> None:
        """Begin the duties that run beside requests, and freeze what was loaded (architecture 3)."""
        base = self.base
        every = float(base.definitions.audit.checkpoint_every)
        self._tasks = begin(
            {
                "seal the log": lambda: base.notary().run(every=every, note=self.seals.note),
                "write down floods": self._count_floods,
                "follow": self.shared.follower.run,
                **tellers(lambda: self.base, self.shared),
                "share metrics": self.metrics.run,
                "keep keys": self._keeper.run,
                "hear news": lambda: base.database.hear(lambda _: self.shared.follower.wake()),
                "sweep": lambda: sweep_on(base, self.shared, self.steward.snapshot),
            }
        )
        gc.collect()
        gc.freeze()

    async def put_in_force(self, prepared: Prepared, *, generation: int) -> None:
        """Put a configuration in force, whole; requests in flight finish on the old one.

        Args:
            prepared: what ``prepare`` returned.
            generation: which state of the store of record it is.

        Raises:
            AuditUnavailable: that it takes effect could not be recorded; the old configuration serves on.
        """
        base = dataclasses.replace(
            self.base,
            definitions=prepared.definitions,
            warnings=prepared.warnings,
            catalog=prepared.catalog,
        )
        pipeline = exchange(base, self.shared)
        self._admit(base)
        if prepared.narrowed_for is None:
            await self.note_loaded(base, generation)
        else:
            narrowed = {"generation": prepared.narrowed_for, "in_force": generation}
            await self.shared.minutes.note("catalog:narrowed", **narrowed)
        self.base = base
        base.rotation.use(base.definitions.keys.used)
        self.shared.out.keep_only(base)
        self.shared.throttle.limits = base.definitions.limits.throttle
        open_gate(self.gate, base, pipeline, self.shared, deliveries=self.writer, steward=self.steward)

    def renew(self) -> None:
        """Have the listener show its certificate as it is now.

        Raises:
            ConfigurationFaults: certificate and key do not belong together.
        """
        if self.tls is not None:
            with _usable(str(self.tls.certificate), "server.tls"):
                self.tls.renew()

    def _admit(self, base: Foundation) -> None:
        """Let whoever can prove something by a certificate through the handshake.

        Raises:
            ConfigurationFaults: one of the certificates cannot be used.
        """
        if self.tls is not None:
            with _usable("certificates", "clients"):
                self.tls.admit(base.client_certificates)

    async def note_loaded(self, base: Foundation, generation: int) -> None:
        """Write down that a configuration takes effect.

        Raises:
            AuditUnavailable: it could not be written.
        """
        await self.shared.minutes.note(
            "catalog:loaded",
            digest=base.catalog.digest,
            policy=base.catalog.policy.version,
            generation=generation,
        )

    async def close(self) -> None:
        """End the duties, and write what was counted."""
        await self._keeper.close()
        await stopped(self._tasks)
        await self.steward.close()
        with contextlib.suppress(AuditUnavailable):
            await self.shared.minutes.write_counts(math.inf)

    async def _count_floods(self) -> None:
        while True:
            await asyncio.sleep(5)
            try:
                await self.shared.minutes.write_counts(self.base.clock.now())
            except AuditUnavailable as failed:
                _log.error("refusal counts not written", detail=failed.detail)


@contextlib.contextmanager
def _usable(place: str, path: str) -> Generator[None]:
    """Say of what OpenSSL cannot use where it stands."""
    try:
        yield
    except OSError as wrong:
        raise ConfigurationFaults(
            [Fault(place=place, path=path, message=f"cannot be used: {wrong}")]
        ) from wrong


async def _marks(base: Foundation) -> Keeper:
    """Open what may happen once, where every node sees it."""
    server, clock = base.definitions.server, base.clock
    if server.database is not None and base.database.shared:
        return await open_shared_marks(server.database, clock=clock)
    return await open_marks(server.data, clock=clock)


@contextlib.asynccontextmanager
async def assembly(
    base: Foundation, metrics: Gathering | None = None, *, follower: Follower | None = None
) -> AsyncGenerator[Assembly]:
    """Put a serving process together over a foundation.

    Args:
        metrics: the numbers of this process among its siblings; of its own when left out.
        follower: another than one that reads every second.

    Raises:
        AuditUnavailable: the audit log cannot be written; such a server does not start.
    """
    async with contextlib.AsyncExitStack() as stack:
        metrics = metrics or Gathering()
        meter = metrics.tally
        marks = await _marks(base)
        stack.push_async_callback(marks.close)
        out = outside(base, meter)
        stack.push_async_callback(out.close)
        pumps = Pumps(base, post=out.fetch, meter=meter)
        stack.push_async_callback(pumps.close)  # once the stream is closed and sealed: that is delivered too
        writer = await open_stream(base)
        seals = Seals(clock=base.clock, broken=writer.broken)
        stack.push_async_callback(seals.close, writer, base.notary())
        timekeeper = Timekeeper(base.clock, decides=not base.database.shared, meter=meter)
        reserve = Reserve(base)
        hashes = await stack.enter_async_context(hashing(base))
        follower = await following(base, follower or Follower(), timekeeper, reserve)
        shared = Shared(
            out=out,
            throttle=counting_together(base, follower, meter),
            minutes=minutes_of(base, writer, meter, out.tracing),
            marks=marks,
            follower=follower,
            timekeeper=timekeeper,
            reserve=reserve,
            meter=meter,
            hashes=hashes,
        )
        for gauge, reading in gauges(base, out=out, seals=seals, pumps=pumps, reserve=reserve).items():
            meter.read(gauge, reading)
        await _note_created(base, shared)
        house = _house(base, shared, writer, metrics, seals)
        stack.push_async_callback(house.close)
        house.renew()
        await house.take_up()
        house.start()
        pumps.start(shared.minutes.note)
        yield house


async def _note_created(base: Foundation, shared: Shared) -> None:
    for key in base.ring.created:
        members = {"kid": key.kid, "purpose": key.purpose, "algorithm": key.algorithm}
        await shared.minutes.note("keys:created", **members)


def _house(
    base: Foundation, shared: Shared, writer: StreamWriter, metrics: Gathering, seals: Seals
) -> Assembly:
    """Return a serving process that does nothing yet."""
    server = base.definitions.server
    return Assembly(
        base=base,
        writer=writer,
        shared=shared,
        gate=Gate({}, proxies=Proxies(server.trusted_proxies) if server.trusted_proxies else None),
        probes=probes(base, writer, shared),
        metrics=metrics,
        seals=seals,
        tls=None if server.tls.own is None else Tls(*server.tls.own),
        _keeper=KeyKeeper(
            base.rotation,
            keys=base.ring.keys,
            write=partial(write_waiting, base.outbox, shared.minutes, clock=base.clock),
            changed=shared.follower.wake,
            may=partial(require_time, base, shared.timekeeper),
        ),
    )
