"""The command line, run inside the test: streams in memory, a clock that stands still, no home but a folder."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from actas.cli.main import run
from actas.cli.run import World
from tests.fakes.clock import NOON


class Stream(io.StringIO):
    """A stream in memory that may say it is a terminal."""

    def __init__(self, text: str = "", *, terminal: bool = False) -> None:
        super().__init__(text)
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@dataclass(frozen=True, slots=True)
class Ran:
    """How one run ended, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The JSON document on stdout."""
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        """The error object on stderr: its last line, because talk may stand before it."""
        return json.loads(self.err.splitlines()[-1])["error"]


Audit = Callable[..., Ran]
"""Runs ``actas audit …``."""


@dataclass(slots=True)
class Program:
    """Runs ``actas``.

    Attributes:
        home: ``ACTAS_HOME``.
        environ: the environment besides that.
        now: what the clock says, seconds since the epoch.
        meanwhile: what happens while it waits, one thing each time; it waits no time at all.
        waited: for how long, each time.
        err: what the last run wrote on stderr, so far.
    """

    home: Path
    environ: dict[str, str] = field(default_factory=dict[str, str])
    now: float = NOON
    meanwhile: list[Callable[[], object]] = field(default_factory=list[Callable[[], object]])
    waited: list[float] = field(default_factory=list[float])
    err: Stream = field(default_factory=Stream)

    def __call__(
        self, *words: str, stdin: str = "", terminal: bool = False, environ: Mapping[str, str] | None = None
    ) -> Ran:
        """Run it once.

        Args:
            terminal: whether all three streams are a terminal.
            environ: further variables.
        """
        out, err = Stream(terminal=terminal), Stream(terminal=terminal)
        self.err = err
        world = World(
            stdin=Stream(stdin, terminal=terminal),
            stdout=out,
            stderr=err,
            environ={"ACTAS_HOME": str(self.home), **self.environ, **(environ or {})},
            clock=lambda: self.now,
            sleep=self._wait,
        )
        code = run(words, world=world)
        return Ran(code, out.getvalue(), err.getvalue())

    def _wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        if self.meanwhile:
            self.meanwhile.pop(0)()
