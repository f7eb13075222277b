"""The tables of the main database, as statements name them. Migrations make them; a test compares."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Index, LargeBinary, MetaData, Table, Text, text

METADATA: Final = MetaData()

SCHEMA_VERSIONS: Final = Table(
    "schema_versions",
    METADATA,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("usable_from", BigInteger, nullable=False),
    Column("applied_at", BigInteger, nullable=False),
)
"""Which migrations were applied. The only table that no migration makes: ``store.schema`` does."""

SIGNING_KEYS: Final = Table(
    "signing_keys",
    METADATA,
    Column("kid", Text, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("algorithm", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("sealed_private", LargeBinary, nullable=False),
    Column("public_jwk", Text, nullable=False),
)

Index(
    "signing_keys_active",
    SIGNING_KEYS.c.purpose,
    SIGNING_KEYS.c.algorithm,
    unique=True,
    sqlite_where=text("state = 'active'"),
    postgresql_where=text("state = 'active'"),
)

SECRETS: Final = Table(
    "secrets",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)
