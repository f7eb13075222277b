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

OUTBOX: Final = Table(
    "outbox",
    METADATA,
    Column("entry", Text, primary_key=True),
    Column("place", BigInteger, nullable=False),
    Column("event", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("taken_by", Text, nullable=False),
    Column("taken_at", BigInteger, nullable=False),
)
"""Audit entries that were committed with what they tell, until they stand in a stream."""

ENVELOPE_KEYS: Final = Table(
    "envelope_keys",
    METADATA,
    Column("service", Text, primary_key=True),
    Column("wrapped", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
)
"""Envelope keys that a key service wrapped: what they are is known to the service alone."""

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

OPAQUE_TOKENS: Final = Table(
    "opaque_tokens",
    METADATA,
    Column("digest", Text, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
)
"""What opaque tokens stand for, until they end. Rows are added and removed; never changed."""

Index("opaque_tokens_end", OPAQUE_TOKENS.c.expires_at)

REFRESH_FAMILIES: Final = Table(
    "refresh_families",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("client", Text, nullable=False),
    Column("bound_to", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("renewed_at", BigInteger, nullable=False),
    Column("ended", BigInteger, nullable=False),
)
"""Exchanges that may be done again, and how often each was."""

Index("refresh_families_end", REFRESH_FAMILIES.c.until)

REFRESH_TOKENS: Final = Table(
    "refresh_tokens",
    METADATA,
    Column("digest", Text, primary_key=True),
    Column("family", Text, nullable=False),
    Column("generation", BigInteger, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("until", BigInteger, nullable=False),
)

Index("refresh_tokens_place", REFRESH_TOKENS.c.family, REFRESH_TOKENS.c.generation, unique=True)

REFRESH_MARKS: Final = Table(
    "refresh_marks",
    METADATA,
    Column("mark", Text, primary_key=True),
    Column("family", Text, primary_key=True),
)
"""What would end a family when it is revoked."""

Index("refresh_marks_family", REFRESH_MARKS.c.family)

CREDENTIALS: Final = Table(
    "credentials",
    METADATA,
    Column("subject", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("handle", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)
"""What people prove who they are with: one row for each person, and how often it was changed."""

Index("credentials_handle", CREDENTIALS.c.handle, unique=True)

SESSIONS: Final = Table(
    "sessions",
    METADATA,
    Column("digest", Text, primary_key=True),
    Column("sid", Text, nullable=False),
    Column("whose", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("outline", LargeBinary, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
)
"""Who is signed in at which browser, until it ends."""

Index("sessions_sid", SESSIONS.c.sid)
Index("sessions_whose", SESSIONS.c.whose)
Index("sessions_end", SESSIONS.c.ends_at)

CONSENTS: Final = Table(
    "consents",
    METADATA,
    Column("subject", Text, primary_key=True),
    Column("client", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("scope", Text, nullable=False),
    Column("apis", Text, nullable=False),
    Column("given_at", BigInteger, nullable=False),
    Column("used_at", BigInteger, nullable=False),
    Column("fingerprint", Text, nullable=False, server_default=""),
    Column("scope_at", Text, nullable=False, server_default="{}"),
)
"""What people let apps do."""

REGISTERED_CLIENTS: Final = Table(
    "registered_clients",
    METADATA,
    Column("client_id", Text, primary_key=True),
    Column("metadata", Text, nullable=False),
    Column("secret", LargeBinary, nullable=False),
    Column("registered_at", BigInteger, nullable=False),
    Column("used_at", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Index("registered_clients_end", "until"),
)
"""Clients that registered themselves."""

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

FAILURES: Final = Table(
    "failures",
    METADATA,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("process", Text, nullable=False),
    Column("attempt", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("forget", BigInteger, nullable=False),
    Column("times", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
)
"""Failed attempts of the last minutes, told by each process to the others."""

AUDIT_SINKS: Final = Table(
    "audit_sinks",
    METADATA,
    Column("sink", Text, primary_key=True),
    Column("log", Text, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("beat", BigInteger, nullable=False),
    Column("paused_by", Text, nullable=False),
    Column("due_stream", Text, nullable=False),
    Column("due_after", BigInteger, nullable=False),
    Column("due_upto", BigInteger, nullable=False),
    Column("refused", Text, nullable=False),
    Column("trouble", Text, nullable=False),
    Column("trouble_since", BigInteger, nullable=False),
    Column("delivered_at", BigInteger, nullable=False),
    Column("behind_since", BigInteger, nullable=False),
    Column("behind_bytes", BigInteger, nullable=False),
)
"""Who delivers the log to which sink, and how that goes."""

AUDIT_SINK_CURSORS: Final = Table(
    "audit_sink_cursors",
    METADATA,
    Column("sink", Text, primary_key=True),
    Column("log", Text, primary_key=True),
    Column("stream", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
)
"""How far each sink has each stream."""
