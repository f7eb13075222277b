"""Our own keys in the main database, as ``keys.store`` wants them kept: sealed before they come here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, get_args

from sqlalchemy import Row, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from actas.core.records import Record
from actas.core.wire import EncryptionAlgorithm, KeyAlgorithm, SigningAlgorithm
from actas.keys.kept import SecretName, StoredKey, StoredSecret
from actas.keys.ring import KeyState, Purpose
from actas.keys.store import Kept
from actas.store.database import Database
from actas.store.outbox import Outbox
from actas.store.tables import GENERATIONS, SECRETS, SIGNING_KEYS
from actas.store.words import one_of

PURPOSES: Final[tuple[Purpose, ...]] = get_args(Purpose)
NAMES: Final[tuple[SecretName, ...]] = get_args(SecretName)
_ALGORITHMS: Final[tuple[KeyAlgorithm, ...]] = (
    *get_args(SigningAlgorithm),
    *get_args(EncryptionAlgorithm),
)
_STATES: Final[tuple[KeyState, ...]] = get_args(KeyState)
_KEYS: Final = "keys"
MOVE: Final = update(GENERATIONS).where(GENERATIONS.c.name == _KEYS).values(number=GENERATIONS.c.number + 1)
"""Counts a change of keys. Whoever changes some does this first, so that one waits for another."""


class SqlKeyStore:
    """Implements ``keys.store.KeyStore`` on the main database.

    Rows of a purpose or a name that this release does not know belong to a later one that shares the
    database. They are passed over: a key that is not read signs and verifies nothing.
    """

    def __init__(self, database: Database, outbox: Outbox | None = None) -> None:
        self._database = database
        self._outbox = Outbox(database) if outbox is None else outbox

    async def generation(self) -> int:
        async with self._database.reading() as connection:
            return await _generation(connection)

    async def read(self) -> Kept:
        async with self._database.reading() as connection:
            # In this order: where two statements may see two states, the keys are the newer one.
            generation = await _generation(connection)
            wanted = select(SIGNING_KEYS).where(SIGNING_KEYS.c.purpose.in_(PURPOSES))
            rows = (await connection.execute(wanted)).all()
        return Kept(generation, [stored_key(row) for row in rows])

    async def all(self) -> list[StoredKey]:
        return (await self.read()).keys

    async def add(self, key: StoredKey) -> bool:
        try:
            async with self._database.writing() as connection:
                await connection.execute(MOVE)
                await connection.execute(insert(SIGNING_KEYS).values(**columns_of(key)))
        except IntegrityError:
            return False
        return True

    async def replace(self, keys: Sequence[StoredKey], *, seen: int, records: Sequence[Record] = ()) -> bool:
        try:
            async with self._database.writing() as connection:
                moved = await connection.execute(MOVE.where(GENERATIONS.c.number == seen))
                if moved.rowcount != 1:
                    return False
                for key in keys:
                    values = columns_of(key)
                    change = update(SIGNING_KEYS).where(SIGNING_KEYS.c.kid == key.kid).values(**values)
                    if (await connection.execute(change)).rowcount != 1:
                        await connection.execute(insert(SIGNING_KEYS).values(**values))
                await self._outbox.put(connection, records)
        except IntegrityError:
            return False
        return True

    async def secrets(self) -> list[StoredSecret]:
        wanted = select(SECRETS).where(SECRETS.c.name.in_(NAMES))
        async with self._database.reading() as connection:
            rows = (await connection.execute(wanted)).all()
        return [stored_secret(row) for row in rows]

    async def add_secret(self, secret: StoredSecret) -> bool:
        try:
            async with self._database.writing() as connection:
                await connection.execute(insert(SECRETS).values(name=secret.name, sealed=secret.sealed))
        except IntegrityError:
            return False
        return True


async def _generation(connection: AsyncConnection) -> int:
    found = await connection.execute(select(GENERATIONS.c.number).where(GENERATIONS.c.name == _KEYS))
    return int(found.scalar_one())


def columns_of(key: StoredKey) -> dict[str, Any]:
    """Return the row of a key."""
    return {
        "kid": key.kid,
        "purpose": key.purpose,
        "algorithm": key.algorithm,
        "state": key.state,
        "created_at": key.created_at,
        "ahead": key.ahead,
        "activate_at": key.activate_at,
        "retire_at": key.retire_at,
        "remove_at": key.remove_at,
        "sealed_private": key.sealed,
        "public_jwk": key.public_jwk,
    }


def stored_secret(row: Row[Any]) -> StoredSecret:
    """Return a row of the secrets."""
    return StoredSecret(name=one_of(NAMES, row.name), sealed=bytes(row.sealed))


def stored_key(row: Row[Any]) -> StoredKey:
    """Return a row of the signing keys."""
    return StoredKey(
        kid=row.kid,
        purpose=one_of(PURPOSES, row.purpose),
        algorithm=one_of(_ALGORITHMS, row.algorithm),
        state=one_of(_STATES, row.state),
        created_at=row.created_at,
        ahead=row.ahead,
        activate_at=row.activate_at,
        retire_at=row.retire_at,
        remove_at=row.remove_at,
        public_jwk=row.public_jwk,
        sealed=row.sealed_private,
    )
