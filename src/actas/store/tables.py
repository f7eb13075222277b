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
    Column("ahead", BigInteger, nullable=False, server_default=text("0")),
    Column("activate_at", BigInteger),
    Column("retire_at", BigInteger),
    Column("remove_at", BigInteger),
)

Index(
    "signing_keys_active",
    SIGNING_KEYS.c.purpose,
    SIGNING_KEYS.c.algorithm,
    unique=True,
    sqlite_where=text("state = 'active'"),
    postgresql_where=text("state = 'active'"),
)

Index(
    "signing_keys_prepared",
    SIGNING_KEYS.c.purpose,
    SIGNING_KEYS.c.algorithm,
    unique=True,
    sqlite_where=text("state = 'prepared'"),
    postgresql_where=text("state = 'prepared'"),
)

GENERATIONS: Final = Table(
    "generations",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("number", BigInteger, nullable=False),
)
"""How often what nodes keep in memory was changed, by name."""

SECRETS: Final = Table(
    "secrets",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
)

CONFIGURATION_OBJECTS: Final = Table(
    "configuration_objects",
    METADATA,
    Column("kind", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("document", Text, nullable=False),
    Column("keeper", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("folder", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("state", Text, nullable=False),
    Column("disabled", BigInteger, nullable=False),
)

CLIENT_SECRETS: Final = Table(
    "client_secrets",
    METADATA,
    Column("kind", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("made_at", BigInteger, nullable=False),
    Column("place", BigInteger, nullable=False),
)

CONFIGURATION_GENERATIONS: Final = Table(
    "configuration_generations",
    METADATA,
    Column("generation", BigInteger, primary_key=True, autoincrement=False),
    Column("made_at", BigInteger, nullable=False),
    Column("entry", Text, nullable=False),
)

CONFIGURATION_RECORDS: Final = Table(
    "configuration_records",
    METADATA,
    Column("generation", BigInteger, primary_key=True, autoincrement=False),
    Column("place", BigInteger, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
    Column("taken_by", Text, nullable=False),
    Column("taken_at", BigInteger, nullable=False),
)

REVOCATIONS: Final = Table(
    "revocations",
    METADATA,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("mark", Text, nullable=False),
    Column("up_to", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("entry", Text, nullable=False),
)
"""What was revoked. Rows are added and, once nothing that they end can be live, removed; never changed."""

Index("revocations_until", REVOCATIONS.c.until)
