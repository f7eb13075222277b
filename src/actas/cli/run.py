"""What one invocation of the program knows: the world outside, the global flags, where to write.

Every command gets a ``Run``. Flags may stand before and after the command's name, so ``Options`` is
filled while the command line is read and is not to be read before that.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from io import TextIOWrapper
from os import environ
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Final, Literal, Self, TextIO

from actas.cli.exits import misused

if TYPE_CHECKING:
    from actas.cli.output import Output

Format = Literal["table", "json", "jsonl", "yaml", "name"]
FORMATS: Final[tuple[Format, ...]] = ("table", "json", "jsonl", "yaml", "name")

DEFAULT_SERVER: Final = "http://127.0.0.1:8693"
DEFAULT_TIMEOUT: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What is outside the program, handed in so that tests can hold it still.

    Attributes:
        clock: returns seconds since the epoch.
        sleep: waits for so many seconds.
    """

    stdin: TextIO
    stdout: TextIO
    stderr: TextIO
    environ: Mapping[str, str]
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep

    @classmethod
    def real(cls) -> Self:
        """The streams, environment and clock of this process."""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                # A name that the terminal cannot show is spelt out; it never ends the program.
                stream.reconfigure(errors="backslashreplace")
        return cls(stdin=sys.stdin, stdout=sys.stdout, stderr=sys.stderr, environ=environ)


@dataclass(slots=True, kw_only=True)
class Options:
    """The global flags.

    Attributes:
        server: the address of the server, when a flag gave one.
        timeout: seconds to wait for an answer.
        verbose: how often ``-v`` was given; twice shows the wire.
        dev: whether whoever repeats the command has to say ``--dev``.
        config: the configuration that they have to name, as it was named.
    """

    server: str | None = None
    format: Format = "table"
    quiet: bool = False
    verbose: int = 0
    no_colour: bool = False
    ascii: bool = False
    timeout: float = DEFAULT_TIMEOUT
    dry_run: bool = False
    dev: bool = False
    config: tuple[str, ...] = ()

    @property
    def again(self) -> str:
        """The flags that commands over the same configuration need."""
        named = [f"-c {quote(one)}" for one in self.config]
        return " ".join([*(["--dev"] if self.dev else []), *named])


class Run:
    """One invocation.

    Args:
        world: what is outside.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.options = Options()

    @cached_property
    def out(self) -> Output:
        """Where to write."""
        from actas.cli.output import Output

        return Output(self.world, self.options)

    @property
    def now(self) -> float:
        """Seconds since the epoch."""
        return self.world.clock()

    @property
    def home(self) -> Path:
        """Where the command line keeps things of this person: ``ACTAS_HOME``, else the XDG state folder.

        Raises:
            Failure: nothing says where that is, as in a container whose user has a number alone (exit 2).
        """
        environ = self.world.environ
        if environ.get("ACTAS_HOME"):
            return Path(environ["ACTAS_HOME"])
        state = Path(environ.get("XDG_STATE_HOME", ""))
        if state.is_absolute():  # the XDG base directory specification ignores relative ones
            return state / "actas"
        try:
            home = Path(environ.get("HOME") or Path.home())
        except RuntimeError:
            raise misused("nobody says which folder is home", hint="set ACTAS_HOME or HOME") from None
        return home / ".local" / "state" / "actas"

    def variable(self, name: str) -> str | None:
        """Return a variable of the environment, or None when it is missing or empty."""
        return self.world.environ.get(name) or None

    def server(self) -> str:
        """Return the address of the server: flag, ``ACTAS_SERVER``, ``ACTAS_ISSUER``, context, here.

        Raises:
            Failure: the flag is neither an address nor a server that is known by name (exit 2).
        """
        found = (
            self._named(self.options.server)
            or self.variable("ACTAS_SERVER")
            or self.variable("ACTAS_ISSUER")
            or self._context()
            or DEFAULT_SERVER
        )
        if found.startswith("http://") and self.variable("ACTAS_DEV") != "1":
            self.options.dev = True  # only a server that was started so is at such an address
        return found

    def _named(self, said: str | None) -> str | None:
        """Return the address that the flag says, itself or by the name of a context."""
        if not said or "://" in said:
            return said
        from actas.cli.logins import contexts

        found = contexts(self.home).servers.get(said)
        if found is None:
            message = f"--server {said} is no address, and no server is known by that name"
            raise misused(message, hint="as https://sts.acme.example; actas context list says the names")
        return found

    def _context(self) -> str | None:
        from actas.cli.logins import contexts

        known = contexts(self.home)
        return None if known.current is None else known.servers[known.current]
