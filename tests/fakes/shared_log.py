"""The audit log in PostgreSQL, as its owner sees it: read, and changed with every right that there is."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import asyncpg

from actas.core.secret import Secret
from actas.store.audit_postgresql_log import PostgresqlLog

T = TypeVar("T")


def log_of(url: str, folder: Path) -> PostgresqlLog:
    """Return the log of a database, searched by a file in ``folder``."""
    return PostgresqlLog(Secret(url), folder=folder)


def lines_of(url: str, folder: Path, stream: str | None = None) -> list[bytes]:
    """Return the lines of the log, stream by stream, or of one stream."""
    log, found = log_of(url, folder), list[bytes]()
    with log.held():
        for name in log.streams() if stream is None else (stream,):
            with log.reading(name) as reader:
                found += [line for _, line in reader.rows()]
    return found


def change(url: str, *statements: str) -> None:
    """Do to a database whatever its owner can do. Also within a running event loop."""

    async def changing() -> None:
        connection = await asyncpg.connect(url)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    run(changing())


def ask(url: str, statement: str) -> list[Any]:
    """Return the rows of a statement. Also within a running event loop."""

    async def asking() -> list[Any]:
        connection = await asyncpg.connect(url)
        try:
            return list(await connection.fetch(statement))
        finally:
            await connection.close()

    return run(asking())


def run(job: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end, in a thread of its own; what it raises is raised here."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, job).result()
