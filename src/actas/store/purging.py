"""Removing what has ended when somebody asks, as running servers do by themselves (REL-24).

Step by step, so that nobody who issues waits for long. The audit log is never touched.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from actas.core.ports import Clock
from actas.store.database import Database
from actas.store.device_codes import SqlDeviceCodes
from actas.store.impersonations import SqlImpersonations
from actas.store.known_people import SqlKnownPeople
from actas.store.marks_file import FILE, MarksFile
from actas.store.marks_postgresql import MOST_REMOVED, REMOVE
from actas.store.opaque import SqlOpaqueTokens
from actas.store.refresh import SqlRefreshTokens
from actas.store.registered import sweep_registered
from actas.store.revocations import RevocationList
from actas.store.session_apps import SqlSessionApps
from actas.store.sessions import SqlSessions

WITHIN: Final = 60.0
"""Seconds that one step may take: nobody waits for it but whoever asked."""


async def purge(database: Database, folder: Path, *, clock: Clock) -> AsyncIterator[tuple[str, int]]:
    """Remove what has ended, and yield each table with how many of its rows are gone.

    Args:
        folder: the data folder, which keeps the marks of a database that is not shared.

    Raises:
        DatabaseUnavailable: the database failed; what was removed so far is.
        apsw.Error, MarksLost, OSError: likewise of the marks.
    """
    revoked = RevocationList(database, clock=clock)
    yield "impersonations", await SqlImpersonations(database, revoked=revoked, clock=clock).sweep()
    yield "revocations", await revoked.sweep()
    yield "opaque_tokens", await SqlOpaqueTokens(database, clock=clock).sweep()
    yield "refresh_tokens", await SqlRefreshTokens(database, clock=clock).sweep()
    yield "sessions", await SqlSessions(database, clock=clock).sweep()
    yield "session_apps", await SqlSessionApps(database, clock=clock).sweep()
    yield "device_codes", await SqlDeviceCodes(database, clock=clock).sweep()
    yield "known_people", await SqlKnownPeople(database, clock=clock).sweep()
    yield "registered_clients", await sweep_registered(database, clock=clock)
    now = int(clock.now())
    if database.shared:
        yield "marks", await _marks_in(database, now=now)
    elif (folder / FILE).exists():
        yield "marks", await asyncio.to_thread(_marks_of, folder, now=now)


async def _marks_in(database: Database, *, now: int) -> int:
    removed = 0
    while True:
        async with database.writing(turn="marks", within=WITHIN) as connection:
            some = (await connection.exec_driver_sql(REMOVE, (now, MOST_REMOVED))).scalar() or 0
        removed += int(some)
        if some < MOST_REMOVED:
            return removed


def _marks_of(folder: Path, *, now: int) -> int:
    file, removed = MarksFile(folder), 0
    try:
        while some := file.sweep(now=now, most=MOST_REMOVED):
            removed += some
    finally:
        file.close()
    return removed
