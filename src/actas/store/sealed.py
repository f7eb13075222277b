"""Everything in the main database that is sealed under the envelope key, to be sealed again (REL-08)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Table, and_, bindparam, func, not_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from actas.core.records import Record
from actas.keys.kept import Stored, StoredKey, StoredSecret, StoredValue
from actas.keys.store import Otherwise
from actas.signin.holdings import sealed_to
from actas.store.database import Database
from actas.store.keys import MOVE, NAMES, PURPOSES, stored_key, stored_secret
from actas.store.outbox import Outbox
from actas.store.tables import CREDENTIALS, SECRETS, SIGNING_KEYS

Rows = Sequence[tuple[Stored, bytes]]

_KEY: Final = SIGNING_KEYS.c.sealed_private
_SECRET: Final = SECRETS.c.sealed
_CREDENTIALS: Final = CREDENTIALS.c.sealed


class SqlSealedRows:
    """Implements ``keys.store.SealedStore`` on the main database."""

    def __init__(self, database: Database, outbox: Outbox | None = None) -> None:
        self._database = database
        self._outbox = Outbox(database) if outbox is None else outbox

    async def otherwise(self, header: bytes) -> Otherwise:
        ours, later = 0, 0
        async with self._database.reading(within=None) as connection:
            for table, sealed, known in _kinds():
                for wanted, is_ours in ((known, True), (not_(known), False)):
                    rows = select(func.count()).select_from(table)
                    found: int = (
                        await connection.execute(rows.where(_under_another(sealed, header), wanted))
                    ).scalar_one()
                    ours, later = (ours + found, later) if is_ours else (ours, later + found)
        return Otherwise(ours=ours, later=later)

    async def some_otherwise(self, header: bytes, *, most: int) -> list[Stored]:
        found: list[Stored] = []
        async with self._database.reading(within=None) as connection:
            for table, sealed, known in _kinds():
                wanted = select(table).where(_under_another(sealed, header), known).limit(most - len(found))
                found += [_stored(table, row) for row in (await connection.execute(wanted)).all()]
        return found

    async def seal_again(self, rows: Rows, *, record: Callable[[int], Record] | None = None) -> int:
        keys = {row.kid: (row.sealed, after) for row, after in rows if isinstance(row, StoredKey)}
        secrets = {str(row.name): (row.sealed, after) for row, after in rows if isinstance(row, StoredSecret)}
        people = {row.row: (row.sealed, after) for row, after in rows if isinstance(row, StoredValue)}
        async with self._database.writing(within=None) as connection:
            # First: whoever else changes keys waits from here on, and finds out that they were changed.
            await connection.execute(MOVE)
            changed = await _put(connection, SIGNING_KEYS.c.kid, _KEY, keys)
            changed += await _put(connection, SECRETS.c.name, _SECRET, secrets)
            changed += await _put(connection, CREDENTIALS.c.subject, _CREDENTIALS, people)
            if changed and record is not None:
                await self._outbox.put(connection, [record(changed)])
            return changed


def _kinds() -> tuple[tuple[Table, ColumnElement[bytes], ColumnElement[bool]], ...]:
    """Return every table with what is sealed in it, and which of its rows this release knows."""
    return (
        (SIGNING_KEYS, _KEY, SIGNING_KEYS.c.purpose.in_(PURPOSES)),
        (SECRETS, _SECRET, SECRETS.c.name.in_(NAMES)),
        (CREDENTIALS, _CREDENTIALS, true()),
    )


def _stored(table: Table, row: Row[Any]) -> Stored:
    if table is SIGNING_KEYS:
        return stored_key(row)
    if table is SECRETS:
        return stored_secret(row)
    return sealed_to(row.subject, row.version, bytes(row.sealed))


def _under_another(sealed: ColumnElement[bytes], header: bytes) -> ColumnElement[bool]:
    """Whether something is sealed under another key than that of ``header``; what is gone is not sealed."""
    begins: ColumnElement[bytes] = func.substr(sealed, 1, len(header))
    return and_(sealed != b"", begins != header)


async def _put(
    connection: AsyncConnection,
    name: Any,
    sealed: Any,
    wanted: Mapping[str, tuple[bytes, bytes]],
) -> int:
    """Put sealed bytes in the place of those that are still there as they were read."""
    if not wanted:
        return 0
    there = await connection.execute(select(name, sealed).where(name.in_(wanted)))
    same = [{"row": row, "after": wanted[row][1]} for row, now in there.all() if bytes(now) == wanted[row][0]]
    if same:
        change = update(name.table).where(name == bindparam("row"))
        await connection.execute(change.values({sealed.name: bindparam("after")}), same)
    return len(same)
