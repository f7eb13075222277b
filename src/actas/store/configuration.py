"""The configuration in the main database: objects, generations, and the records that go with a change.

A change is one transaction: the objects, the next generation, and the audit entries that say who changed
what. The entries wait in that same database until they stand in an audit stream, and no node puts a
generation in force before its entries do: no change without record, no record without change (REL-01).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, get_args

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from actas.admin.objects import KINDS, Change, Digest, Keeper, Kept, Key, Origin, Snapshot, State
from actas.core.lineage import Revoked
from actas.store.database import Database
from actas.store.revocations import RevocationList
from actas.store.tables import (
    CLIENT_SECRETS,
    CONFIGURATION_GENERATIONS,
    CONFIGURATION_OBJECTS,
    CONFIGURATION_RECORDS,
)
from actas.store.words import one_of

TOPIC: Final = "configuration"
"""What nodes are told that there is news about."""

TAKEN_FOR: Final = 3
"""Seconds in which whoever took records to write them has them to itself."""

_KEEPERS: Final[tuple[Keeper, ...]] = get_args(Keeper)
_ORIGINS: Final[tuple[Origin, ...]] = get_args(Origin)
_STATES: Final[tuple[State, ...]] = get_args(State)


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A change of the configuration, ready to be kept.

    Attributes:
        after: the generation that it was made on.
        at: seconds since the epoch.
        entry: the id of the first of the records.
        records: bodies of audit entries, in order.
        ended: what it ends for good.
    """

    after: int
    changes: Sequence[Change]
    at: int
    entry: str
    records: Sequence[bytes]
    ended: Sequence[Revoked] = ()


class SqlConfiguration:
    """Keeps the configuration.

    Rows of a kind that this release does not know belong to a later one that shares the database. They are
    passed over.

    Args:
        revoking: ends what a change ends, in the same transaction; only where changes are made.
    """

    def __init__(self, database: Database, *, revoking: RevocationList | None = None) -> None:
        self._database = database
        self._revoking = revoking

    async def generation(self) -> int:
        """Return the number of the last change; 0 before the first."""
        async with self._database.reading() as connection:
            return await _generation(connection)

    async def read(self) -> Snapshot:
        """Return everything that is kept, as of one instant."""
        wanted = select(CONFIGURATION_OBJECTS).where(CONFIGURATION_OBJECTS.c.kind.in_(KINDS))
        async with self._database.reading() as connection:
            generation = await _generation(connection)
            entry = await connection.scalar(
                select(CONFIGURATION_GENERATIONS.c.entry).where(
                    CONFIGURATION_GENERATIONS.c.generation == generation
                )
            )
            digests = await _digests(connection)
            rows = (await connection.execute(wanted)).all()
        return Snapshot(generation, tuple(_kept(row, digests) for row in rows), entry or "")

    async def commit(self, commit: Commit, *, by: str) -> bool:
        """Keep a change, whole or not at all.

        Args:
            by: which process writes its records, before others may.

        Returns:
            False when another change came first; nothing was kept then.
        """

        async def keep(connection: AsyncConnection) -> None:
            await self._keep(connection, commit, by=by)

        try:
            if commit.ended:
                if self._revoking is None:
                    raise ValueError("nothing is ended here")
                await self._revoking.add(commit.ended, within=keep)
            else:
                async with self._database.writing() as connection:
                    await keep(connection)
        except IntegrityError:  # another change came first: the number is taken
            return False
        return True

    async def _keep(self, connection: AsyncConnection, commit: Commit, *, by: str) -> None:
        number = commit.after + 1
        generation = {"generation": number, "made_at": commit.at, "entry": commit.entry}
        taken = {"taken_by": by, "taken_at": commit.at}
        records = [
            {"generation": number, "place": place, "body": body.decode(), **taken}
            for place, body in enumerate(commit.records)
        ]
        await connection.execute(insert(CONFIGURATION_GENERATIONS).values(generation))
        await _write(connection, commit.changes)
        if records:
            await connection.execute(insert(CONFIGURATION_RECORDS), records)
        await self._database.announce(connection, TOPIC)

    async def take(self, *, by: str, at: int) -> list[tuple[int, int, bytes]]:
        """Return the records that are to be written by this process now, in order.

        Args:
            by: which process.
            at: seconds since the epoch.

        Returns:
            Generation, place and body of each; those that another process is writing are left to it.
        """
        table = CONFIGURATION_RECORDS
        free = or_(table.c.taken_by == by, table.c.taken_at < at - TAKEN_FOR)
        async with self._database.reading() as connection:
            if await connection.scalar(select(func.count()).select_from(table)) == 0:
                return []
        async with self._database.writing() as connection:
            await connection.execute(update(table).where(free).values(taken_by=by, taken_at=at))
            wanted = select(table).where(table.c.taken_by == by).order_by(table.c.generation, table.c.place)
            rows = (await connection.execute(wanted)).all()
        return [(row.generation, row.place, row.body.encode()) for row in rows]

    async def written(self, generation: int, place: int) -> None:
        """Note that a record stands in an audit stream."""
        table = CONFIGURATION_RECORDS
        async with self._database.writing() as connection:
            await connection.execute(
                delete(table).where(table.c.generation == generation, table.c.place == place)
            )

    async def unwritten(self) -> int | None:
        """Return the first generation that has a record in no stream yet, or None."""
        async with self._database.reading() as connection:
            found: int | None = await connection.scalar(select(func.min(CONFIGURATION_RECORDS.c.generation)))
        return found


async def _generation(connection: AsyncConnection) -> int:
    found: int | None = await connection.scalar(select(func.max(CONFIGURATION_GENERATIONS.c.generation)))
    return found or 0


async def _digests(connection: AsyncConnection) -> dict[tuple[str, str], list[Digest]]:
    found: dict[tuple[str, str], list[Digest]] = {}
    for row in (await connection.execute(select(CLIENT_SECRETS).order_by(CLIENT_SECRETS.c.place))).all():
        digest = Digest(value=bytes(row.digest), made_at=row.made_at)
        found.setdefault((row.kind, row.name), []).append(digest)
    return found


async def _write(connection: AsyncConnection, changes: Sequence[Change]) -> None:
    """Replace every object that changes, with what hangs on it."""
    for one in changes:
        if one.before is not None:
            for table in (CLIENT_SECRETS, CONFIGURATION_OBJECTS):
                await connection.execute(
                    delete(table).where(table.c.kind == one.key[0], table.c.name == one.key[1])
                )
    rows = [_row(one.after) for one in changes]
    secrets = [
        {**_named(one.key), "digest": digest.value, "made_at": digest.made_at, "place": place}
        for one in changes
        for place, digest in enumerate(one.after.digests)
    ]
    if rows:
        await connection.execute(insert(CONFIGURATION_OBJECTS), rows)
    if secrets:
        await connection.execute(insert(CLIENT_SECRETS), secrets)


def _named(key: Key) -> dict[str, Any]:
    return {"kind": key[0], "name": key[1]}


def _row(kept: Kept) -> dict[str, Any]:
    return {
        **_named(kept.key),
        "document": kept.document,
        "keeper": kept.keeper,
        "origin": kept.origin,
        "place": kept.place,
        "folder": kept.folder,
        "version": kept.version,
        "state": kept.state,
        "disabled": int(kept.disabled),
    }


def _kept(row: Any, digests: dict[tuple[str, str], list[Digest]]) -> Kept:
    return Kept(
        kind=one_of(KINDS, row.kind),
        name=row.name,
        document=row.document,
        keeper=one_of(_KEEPERS, row.keeper),
        origin=one_of(_ORIGINS, row.origin),
        place=row.place,
        folder=row.folder,
        version=row.version,
        state=one_of(_STATES, row.state),
        disabled=bool(row.disabled),
        digests=tuple(digests.get((row.kind, row.name), ())),
    )
