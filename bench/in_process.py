"""The pipeline in process: everything that the token endpoint does but HTTP.

The real assembly over a real data folder, with the durable audit writer: an exchange counts once its entry is
on the disk. Sixty-four tasks ask at once, as many as there are callers over HTTP. The grown catalog, and the
same exchange with a DPoP proof (RFC 9449), are measured in the same process, a round of each after each
round of the plain one.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from actas.app.assembly import Assembly, assembly
from actas.app.foundation import Foundation, foundation
from actas.app.parts import exchange
from actas.core.party import Caller
from actas.exchange import Exchange
from bench.company import Asker, Company, Forms, grown
from bench.measure import Part, Round, costing, percentile, spread
from bench.proofs import Proofs
from bench.raw import RawLimit

TASKS: Final = 64

SLOWEST_ROUND: Final = 120.0
"""Seconds after which a round is given up."""

_CALLER: Final = Caller(address="127.0.0.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A pipeline over one catalog, and what makes requests for it."""

    part: Part
    pipeline: Exchange
    forms: Forms
    proofs: Proofs | None = None

    async def make(self, count: int) -> list[tuple[bytes, Caller]]:
        """Return the bodies of requests, and who sends them."""
        bodies = await self.forms.make(count)
        if self.proofs is None:
            return [(body, _CALLER) for body in bodies]
        callers = [Caller(address=_CALLER.address, proofs=(proof,)) for proof in self.proofs.make(count)]
        return list(zip(bodies, callers, strict=True))


async def measure(
    folder: Path,
    raw: RawLimit,
    *,
    rounds: int,
    exchanges: int,
    with_grown: bool = False,
    with_proofs: bool = False,
) -> list[Part]:
    """Measure the pipeline.

    Args:
        folder: an empty folder.
        rounds: how many, besides one that is thrown away.
        exchanges: in each round.
        with_grown: whether the grown catalog is measured too.
        with_proofs: whether the same exchange with DPoP proofs is.

    Raises:
        AuditUnavailable: an entry could not be written.
        TimeoutError: a round took too long.
    """
    company = Company(folder=folder)
    async with foundation(company.draft(), dev=True, create=True) as base, assembly(base) as house:
        settings = [_setting("pipeline in process", house, base, (company.asker,))]
        if with_grown:
            settings.append(_setting("same, grown catalog", house, *grown(base)))
        if with_proofs:
            plain = _setting("same, DPoP proofs", house, base, (company.asker,))
            settings.append(replace(plain, proofs=Proofs()))
        verifying: list[float] = []
        # What was loaded is never collected, as in the server.
        gc.collect()
        gc.freeze()
        for number in range(rounds + 1):
            for setting in settings:
                limit = raw.round(exchanges)
                if number and setting.proofs is not None:
                    verifying.append(raw.verifying(exchanges).cpu)
                one = await _round(house, setting.pipeline, await setting.make(exchanges))
                if number:
                    setting.part.rounds.append(Round(raw=limit, cost=one.cost, p50=one.p50, p99=one.p99))
                    setting.part.exchanges += exchanges
    parts = [setting.part for setting in settings]
    if with_grown:
        _compare(parts[0], parts[1])
    if with_proofs:
        _compare_proofs(parts[0], parts[-1], verifying)
    return parts


def _compare_proofs(plain: Part, proven: Part, verifying: Sequence[float]) -> None:
    """Say what a proof costs: each round beside the plain one before it, and beside a signature's check."""
    pairs = zip(plain.rounds, proven.rounds, verifying, strict=True)
    more = [(after.cost.cpu - before.cost.cpu, limit) for before, after, limit in pairs]
    micros = spread([one for one, _ in more])
    times = spread([one / limit for one, limit in more])
    proven.notes.append(
        f"{micros.median:.0f} µs of CPU more than without ({micros.least:.0f} - {micros.greatest:.0f}),"
        f" {times.median:.2f} times a bare ES256 verification ({times.least:.2f} - {times.greatest:.2f})"
    )


def _compare(small: Part, large: Part) -> None:
    """Say what the grown catalog costs: each of its rounds beside the one before it."""
    pairs = zip(small.rounds, large.rounds, strict=True)
    times = spread([after.cost.cpu / before.cost.cpu for before, after in pairs])
    large.notes.append(
        f"{times.median:.2f} times the CPU of the small catalog ({times.least:.2f} - {times.greatest:.2f})"
    )


def _setting(name: str, house: Assembly, base: Foundation, askers: tuple[Asker, ...]) -> Setting:
    return Setting(
        part=Part(name=name),
        pipeline=exchange(base, house.shared),
        forms=Forms(base.ring, askers),
    )


async def _round(house: Assembly, pipeline: Exchange, requests: Sequence[tuple[bytes, Caller]]) -> Round:
    waiting = iter(requests)
    latencies: list[float] = []
    with costing(len(requests)) as cost:
        async with asyncio.timeout(SLOWEST_ROUND):
            await asyncio.gather(*(_ask(house, pipeline, waiting, latencies) for _ in range(TASKS)))
    latencies.sort()
    return Round(raw=cost, cost=cost, p50=percentile(latencies, 0.5), p99=percentile(latencies, 0.99))


async def _ask(
    house: Assembly, pipeline: Exchange, waiting: Iterator[tuple[bytes, Caller]], latencies: list[float]
) -> None:
    for body, caller in waiting:
        began = time.perf_counter()
        answer = await pipeline(body, caller)
        if answer.receipt is None:
            raise RuntimeError("an exchange was granted without an entry")
        house.writer.delivered(answer.receipt)
        latencies.append((time.perf_counter() - began) * 1e3)
