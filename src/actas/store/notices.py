"""Notices that are due, in the main database: made in the transaction in which an impersonation begins.

A notice is a row until it was told. Whoever tells it claims it first, by moving the time at which it is due:
of two that do so one sees the row unchanged, and a claim whose process died is due again by itself.
"""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from actas.notices.due import WHATS, Notice
from actas.store.database import Database
from actas.store.impersonation_tables import IMPERSONATION_NOTICES
from actas.store.words import one_of


async def put_notices(connection: AsyncConnection, name: str, *, began_at: int, until: int) -> None:
    """Have it told that an impersonation began, and at its overall end that it has ended."""
    rows = [
        {"impersonation": name, "what": what, "due_at": at, "tries": 0, "told": "[]"}
        for what, at in (("start", began_at), ("end", until))
    ]
    await connection.execute(insert(IMPERSONATION_NOTICES), rows)


async def bring_forward(connection: AsyncConnection, name: str, *, at: int) -> None:
    """Have it told at ``at`` that an impersonation has ended: before its time."""
    table = IMPERSONATION_NOTICES.c
    ending = update(IMPERSONATION_NOTICES).where(table.impersonation == name, table.what == "end")
    await connection.execute(ending.where(table.due_at > at).values(due_at=at))


class SqlNotices:
    """Implements ``notices.due.NoticeStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def due(self, *, at: int, most: int) -> list[Notice]:
        table = IMPERSONATION_NOTICES.c
        wanted = (
            select(IMPERSONATION_NOTICES)
            .where(table.due_at <= at)
            .order_by(table.due_at, table.impersonation)
            .limit(most)
        )
        async with self._database.reading() as connection:
            return [_read(row) for row in (await connection.execute(wanted)).all()]

    async def claim(self, notice: Notice, *, until: int) -> Notice | None:
        table, tries = IMPERSONATION_NOTICES.c, notice.tries + 1
        here = _here(notice, tries=notice.tries).where(table.due_at == notice.due_at)
        async with self._database.writing() as connection:
            done = await connection.execute(here.values(due_at=until, tries=tries))
        return None if done.rowcount != 1 else msgspec.structs.replace(notice, due_at=until, tries=tries)

    async def put_off(self, notice: Notice, *, until: int) -> None:
        told = msgspec.json.encode(notice.told).decode()
        async with self._database.writing() as connection:
            await connection.execute(_here(notice, tries=notice.tries).values(due_at=until, told=told))

    async def done(self, notice: Notice) -> None:
        table = IMPERSONATION_NOTICES.c
        gone = delete(IMPERSONATION_NOTICES).where(
            table.impersonation == notice.impersonation, table.what == notice.what
        )
        async with self._database.writing() as connection:
            await connection.execute(gone.where(table.tries == notice.tries))


def _here(notice: Notice, *, tries: int) -> Any:
    table = IMPERSONATION_NOTICES.c
    return update(IMPERSONATION_NOTICES).where(
        table.impersonation == notice.impersonation, table.what == notice.what, table.tries == tries
    )


def _read(row: Row[Any]) -> Notice:
    return Notice(
        impersonation=row.impersonation,
        what=one_of(WHATS, row.what),
        due_at=row.due_at,
        tries=row.tries,
        told=msgspec.json.decode(row.told, type=tuple[str, ...]),
    )
