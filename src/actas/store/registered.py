"""Clients that registered themselves, where every node finds them, and a copy of them in memory.

There are a bounded number of them, so all are in memory; a number moves when one comes or goes, and nodes
read again when it did. Whoever was registered a moment ago, or was used elsewhere alone and seems to have
ended, is looked for in the database.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import Any, Final

import msgspec
from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from actas.audit.log import draw_up
from actas.clients.registered import Registered, is_registered_id
from actas.core.errors import StoreUnavailable
from actas.core.lineage import Marking
from actas.core.ports import Clock, JsonObject, SystemChance
from actas.core.records import Record
from actas.store.database import Database
from actas.store.outbox import Outbox
from actas.store.sweeping import MOST_SWEPT, in_steps
from actas.store.tables import GENERATIONS, REGISTERED_CLIENTS

MOST_EVER: Final = 10_000
"""Clients; the configuration allows no more."""

USED_EVERY: Final = 3600
"""Seconds in which it is noted once that a client is used."""

TOPIC: Final = "registered clients"
"""Whose turn it is to write, and the name of the number."""

_MOVE: Final = update(GENERATIONS).where(GENERATIONS.c.name == TOPIC).values(number=GENERATIONS.c.number + 1)


async def open_registered(database: Database, *, clock: Clock, marking: Marking) -> SqlRegisteredClients:
    """Return the clients that registered themselves, as they are now.

    Raises:
        DatabaseUnavailable: they could not be read.
    """
    found = SqlRegisteredClients(database, clock=clock, marking=marking)
    await found.refresh()
    return found


class SqlRegisteredClients:
    """Implements ``clients.registered.RegisteredClients`` and ``registration.Registry``.

    Args:
        marking: knows names that were made here.
    """

    def __init__(self, database: Database, *, clock: Clock, marking: Marking) -> None:
        self._database = database
        self._clock = clock
        self._marking = marking
        # Its own: whoever registers a client writes the entry, and not whatever else writes entries.
        self._outbox = Outbox(database)
        self._found: dict[str, Registered] = {}
        self._seen = -1
        self._reading = asyncio.Lock()

    def known(self, client_id: str) -> Registered | None:
        found = self._found.get(client_id)
        return None if found is None or found.until <= self._clock.now() else found

    async def look(self, client_id: str, *, unused_for: int) -> None:
        found = self.known(client_id)
        if found is None and is_registered_id(client_id, marking=self._marking):
            found = await self._read(client_id)
        now = int(self._clock.now())
        if found is None or (now - found.used_at < USED_EVERY and found.used_at > found.registered_at):
            return
        used = replace(found, used_at=max(now, found.registered_at + 1), until=now + unused_for)
        with contextlib.suppress(StoreUnavailable):  # it is noted the next time
            await self._touch(used)
            self._found[client_id] = used

    async def keep(self, client: Registered, *, most: int, record: Record) -> bool:
        async with self._database.writing(turn=TOPIC) as connection:
            counted = select(func.count()).select_from(REGISTERED_CLIENTS)
            if (await connection.scalar(counted) or 0) >= min(most, MOST_EVER):
                return False
            await connection.execute(insert(REGISTERED_CLIENTS).values(**_columns(client)))
            await connection.execute(_MOVE)
            await self._outbox.put(connection, [record])
        self._found[client.client_id] = client
        return True

    async def written(self, entry: str) -> None:
        await self._outbox.written(entry)

    async def refresh(self) -> None:
        """Read again what changed.

        Raises:
            DatabaseUnavailable: it could not be read.
        """
        async with self._reading, self._database.reading() as connection:
            number = await _number(connection)
            if number == self._seen:
                return
            rows = (await connection.execute(select(REGISTERED_CLIENTS).limit(MOST_EVER))).all()
            self._found = {row.client_id: _registered(row) for row in rows}
            self._seen = number

    async def sweep(self) -> int:
        """Remove those that nobody used, and return how many there were (``sweep_registered``)."""
        return await sweep_registered(self._database, clock=self._clock)

    async def _read(self, client_id: str) -> Registered | None:
        """Return a client as its row is now, unless it has ended. A use elsewhere moves no number."""
        wanted = select(REGISTERED_CLIENTS).where(REGISTERED_CLIENTS.c.client_id == client_id)
        async with self._reading, self._database.reading() as connection:
            row = (await connection.execute(wanted)).one_or_none()
            if row is not None:
                self._found[client_id] = _registered(row)
        return self.known(client_id)

    async def _touch(self, used: Registered) -> None:
        table = REGISTERED_CLIENTS.c
        change = update(REGISTERED_CLIENTS).where(
            table.client_id == used.client_id, table.used_at < used.used_at
        )
        async with self._database.writing(turn=TOPIC) as connection:
            await connection.execute(change.values(used_at=used.used_at, until=used.until))


async def sweep_registered(database: Database, *, clock: Clock) -> int:
    """Remove clients that nobody used, and return how many there were. Each is an entry of the audit log.

    Raises:
        DatabaseUnavailable: the database failed; what was removed so far is.
    """
    outbox, table = Outbox(database), REGISTERED_CLIENTS.c

    async def step(connection: AsyncConnection) -> int:
        now = clock.now()
        old = select(REGISTERED_CLIENTS).where(table.until < int(now)).order_by(table.until)
        rows = (await connection.execute(old.limit(MOST_SWEPT))).all()
        if rows:
            names = [row.client_id for row in rows]
            await connection.execute(delete(REGISTERED_CLIENTS).where(table.client_id.in_(names)))
            await connection.execute(_MOVE)
            await outbox.put(connection, [_ended(_registered(row), now) for row in rows])
        return len(rows)

    return await in_steps(database, step, turn=TOPIC)


def _ended(client: Registered, now: float) -> Record:
    return draw_up(
        "registration:ended",
        now=now,
        chance=SystemChance(),
        client={"name": client.client_id},
        why="nobody used it",
        before=client.metadata,
    )


async def _number(connection: AsyncConnection) -> int:
    found = await connection.scalar(select(GENERATIONS.c.number).where(GENERATIONS.c.name == TOPIC))
    return int(found or 0)


def _columns(client: Registered) -> dict[str, Any]:
    return {
        "client_id": client.client_id,
        "metadata": msgspec.json.encode(client.metadata).decode(),
        "secret": client.secret,
        "registered_at": client.registered_at,
        "used_at": client.used_at,
        "until": client.until,
    }


def _registered(row: Row[Any]) -> Registered:
    try:
        metadata = msgspec.json.decode(row.metadata, type=dict[str, Any])
    except msgspec.DecodeError as broken:
        raise StoreUnavailable(f"what {row.client_id} registered cannot be read: {broken}") from broken
    read: JsonObject = metadata
    return Registered(
        client_id=row.client_id,
        metadata=read,
        secret=bytes(row.secret),
        registered_at=row.registered_at,
        used_at=row.used_at,
        until=row.until,
    )
