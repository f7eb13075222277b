"""Ten times more than a server can do: how much of it is left, and what the others are told (REL-11).

One worker on one core; its callers, who do not care, on another. Each round measures first what the server
can do, then two floods: ten times the callers that have places, none of whom pauses; and ten times the
requests a second, sent whether or not those before were answered. Goodput is compared within the round, by
the clock and by the CPU that the server had: on a machine that others use, only the second says much.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from actas.app.foundation import foundation
from bench.calling import Failed
from bench.company import Company, Forms, http_request
from bench.flood import Flood, Met
from bench.http import granted_by_stream, server
from bench.measure import Cost, Part, Round, Spread, cores, cpu_seconds, pinned, resident, spread
from bench.raw import RawLimit

TIMES: Final = 10
IN_FLIGHT: Final = 128
"""What ``limits.in_flight`` is when nobody sets it."""

CALLERS: Final = 64
"""Connections by which capacity is measured."""

LINES: Final = 1_000
"""Connections over which requests come at a rate."""

AHEAD: Final = 60
"""Requests of one connection that may wait for answers; a server hangs up on who sends more than 64 ahead."""

FORMS: Final = 3_000
"""Requests with distinct subject tokens, sent again and again."""

_ROOT: Final = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the flood, with the CPU seconds that the server used for it."""

    met: Met
    cpu: float

    @property
    def rate(self) -> float:
        """Requests granted in a second."""
        return self.met.granted / self.met.seconds

    @property
    def per_cpu(self) -> float:
        """Requests granted for a second of CPU."""
        return self.met.granted / self.cpu


class Callers:
    """The flood, in a process of its own."""

    def __init__(self, port: int, requests: Path, pid: int) -> None:
        self._port, self._requests, self._pid = port, requests, pid
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.flood", str(cores()[1])],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, *, connections: int, seconds: float, rate: float = 0.0, ahead: int = 1) -> Run:
        """Send for so long.

        Raises:
            Failed: they ended, or an answer was neither granted nor refused for want of a place.
        """
        task = Flood(
            port=self._port,
            requests=str(self._requests),
            connections=connections,
            seconds=seconds,
            rate=rate,
            ahead=ahead,
        )
        send, receive = self._process.stdin, self._process.stdout
        if send is None or receive is None:
            raise Failed("the callers have no pipes")
        before = cpu_seconds(self._pid)
        send.write(msgspec.json.encode(task).decode() + "\n")
        send.flush()
        line = receive.readline()
        if not line:
            raise Failed("the callers ended")
        met = msgspec.json.decode(line, type=Met)
        if met.other:
            raise Failed(f"{met.other} answers were neither 200 nor 503")
        return Run(met, cpu_seconds(self._pid) - before)

    def close(self) -> None:
        """End them."""
        self._process.terminate()
        self._process.wait()


@contextmanager
def calling(port: int, requests: Path, pid: int) -> Generator[Callers]:
    """Have callers at hand."""
    callers = Callers(port, requests, pid)
    try:
        yield callers
    finally:
        callers.close()


async def measure(folder: Path, raw: RawLimit, *, rounds: int, seconds: float) -> list[Part]:
    """Measure what is left under both floods.

    Args:
        folder: an empty folder.
        seconds: of each of the three runs of a round.

    Raises:
        Failed: the server answered otherwise than it must, or the log lacks an entry of a token.
    """
    company = Company(folder=folder)
    requests, granted = folder / "requests", 0
    more_callers = Part(name=f"{TIMES} times the callers")
    more_requests = Part(name=f"{TIMES} times the requests")
    async with foundation(company.draft(), dev=True, create=True) as base:
        bodies = await Forms(base.ring, (company.asker,)).make(FORMS)
        log = base.audit_log
    requests.write_bytes(msgspec.msgpack.encode([http_request(body) for body in bodies]))
    with server(company, log, workers=1) as (pid,), calling(company.public, requests, pid) as callers:
        granted += callers.run(connections=CALLERS, seconds=min(2.0, seconds)).met.granted
        runs: dict[str, list[tuple[Run, Run]]] = {more_callers.name: [], more_requests.name: []}
        for _ in range(rounds):
            for part in (more_callers, more_requests):
                capacity = callers.run(connections=CALLERS, seconds=seconds)
                if part is more_callers:
                    flood = callers.run(connections=TIMES * IN_FLIGHT, seconds=seconds)
                else:
                    flood = callers.run(
                        connections=LINES, seconds=seconds, rate=TIMES * capacity.rate, ahead=AHEAD
                    )
                granted += capacity.met.granted + flood.met.granted
                runs[part.name].append((capacity, flood))
                part.rounds.append(_round(raw, flood))
                part.exchanges += flood.met.granted
                part.memory.append((granted, resident(pid)))
        after = callers.run(connections=CALLERS, seconds=seconds)
        granted += after.met.granted
    for part in (more_callers, more_requests):
        _tell(part, runs[part.name], piled=part is more_requests)
    more_requests.notes.append(f"afterwards {after.rate:,.0f} a second, {after.met.shed} refused")
    entries = sum(granted_by_stream(log).values())
    if entries < granted:
        raise Failed(f"{granted} tokens were answered, and the audit log has {entries} of them")
    more_requests.notes.append(f"{granted:,} tokens answered in all; {entries:,} audit entries")
    return [more_callers, more_requests]


def _round(raw: RawLimit, flood: Run) -> Round:
    with pinned(cores()[0]):
        limit = raw.round(1_000)
    cost = Cost(wall=1e6 / flood.rate, cpu=1e6 / flood.per_cpu)
    return Round(raw=limit, cost=cost, p50=flood.met.p50, p99=flood.met.p99)


def _tell(part: Part, runs: list[tuple[Run, Run]], *, piled: bool) -> None:
    offered = spread([flood.met.sent / flood.met.seconds / capacity.rate for capacity, flood in runs])
    refused = spread([flood.met.shed / flood.met.seconds for _, flood in runs])
    by_clock = spread([flood.rate / capacity.rate for capacity, flood in runs])
    by_cpu = spread([flood.per_cpu / capacity.per_cpu for capacity, flood in runs])
    ended = spread([flood.met.ended / flood.met.seconds for _, flood in runs])
    part.notes.append(
        f"sent {offered.median:.1f} times the capacity; refused with 503: {refused.median:,.0f} a second; "
        f"hung up on: {ended.median:,.0f} a second"
    )
    part.notes.append(f"goodput of capacity: {_percent(by_clock)} by the clock, {_percent(by_cpu)} by CPU")
    later = spread([flood.met.p99 / capacity.met.p99 for capacity, flood in runs])
    part.notes.append(
        f"p99 of what was granted, of p99 at capacity: {later.median:.1f} ({later.least:.1f} -"
        f" {later.greatest:.1f})" + (", behind what the same caller had sent before" if piled else "")
    )


def _percent(figure: Spread) -> str:
    return f"{figure.median:.0%} ({figure.least:.0%} - {figure.greatest:.0%})"
