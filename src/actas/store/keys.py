"""Our own keys in the main database, as ``keys.local`` wants them kept: sealed before they come here."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, Literal, TypeVar, get_args

from sqlalchemy import Insert, insert, select
from sqlalchemy.exc import IntegrityError

from actas.core.wire import SigningAlgorithm
from actas.keys.kept import SecretName, StoredKey, StoredSecret
from actas.keys.ring import Purpose
from actas.store.database import Database
from actas.store.tables import SECRETS, SIGNING_KEYS
from actas.store.trouble import DatabaseUnavailable

Word = TypeVar("Word", bound=str)

State = Literal["active", "retired"]

_PURPOSES: Final[tuple[Purpose, ...]] = get_args(Purpose)
_ALGORITHMS: Final[tuple[SigningAlgorithm, ...]] = get_args(SigningAlgorithm)
_STATES: Final[tuple[State, ...]] = get_args(State)
_NAMES: Final[tuple[SecretName, ...]] = get_args(SecretName)


class SqlKeyStore:
    """Implements ``keys.local.KeyStore`` on the main database.

    Rows of a purpose or a name that this release does not know belong to a later one that shares the
    database. They are passed over: a key that is not read signs and verifies nothing.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[StoredKey]:
        wanted = select(SIGNING_KEYS).where(SIGNING_KEYS.c.purpose.in_(_PURPOSES))
        async with self._database.reading() as connection:
            rows = (await connection.execute(wanted)).all()
        return [
            StoredKey(
                kid=row.kid,
                purpose=_one_of(_PURPOSES, row.purpose),
                algorithm=_one_of(_ALGORITHMS, row.algorithm),
                state=_one_of(_STATES, row.state),
                created_at=row.created_at,
                public_jwk=row.public_jwk,
                sealed=row.sealed_private,
            )
            for row in rows
        ]

    async def add(self, key: StoredKey) -> bool:
        return await self._insert(
            insert(SIGNING_KEYS).values(
                kid=key.kid,
                purpose=key.purpose,
                algorithm=key.algorithm,
                state=key.state,
                created_at=key.created_at,
                sealed_private=key.sealed,
                public_jwk=key.public_jwk,
            )
        )

    async def secrets(self) -> list[StoredSecret]:
        wanted = select(SECRETS).where(SECRETS.c.name.in_(_NAMES))
        async with self._database.reading() as connection:
            rows = (await connection.execute(wanted)).all()
        return [StoredSecret(name=_one_of(_NAMES, row.name), sealed=row.sealed) for row in rows]

    async def add_secret(self, secret: StoredSecret) -> bool:
        return await self._insert(insert(SECRETS).values(name=secret.name, sealed=secret.sealed))

    async def _insert(self, statement: Insert) -> bool:
        """Insert a row; False when another stands in its way."""
        try:
            async with self._database.writing() as connection:
                await connection.execute(statement)
        except IntegrityError:
            return False
        return True


def _one_of(words: Collection[Word], found: str) -> Word:
    """Return the word that a column holds.

    Raises:
        DatabaseUnavailable: it holds none that we know.
    """
    for word in words:
        if word == found:
            return word
    raise DatabaseUnavailable(f"a row of the database says {found!r} where {', '.join(words)} is expected")
