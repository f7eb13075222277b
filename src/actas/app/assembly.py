"""A serving process: the pipeline, the stream it writes, its routes, and the duties beside requests."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import gc
import math
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field

import structlog

from actas.app.foundation import Foundation, catalog_of, findings
from actas.app.gauges import gauges
from actas.app.parts import Outside, Shared, exchange, outside
from actas.app.probes import probes
from actas.app.routes import endpoints
from actas.app.seals import Seals
from actas.audit.flood import FloodGate
from actas.audit.kept import LogUnreadable
from actas.audit.log import Minutes
from actas.core.errors import AuditUnavailable
from actas.core.ports import SystemChance
from actas.settings.faults import ConfigurationFaults, Fault
from actas.settings.load import Draft
from actas.store.audit import StreamWriter, open_writer
from actas.store.audit_notary import NotSealed
from actas.store.follower import Follower
from actas.store.marks import open_marks
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
        reloading: held while a configuration is read and put in force, so that the last word wins.
    """

    base: Foundation
    out: Outside
    writer: StreamWriter
    shared: Shared
    gate: Gate
    probes: Mapping[str, Probe]
    metrics: Gathering
    seals: Seals
    tls: Tls | None = None
    reloading: asyncio.Lock = field(default_factory=asyncio.Lock)
    _tasks: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])

    def start(self) -> None:
        """Begin the duties that run beside requests, and freeze what was loaded (architecture 3)."""
        base = self.base
        every = float(base.definitions.audit.checkpoint_every)
        self._tasks = [
            asyncio.create_task(base.notary().run(every=every, note=self.seals.note)),
            asyncio.create_task(self._count_floods()),
            asyncio.create_task(self.shared.follower.run()),
            asyncio.create_task(self.metrics.run()),
        ]
        gc.collect()
        gc.freeze()

    async def replace(self, draft: Draft) -> tuple[str, ...]:
        """Put a new configuration in force, whole; requests in flight finish on the old one.

        The ``server``, ``keys`` and ``audit`` sections stay as they were: they want a restart.

        Args:
            draft: the new configuration, read.

        Returns:
            The sections that were changed and stay as they were.

        Raises:
            ConfigurationFaults: a rule or mapping does not compile; the old configuration serves on.
            AuditUnavailable: the change could not be recorded; the old configuration serves on.
        """
        base = self.base
        if draft.server.issuer != base.issuer:
            raise ConfigurationFaults([_restart("server.issuer", "a new issuer needs a restart")])
        loaded = draft.compile(pepper=base.ring.secret_pepper, extra_checks=[findings])
        held = base.ring.keys()
        missing = draft.keys.algorithms - {
            key.algorithm for key in held if key.purpose == "token" and key.state == "active"
        }
        if missing:
            message = f"there is no {min(missing)} key yet; one is made at a restart"
            raise ConfigurationFaults([_restart("keys", message)])
        old, new = base.definitions, loaded.definitions
        definitions = dataclasses.replace(new, server=old.server, keys=old.keys, audit=old.audit)
        waiting = [
            name
            for name, is_same in (
                ("server", new.server == old.server),
                ("keys", new.keys == old.keys),
                ("audit", new.audit == old.audit),
            )
            if not is_same
        ]
        base = dataclasses.replace(
            base, definitions=definitions, warnings=loaded.warnings, catalog=catalog_of(definitions)
        )
        pipeline = exchange(base, self.out, self.shared)
        if self.tls is not None:
            _renew(self.tls, base)
        await self.shared.minutes.note(
            "catalog:loaded", digest=base.catalog.digest, policy=base.catalog.policy.version
        )
        self.base = base
        self.gate.endpoints = endpoints(base, pipeline, self.shared, self.writer)
        return tuple(waiting)

    async def close(self) -> None:
        """End the duties, write what was counted, and close the stream cleanly."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(AuditUnavailable):
            await self.shared.minutes.write_counts(math.inf)
        try:
            await self.writer.close()
            self.seals.note(await self.base.notary().seal_now())
        except (AuditUnavailable, NotSealed) as failed:
            _log.error("audit log not sealed", detail=str(failed))
        await self.out.close()
        await self.shared.marks.close()

    async def _count_floods(self) -> None:
        while True:
            await asyncio.sleep(5)
            try:
                await self.shared.minutes.write_counts(self.base.clock.now())
            except AuditUnavailable as failed:
                _log.error("refusal counts not written", detail=failed.detail)


def _renew(tls: Tls, base: Foundation) -> None:
    """Have the listener show its certificate as it is now, and let in whoever may prove something by one.

    Raises:
        ConfigurationFaults: certificate and key do not belong together.
    """
    try:
        tls.renew(accepted=base.definitions.server.tls.client_authorities)
    except OSError as wrong:
        fault = Fault(place=str(tls.certificate), path="server.tls", message=f"cannot be used: {wrong}")
        raise ConfigurationFaults([fault]) from wrong


def _restart(path: str, message: str) -> Fault:
    return Fault(place="the new configuration", path=path, message=message)


@contextlib.asynccontextmanager
async def assembly(base: Foundation, metrics: Gathering | None = None) -> AsyncGenerator[Assembly]:
    """Put a serving process together over a foundation.

    Args:
        metrics: the numbers of this process among its siblings; of its own when left out.

    Raises:
        AuditUnavailable: the audit log cannot be written; such a server does not start.
    """
    clock, chance = base.clock, SystemChance()
    writer = await _writer(base)
    metrics = metrics or Gathering()
    meter = metrics.tally
    minutes = Minutes(writer=writer, flood=FloodGate(clock=clock), clock=clock, chance=chance, meter=meter)
    marks = await open_marks(base.definitions.server.data, clock=clock)
    follower = Follower()
    follower.follow("database", base.database.check)
    await follower.catch_up()
    shared = Shared(minutes=minutes, marks=marks, follower=follower, meter=meter)
    out = outside(base, meter)
    seals = Seals(clock=clock, broken=writer.broken)
    for gauge, reading in gauges(base, keys=out.keys, seals=seals).items():
        meter.read(gauge, reading)
    for key in base.ring.created:
        await minutes.note("keys:created", kid=key.kid, purpose=key.purpose, algorithm=key.algorithm)
    await minutes.note("catalog:loaded", digest=base.catalog.digest, policy=base.catalog.policy.version)
    server = base.definitions.server
    gate = Gate(
        endpoints(base, exchange(base, out, shared), shared, writer),
        proxies=Proxies(server.trusted_proxies) if server.trusted_proxies else None,
    )
    house = Assembly(
        base=base,
        out=out,
        writer=writer,
        shared=shared,
        gate=gate,
        probes=probes(base, writer, shared),
        metrics=metrics,
        seals=seals,
        tls=None if server.tls.own is None else Tls(*server.tls.own),
    )
    if house.tls is not None:
        _renew(house.tls, base)
    house.start()
    try:
        yield house
    finally:
        await house.close()


async def _writer(base: Foundation) -> StreamWriter:
    """Take up a stream of the audit log."""
    try:
        sealed = base.notary().last()
    except (OSError, LogUnreadable) as problem:
        raise AuditUnavailable(f"the audit log's checkpoints cannot be read: {problem}") from problem
    return await open_writer(
        base.audit_folder,
        clock=base.clock,
        chance=SystemChance(),
        sealed={} if sealed is None else sealed.checkpoint.heads,
    )
