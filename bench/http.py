"""The server over HTTP: ``actas serve`` as people start it, driven from another process.

One worker is pinned to one core and its caller to another. Two workers have every core, and the caller must
share them where there are only two: the CPU per request says more then than the throughput does. Servers that
are compared run at once and are driven in turn, a round of one after a round of the other. Afterwards the
entries of each audit log are counted: as many as there were answers, or the run fails.
"""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from actas.app.foundation import foundation
from actas.audit.delivery import GRANTED
from actas.audit.kept import KeptLog
from bench.calling import Driver, Failed, driving
from bench.company import Company, Forms
from bench.measure import Cost, Part, Round, cores, cpu_seconds, pinned, resident, spread
from bench.postgresql import Postgresql
from bench.raw import RawLimit

STARTING: Final = 60.0
"""Seconds that a server may take to start."""

STOPPING: Final = 45.0
"""Seconds that a server may take to stop."""


@contextmanager
def server(company: Company, log: KeptLog, *, workers: int) -> Generator[list[int]]:
    """Run a server and yield the process ids of its workers.

    Args:
        log: its audit log, in which every worker takes up a stream.

    Raises:
        Failed: it does not start or does not stop.
    """
    company.public, company.management = _free_port(), _free_port()
    company.draft()
    said = company.folder / "server.log"
    command = [
        sys.executable,
        "-m",
        "actas",
        "serve",
        "--dev",
        "-c",
        str(company.path),
        "--workers",
        str(workers),
    ]
    core, _ = cores()
    with said.open("wb") as err, pinned(*({core} if workers == 1 else os.sched_getaffinity(0))):
        process = subprocess.Popen(
            command, cwd=company.folder, env=_environment(company), stdout=err, stderr=err
        )
    try:
        yield _wait_for(process, company, log, workers=workers)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOPPING)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise Failed("the server did not stop") from None


def _environment(company: Company) -> dict[str, str]:
    """What the server finds: nothing of an Actas that happens to run here, but the company's secrets."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ACTAS_")}
    return {**kept, **company.environ}


def _wait_for(process: subprocess.Popen[bytes], company: Company, log: KeptLog, *, workers: int) -> list[int]:
    until = time.monotonic() + STARTING
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        pids = _workers(process.pid) if workers > 1 else [process.pid]
        if len(pids) == len(log.streams()) == workers and _is_ready(company.management):
            return pids
        time.sleep(0.1)
    raise Failed("the server did not start:\n" + (company.folder / "server.log").read_text()[-2000:])


def _workers(pid: int) -> list[int]:
    """Return the children of ``pid`` that serve; Python starts another that only tidies up."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [int(one) for one in children if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes()]
    except FileNotFoundError:
        return []


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True, kw_only=True)
class Side:
    """A server that is measured, and who drives it.

    Attributes:
        pids: of its workers.
        database: what keeps its log; None for files.
        used: microseconds of CPU that the database used for each exchange, in each round.
    """

    part: Part
    forms: Forms
    driver: Driver
    pids: list[int]
    log: KeptLog
    database: Postgresql | None
    used: list[float] = field(default_factory=list[float])


async def measure(
    folder: Path,
    raw: RawLimit,
    *,
    workers: int,
    rounds: int,
    exchanges: int,
    database: Postgresql | None = None,
) -> list[Part]:
    """Measure the server; with a database also one that keeps everything there, in the same run.

    Args:
        folder: an empty folder.
        rounds: how many, besides one that is thrown away.
        exchanges: in each round.

    Raises:
        Failed: a request was not granted, or the audit log does not have an entry for each answer.
    """
    async with AsyncExitStack() as stack:
        sides = [
            await _side(stack, _below(folder, name), workers=workers, database=kept)
            for name, kept in (("files", None), ("database", database))
            if name == "files" or kept is not None
        ]
        for number in range(rounds + 1):
            for side in sides:
                one = await _round(raw, side, exchanges)
                if number:
                    side.part.rounds.append(one)
                    side.part.exchanges += exchanges
                side.part.memory.append((side.part.exchanges, sum(map(resident, side.pids))))
        for side in sides:
            _compare(side.part, granted_by_stream(side.log), answers=(rounds + 1) * exchanges)
    if database is not None:
        _compare_sides(*sides)
    return [side.part for side in sides]


def _below(folder: Path, name: str) -> Path:
    below = folder / name
    below.mkdir()
    return below


async def _side(stack: AsyncExitStack, folder: Path, *, workers: int, database: Postgresql | None) -> Side:
    company = Company(folder=folder, database=None if database is None else database.url)
    base = await stack.enter_async_context(foundation(company.draft(), dev=True, create=True, migrate=True))
    name = f"over HTTP, {workers} worker{'s' if workers > 1 else ''}"
    return Side(
        part=Part(name=name if database is None else "same, on PostgreSQL"),
        forms=Forms(base.ring, (company.asker,)),
        pids=stack.enter_context(server(company, base.audit_log, workers=workers)),
        driver=stack.enter_context(driving(company)),
        log=base.audit_log,
        database=database,
    )


async def _round(raw: RawLimit, side: Side, exchanges: int) -> Round:
    core, _ = cores()
    bodies = await side.forms.make(exchanges)
    with pinned(core):
        limit = raw.round(exchanges)
    theirs = None if side.database is None else side.database.cpu_seconds()
    before = sum(map(cpu_seconds, side.pids))
    figures = side.driver.drive(bodies)
    used = sum(map(cpu_seconds, side.pids)) - before
    if side.database is not None and theirs is not None:
        side.used.append(((side.database.cpu_seconds() or theirs) - theirs) / exchanges * 1e6)
    cost = Cost(wall=figures.wall / exchanges * 1e6, cpu=used / exchanges * 1e6)
    return Round(raw=limit, cost=cost, p50=figures.p50, p99=figures.p99)


def granted_by_stream(log: KeptLog) -> dict[str, int]:
    """Return how many granted exchanges each stream of an audit log holds."""
    found: dict[str, int] = {}
    with log.held():
        for stream in log.streams():
            with log.reading(stream) as reader:
                found[stream] = sum(GRANTED in line for _, line in reader.rows())
    return found


def _compare(part: Part, granted: dict[str, int], *, answers: int) -> None:
    entries = sum(granted.values())
    if entries != answers:
        raise Failed(f"{answers} answers were given, and the audit log has {entries} of them")
    part.notes.append(f"{answers:,} answers, all 200; {entries:,} audit entries")
    if len(granted) > 1:
        shares = " and ".join(f"{100 * count / entries:.0f} %" for count in granted.values())
        part.notes.append(f"the workers gave {shares} of the answers")


def _compare_sides(files: Side, database: Side) -> None:
    """Say what the database costs: each of its rounds beside that of the files before it."""
    pairs = list(zip(files.part.rounds, database.part.rounds, strict=True))
    speed = spread([before.cost.wall / after.cost.wall for before, after in pairs])
    cpu = spread([after.cost.cpu / before.cost.cpu for before, after in pairs])
    database.part.notes.append(
        f"{speed.median:.2f} times the throughput with files ({speed.least:.2f} - {speed.greatest:.2f}),"
        f" {cpu.median:.2f} times the CPU of the workers ({cpu.least:.2f} - {cpu.greatest:.2f})"
    )
    if database.used:
        theirs = spread(database.used)
        database.part.notes.append(
            f"the database used {theirs.median:.0f} µs of CPU for each exchange"
            f" ({theirs.least:.0f} - {theirs.greatest:.0f}), on the same cores"
        )
