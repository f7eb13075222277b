"""The programs of both companies as processes: started together, watched, and ended by their process ids.

Each is a Python module on a leash, in a session of its own: Ctrl-C reaches the tour alone, which then
ends them in order. What they say goes to a log of their own.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import httpx2

from actas.demo.company import Ports
from actas.demo.programs import Program

PATIENCE: Final = 60.0
"""Seconds that all programs have to answer; a computer that is busy with something else needs some."""

GRACE: Final = 5.0
"""Seconds that a program has to end once it was asked to."""

_LAST_LINES: Final = 12
_PAUSE: Final = 0.02


class PortTaken(Exception):
    """Something else listens on a port that the tour needs.

    Attributes:
        port: which.
        whose: the program that needs it.
    """

    def __init__(self, port: int, whose: str) -> None:
        super().__init__(f"port {port}, which {whose} needs, is taken")
        self.port = port
        self.whose = whose


class ProgramEnded(Exception):
    """A program ended, or never answered, though nobody asked it to end.

    Attributes:
        log: where it wrote what it had to say.
        last_lines: the end of that.
    """

    def __init__(self, message: str, log: Path) -> None:
        super().__init__(message)
        self.log = log
        self.last_lines = _tail(log)


class HeldPorts:
    """Ports that nobody else gets before the programs listen on them.

    Args:
        first: the first of as many in a row; None picks free ones.

    Raises:
        PortTaken: one of them is taken.
    """

    def __init__(self, first: int | None) -> None:
        self._sockets: list[socket.socket] = []
        found: dict[str, int] = {}
        try:
            for number, field in enumerate(Ports.__dataclass_fields__):
                found[field] = self._hold(0 if first is None else first + number, _program(field))
        except PortTaken:
            self.release()
            raise
        self.ports = Ports(**found)
        if sys.platform != "linux":
            # Elsewhere a port that is bound here could not be bound by its program.
            self.release()

    def release(self) -> None:
        """Let go of them."""
        for held in self._sockets:
            held.close()
        self._sockets.clear()

    def _hold(self, port: int, whose: str) -> int:
        """Bind a port without listening: Linux lets another socket listen there, and gives it to nobody."""
        held = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._sockets.append(held)
        try:
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            held.bind(("127.0.0.1", port))
        except OSError:
            raise PortTaken(port, whose) from None
        return int(held.getsockname()[1])


def _program(field: str) -> str:
    said = {"management": "the server's health", "server": "the server", "auth_tickets": "auth.tickets"}
    return said.get(field, field.replace("_", "-"))


class Processes:
    """The running programs. Leaving it ends every one of them.

    Args:
        folder: where their process ids are written.
        logs: where their logs are.
    """

    def __init__(self, *, folder: Path, logs: Path) -> None:
        self._folder = folder
        self._logs = logs
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._leash, self._held = os.pipe()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def ids(self) -> dict[str, int]:
        """The process id of each program."""
        return {name: process.pid for name, process in self._running.items()}

    def start(self, program: Program) -> None:
        """Start a program; it is not ready when this returns."""
        command = [sys.executable, "-m", "actas.demo.leash", str(self._leash), str(program.niceness)]
        with self._log(program.name).open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - our own modules
                [*command, program.module, *program.arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**_surroundings(), **program.environ},
                pass_fds=(self._leash,),
                start_new_session=True,
            )
        self._running[program.name] = process
        (self._folder / f"{program.name}.pid").write_text(f"{process.pid}\n", encoding="ascii")

    def wait_ready(self, programs: Sequence[Program]) -> None:
        """Wait until all programs answer.

        Raises:
            ProgramEnded: one ended before, or does not answer.
        """
        until = time.monotonic() + PATIENCE
        waiting = list(programs)
        with httpx2.Client(trust_env=False, timeout=5.0) as http:
            while waiting:
                self.check()
                waiting = [program for program in waiting if not _answers(http, program)]
                if waiting and time.monotonic() > until:
                    name = waiting[0].name
                    raise ProgramEnded(f"{name} does not answer", self._log(name))
                time.sleep(_PAUSE)

    def check(self) -> None:
        """Do nothing while all programs run.

        Raises:
            ProgramEnded: one does not.
        """
        for name, process in self._running.items():
            code = process.poll()
            if code is not None:
                how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
                raise ProgramEnded(f"{name} {how}", self._log(name))

    def stop(self) -> None:
        """End every program, and wait until it has."""
        for process in self._running.values():
            process.terminate()
        until = time.monotonic() + GRACE
        for process in self._running.values():
            try:
                process.wait(timeout=max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.clear()
        for descriptor in (self._leash, self._held):
            with contextlib.suppress(OSError):  # stopped before
                os.close(descriptor)

    def _log(self, name: str) -> Path:
        return self._logs / f"{name}.log"


def _answers(http: httpx2.Client, program: Program) -> bool:
    try:
        return http.get(program.answers).status_code == 200
    except httpx2.TransportError:
        return False


def _surroundings() -> dict[str, str]:
    """Return our environment without settings of Actas that were meant for something else."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ACTAS_")}
    nowhere = {"no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}  # everything is on this computer
    return {**kept, **nowhere, "PYTHONUNBUFFERED": "1"}


def _tail(log: Path) -> tuple[str, ...]:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ()
    return tuple(lines[-_LAST_LINES:])
