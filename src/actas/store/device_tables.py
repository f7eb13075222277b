"""The table of devices that wait to be let in, as statements name it (``store.tables``)."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Index, LargeBinary, Table, Text

from actas.store.tables import METADATA

DEVICE_CODES: Final = Table(
    "device_codes",
    METADATA,
    Column("digest", Text, primary_key=True),
    Column("user_code", Text, nullable=False),
    Column("whose", Text, nullable=False),
    Column("asked", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    # Named `authorized` and not `authorization`, which PostgreSQL keeps for itself.
    Column("authorized", Text, nullable=False),
    Column("answer", LargeBinary, nullable=False),
    Column("pause", BigInteger, nullable=False),
    Column("polled_at", BigInteger, nullable=False),
    Column("ends_at", BigInteger, nullable=False),
    Column("client", Text, nullable=False, server_default=""),
    Column("near", Text, nullable=False, server_default=""),
    Column("wide", Text, nullable=False, server_default=""),
    Column("room", BigInteger, nullable=False, server_default="0"),
)
"""What devices asked, and what came of it, until it ends."""

Index("device_codes_user_code", DEVICE_CODES.c.user_code, unique=True)
Index("device_codes_whose", DEVICE_CODES.c.whose)
Index("device_codes_client", DEVICE_CODES.c.client)
Index("device_codes_near", DEVICE_CODES.c.near)
Index("device_codes_wide", DEVICE_CODES.c.wide)
Index("device_codes_end", DEVICE_CODES.c.ends_at)
