"""A process that is frozen as a computer freezes it, at a moment at which it is in nobody's way."""

from __future__ import annotations

import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from tests.fakes.server import RealServer, patiently


@contextmanager
def frozen(server: RealServer) -> Iterator[None]:
    """Freeze a process while the context is open.

    Whoever is frozen in the middle of a transaction keeps a SQLite file locked until he thaws, and no other
    process can write to it: that is SQLite's, and no test of who takes over. So a process that has such a
    lock goes on for a moment and is frozen then.
    """
    try:
        for _ in patiently(30.0, pause=0.05):
            server.signal(signal.SIGSTOP)
            if not _is_locked(server):
                break
            server.signal(signal.SIGCONT)
        else:
            raise AssertionError("the database is locked whenever somebody looks")
        yield
    finally:
        server.signal(signal.SIGCONT)


def _is_locked(server: RealServer) -> bool:
    """Whether somebody keeps the database file locked for longer than a transaction takes."""
    if server.database is not None:
        return False
    with closing(sqlite3.connect(server.data / "actas.db", timeout=2.0, isolation_level=None)) as file:
        try:
            file.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            return True
        file.execute("ROLLBACK")
        return False
