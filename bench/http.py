"""The server over HTTP: ``actas serve`` as people start it, driven from another process.

One worker is pinned to one core and its caller to another. Two workers have every core, and the caller must
share them where there are only two: the CPU per request says more then than the throughput does. Afterwards
the entries of the audit log are counted: as many as there were answers, or the run fails.
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
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from actas.app.foundation import foundation
from actas.audit.delivery import GRANTED
from actas.store.audit_folder import reading, streams
from bench.company import Company, Forms, http_request
from bench.driver import Figures, Task
from bench.measure import Cost, Part, Round, cores, cpu_seconds, pinned, resident
from bench.raw import RawLimit

CONNECTIONS: Final = 64
STARTING: Final = 60.0
"""Seconds that a server may take to start."""

STOPPING: Final = 45.0
"""Seconds that a server may take to stop."""

_ROOT: Final = Path(__file__).parents[1]


class Failed(Exception):
    """The server did not do what it must. The message says what."""


@contextmanager
def server(company: Company, *, workers: int) -> Generator[list[int]]:
    """Run a server and yield the process ids of its workers.

    Raises:
        Failed: it does not start or does not stop.
    """
    company.public, company.management = _free_port(), _free_port()
    company.draft()
    log = company.folder / "server.log"
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
    with log.open("wb") as err, pinned(*({core} if workers == 1 else os.sched_getaffinity(0))):
        process = subprocess.Popen(
            command, cwd=company.folder, env=_environment(company), stdout=err, stderr=err
        )
    try:
        yield _wait_for(process, company, workers=workers)
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
    return {**kept, **company.secrets}


def _wait_for(process: subprocess.Popen[bytes], company: Company, *, workers: int) -> list[int]:
    until = time.monotonic() + STARTING
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        pids = _workers(process.pid) if workers > 1 else [process.pid]
        held = streams(company.folder / "data" / "audit")
        if len(pids) == len(held) == workers and _is_ready(company.management):
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


class Driver:
    """The caller, in a process of its own."""

    def __init__(self, company: Company) -> None:
        _, core = cores()
        self._company = company
        self._file = company.folder / "requests"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.driver", str(core)],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def drive(self, bodies: list[bytes]) -> Figures:
        """Send requests over 64 connections.

        Raises:
            Failed: one was not granted.
        """
        self._file.write_bytes(msgspec.msgpack.encode([http_request(body) for body in bodies]))
        task = Task(port=self._company.public, requests=str(self._file), connections=CONNECTIONS)
        send, receive = self._process.stdin, self._process.stdout
        if send is None or receive is None:
            raise Failed("the driver has no pipes")
        send.write(msgspec.json.encode(task).decode() + "\n")
        send.flush()
        line = receive.readline()
        if not line:
            raise Failed("the driver ended")
        figures = msgspec.json.decode(line, type=Figures)
        if figures.refused or figures.granted != len(bodies):
            raise Failed(f"{figures.granted} of {len(bodies)} were granted; {figures.refused}")
        return figures

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()


@contextmanager
def driving(company: Company) -> Generator[Driver]:
    """Run a driver."""
    driver = Driver(company)
    try:
        yield driver
    finally:
        driver.close()


async def measure(folder: Path, raw: RawLimit, *, workers: int, rounds: int, exchanges: int) -> Part:
    """Measure the server.

    Args:
        folder: an empty folder.
        rounds: how many, besides one that is thrown away.
        exchanges: in each round.

    Raises:
        Failed: a request was not granted, or the audit log does not have an entry for each answer.
    """
    company = Company(folder=folder)
    part = Part(name=f"over HTTP, {workers} worker{'s' if workers > 1 else ''}")
    async with foundation(company.draft(), dev=True, create=True) as base:
        forms = Forms(base.ring, (company.asker,))
        with server(company, workers=workers) as pids, driving(company) as driver:
            for number in range(rounds + 1):
                bodies = await forms.make(exchanges)
                one = _round(raw, driver, pids, bodies)
                if number:
                    part.rounds.append(one)
                    part.exchanges += exchanges
                part.memory.append((part.exchanges, sum(map(resident, pids))))
    _compare(part, granted_by_stream(folder / "data" / "audit"), answers=(rounds + 1) * exchanges)
    return part


def _round(raw: RawLimit, driver: Driver, pids: list[int], bodies: list[bytes]) -> Round:
    core, _ = cores()
    with pinned(core):
        limit = raw.round(len(bodies))
    before = sum(map(cpu_seconds, pids))
    figures = driver.drive(bodies)
    used = sum(map(cpu_seconds, pids)) - before
    cost = Cost(wall=figures.wall / len(bodies) * 1e6, cpu=used / len(bodies) * 1e6)
    return Round(raw=limit, cost=cost, p50=figures.p50, p99=figures.p99)


def granted_by_stream(folder: Path) -> dict[str, int]:
    """Return how many granted exchanges each stream of an audit log holds."""
    found: dict[str, int] = {}
    for stream in streams(folder):
        with reading(folder / f"{stream}.db") as reader:
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
