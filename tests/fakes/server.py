"""The real server: ``actas serve`` in a process of its own, on loopback, over a folder of its own.

::

    with RealServer(tmp_path) as server:
        assert server.post(server.company.own()).status == 200
        server.kill9()
        server.start()
        assert server.events()[-1]["event"] == "catalog:loaded"

Whatever it writes to its terminal goes through a pipe, so that limits on file sizes can be set on it.
"""

from __future__ import annotations

import asyncio
import contextlib
import copy
import json
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from actas.app.foundation import foundation
from actas.audit.checkpoint import ring_keys
from actas.audit.verify import Verdict
from actas.settings.load import read
from actas.store.audit_folder import reading, streams
from actas.store.audit_proof import verify_log, verify_path
from tests.fakes.ports import reserve
from tests.fakes.served import Company
from tests.fakes.shared_log import lines_of
from tests.fakes.wire import FORM, Reply, ask, encoded

STARTING: Final = 40.0
STOPPING: Final = 45.0
"""Seconds; far more than is ever needed, on a computer that is busy with other things."""

SPREAD: Final = 15.0
"""Seconds until every node and service knows of a change: the bound of five (REL-21), and what a computer that
is busy with other things adds: a process that gets no turn does not read, and does not answer either."""

KEPT: Final = ("PATH", "PYTHONPATH", "COVERAGE_PROCESS_START")
"""What a server sees of the environment of the tests."""


class RealServer:
    """A server that can be started, stopped, killed and looked into.

    Args:
        folder: empty, or the folder of another such server.
        path: the path of its issuer.
        issuer: another issuer than its own address, as behind a proxy.
        dev: run with ``--dev``.
        workers: how many processes.
        database: the URL of its PostgreSQL, which it migrates at the start; None for a file.
        changes: sections of the configuration that differ.

    Attributes:
        company: who may ask, and the configuration.
        port: where the protocol is served; ``management`` likewise.
        program: what is run.
    """

    program: tuple[str, ...] = (sys.executable, "-m", "actas")

    def __init__(
        self,
        folder: Path,
        *,
        path: str = "",
        issuer: str | None = None,
        dev: bool = True,
        workers: int = 1,
        database: str | None = None,
        changes: Mapping[str, Any] | None = None,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.dev = dev
        self._ports = (reserve(), reserve())
        self.port, self.management = (one.number for one in self._ports)
        self.base = f"http://127.0.0.1:{self.port}"
        self.path = path
        self.issuer = issuer or self.base + path
        self.company = Company(folder, issuer=self.issuer)
        self.company.tree["server"] |= {
            "listen": f"127.0.0.1:{self.port}",
            "management": f"127.0.0.1:{self.management}",
            "workers": workers,
        }
        self.flags = ["--dev"] if dev else []
        self.database = database
        if database is not None:
            self.flags.append("--migrate")
            self.company.environ["ACTAS_DATABASE_URL"] = database
            self.company.tree["server"]["database"] = {"env": "ACTAS_DATABASE_URL"}
        for section, value in (changes or {}).items():
            self.company.tree[section] = value
        self._process: subprocess.Popen[bytes] | None = None
        self._said: list[bytes] = []
        self._listener: threading.Thread | None = None

    # Its life.

    def __enter__(self) -> Self:
        self.company.write()
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self.alive and error is None:
                self.stop()
        finally:
            self.close()

    def close(self) -> None:
        """End it if it runs, and let go of its ports."""
        self.kill9()
        for port in self._ports:
            port.release()

    def start(self) -> None:
        """Start it and wait until it can issue."""
        self.launch()
        self.wait_until_ready()

    def launch(self) -> None:
        """Start it and do not wait."""
        assert not self.alive
        # Leading a session: whatever it starts can be ended with it.
        self._process = subprocess.Popen(
            [
                *self.program,
                "serve",
                *self.flags,
                "-c",
                self.company.file.name,
            ],
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._listener = threading.Thread(target=self._listen, args=(self._process,), daemon=True)
        self._listener.start()

    def wait_until_ready(self) -> None:
        """Return when ``/readyz`` says so."""
        answered = "nothing"
        for _ in patiently(STARTING):
            assert self.alive, self.said
            try:
                answer = self.manage("/readyz")
            except OSError as error:
                answered = repr(error)
                continue
            if answer.status == 200:
                return
            answered = f"{answer.status} {answer.body!r}"
        raise AssertionError(f"not ready, {answered}: {self.said}")

    def stop(self, number: signal.Signals = signal.SIGTERM, *, patience: float = STOPPING) -> int:
        """Ask it to stop and return its exit code."""
        self.signal(number)
        return self.wait(patience)

    def wait(self, patience: float = STOPPING) -> int:
        """Wait until it has ended and return its exit code."""
        process = self._running()
        try:
            code = process.wait(patience)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it does not stop: {self.said}") from None
        self._reap(process)
        return code

    def kill9(self) -> None:
        """End it and every process it started, at once. Nothing, when there is none."""
        process = self._process
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(STOPPING)
        self._reap(process)

    def restart(self) -> None:
        """Stop it and start it again on the same folder."""
        assert self.stop() == 0, self.said
        self.start()

    def twin(self) -> Self:
        """Return another server over the same folder, with the same issuer, at addresses of its own."""
        other = type(self)(
            self.folder, path=self.path, issuer=self.issuer, dev=self.dev, database=self.database
        )
        places = {name: other.company.tree["server"][name] for name in ("listen", "management")}
        other.company = copy.copy(self.company)
        other.company.tree = copy.deepcopy(self.company.tree)
        other.company.tree["server"] |= places
        other.company.file = self.folder / "twin.yaml"
        return other

    def refuse(self) -> tuple[int, str]:
        """Start it when it must not start; return its exit code and what it said."""
        self.company.write()
        before = len(self._said)
        self.launch()
        code = self.wait()
        return code, b"".join(self._said[before:]).decode()

    def signal(self, number: signal.Signals, *, everybody: bool = False) -> None:
        """Send it a signal.

        Args:
            everybody: to every process of it, as systemd and terminals do.
        """
        if everybody:
            os.killpg(self._running().pid, number)
        else:
            self._running().send_signal(number)

    def reload(self, *, told: str) -> None:
        """Send SIGHUP and wait until the log holds ``told`` once more."""
        before = self.said.count(told)
        self.signal(signal.SIGHUP)
        until(lambda: self.said.count(told) > before, because=f"{told!r} is said")

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process that was started; with several workers, their parent."""
        return self._running().pid

    @property
    def said(self) -> str:
        """Everything it wrote to its terminal so far, over all its lives."""
        return b"".join(self._said).decode()

    @property
    def environ(self) -> dict[str, str]:
        """Its whole environment."""
        kept = {name: value for name, value in os.environ.items() if name in KEPT}
        # What is killed leaves its temporary files behind: they go with its folder.
        own = {"HOME": str(self.folder), "TMPDIR": str(self.folder), "PYTHONUNBUFFERED": "1"}
        return {**kept, **own, **self.company.environ}

    # Talking to it.

    def post(
        self,
        form: Mapping[str, Any] | Iterable[tuple[str, Any]] | bytes | str,
        *,
        headers: Mapping[str, str] | None = None,
        source: str = "127.0.0.1",
        tls: ssl.SSLContext | None = None,
    ) -> Reply:
        """Send a form to the token endpoint."""
        return ask(
            self.port,
            "POST",
            f"{self.path}/token",
            headers={"Content-Type": FORM, **(headers or {})},
            body=encoded(form),
            source=source,
            tls=tls,
        )

    def token(self, form: Mapping[str, Any]) -> str:
        """Return the token that a form is answered with."""
        reply = self.post(form)
        assert reply.status == 200, reply
        return str(reply.json["access_token"])

    def get(self, target: str, method: str = "GET") -> Reply:
        """Ask the public listener."""
        return ask(self.port, method, target)

    def manage(self, target: str, method: str = "GET") -> Reply:
        """Ask the management listener."""
        return ask(self.management, method, target)

    # What it leaves behind.

    @property
    def data(self) -> Path:
        """Its data folder."""
        return self.folder / "data"

    @property
    def audit(self) -> Path:
        """The folder of its log."""
        return self.data / "audit"

    @property
    def shared_log(self) -> str | None:
        """The database that keeps its log; None when files do."""
        files = self.company.tree.get("audit", {}).get("store") == "files"
        return None if files else self.database

    def lines(self) -> list[bytes]:
        """Return the lines of its audit log, stream by stream."""
        if self.shared_log is not None:
            return lines_of(self.shared_log, self.audit)
        found: list[bytes] = []
        for stream in streams(self.audit):
            with reading(self.audit / f"{stream}.db") as reader:
                found += [line for _, line in reader.rows()]
        return found

    def events(self) -> list[dict[str, Any]]:
        """Return the entries of its audit log, read."""
        return [json.loads(line) for line in self.lines()]

    def entry(self, reply: Reply) -> dict[str, Any]:
        """Return the entry that an answer names."""
        name = reply.header("actas-entry")
        found = [event for event in self.events() if event["id"] == name]
        assert len(found) == 1, f"{len(found)} entries are called {name}"
        return found[0]

    def verdict(self) -> Verdict:
        """Verify its audit log with the keys of its ring. Not within a running event loop."""

        async def keys() -> Verdict:
            draft = read([self.company.file], dev=self.dev, environ=self.environ)
            async with foundation(draft, dev=self.dev) as base:
                if self.shared_log is None:
                    return verify_path(self.audit, keys=ring_keys(base.ring))
                return verify_log(
                    base.audit_log,
                    checkpoints=[one for one in base.checkpoint_copies if one.exists()],
                    keys=ring_keys(base.ring),
                )

        return asyncio.run(keys())

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None
        return self._process

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        terminal = process.stdout.fileno()
        self._said.extend(iter(lambda: os.read(terminal, 65536), b""))

    def _reap(self, process: subprocess.Popen[bytes]) -> None:
        if self._listener is not None:
            self._listener.join(STOPPING)
        if process.stdout is not None:
            process.stdout.close()
        self._process = self._listener = None


def patiently(limit: float, *, pause: float = 0.02) -> Iterator[float]:
    """Yield the seconds passed, again and again until ``limit``: for waiting on another process."""
    began = time.monotonic()
    while (passed := time.monotonic() - began) < limit:
        yield passed
        time.sleep(pause)


def until(condition: Callable[[], object], *, limit: float = 60.0, because: str = "it holds") -> float:
    """Wait until ``condition()`` is true and return the seconds it took.

    What counts is a look that was begun when the time was over: on a busy computer the last one before it may
    have begun long ago.
    """
    for passed in patiently(limit):
        if condition():
            return passed
    if condition():
        return limit
    raise AssertionError(f"waited {limit} s until {because}")
