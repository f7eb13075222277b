"""Streams in PostgreSQL as tests look at them, and what happens to whoever writes them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from actas.audit.chain import EMPTY, follow
from actas.core.errors import AuditUnavailable
from actas.store.audit import StreamWriter
from tests.fakes.audit import event
from tests.fakes.shared_log import change, lines_of

Start = Callable[..., Any]
"""Opens a writer, which is closed after the test."""

SESSIONS = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"


def events(url: str, stream: str = "s1") -> list[dict[str, Any]]:
    """Return the entries of a stream, once the chain is followed."""
    lines = lines_of(url, Path("/nowhere"), stream)
    follow(enumerate(lines, 1), stream=stream, head=EMPTY)
    return [event(line) for line in lines]


def names(url: str, stream: str = "s1") -> list[str]:
    return [one["id"] for one in events(url, stream) if not one.get("event", "").startswith("log:")]


def end_sessions(url: str) -> None:
    """End every session that claims a stream, as a restart of the database does."""
    change(url, f"SELECT pg_terminate_backend(pid, 5000) FROM ({SESSIONS}) AS held")


async def patiently(writer: StreamWriter, sent: bytes) -> str:
    """Append once the storage is back, and return the name of the stream."""
    while True:
        try:
            return (await writer.append(sent)).stream
        except AuditUnavailable:
            await asyncio.sleep(0.02)


def crash(writer: StreamWriter) -> None:
    """Leave a stream as the death of its process does."""
    scribe: Any = writer._scribe
    scribe._task.cancel()
    scribe._stream.drop()
