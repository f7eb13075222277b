"""The tables of who acts as whom, as statements name them (``store.tables``)."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Table, Text

from actas.store.tables import METADATA

IMPERSONATIONS: Final = Table(
    "impersonations",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("mark", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("form", Text, nullable=False),
    Column("administrator_iss", Text, nullable=False),
    Column("administrator", Text, nullable=False),
    Column("administrator_kind", Text, nullable=False),
    Column("vouched_by", Text, nullable=False),
    Column("client", Text, nullable=False),
    Column("subject_iss", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("ticket", Text, nullable=False),
    Column("details", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("requested_at", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("decided_at", BigInteger, nullable=False),
    Column("began_at", BigInteger, nullable=False),
    Column("ended_by", Text, nullable=False),
    Column("ended_why", Text, nullable=False),
)
"""Who acts, or acted, as whom and why."""

Index(
    "impersonations_administrator",
    IMPERSONATIONS.c.administrator_iss,
    IMPERSONATIONS.c.administrator,
    IMPERSONATIONS.c.requested_at,
)
Index(
    "impersonations_subject",
    IMPERSONATIONS.c.subject_iss,
    IMPERSONATIONS.c.subject,
    IMPERSONATIONS.c.requested_at,
)
Index("impersonations_requested", IMPERSONATIONS.c.requested_at)

IMPERSONATION_MARKS: Final = Table(
    "impersonation_marks",
    METADATA,
    Column("mark", Text, primary_key=True),
    Column("impersonation", Text, primary_key=True),
)
"""What an impersonation is found by: what would end it when it is revoked, and which group approves it."""

Index("impersonation_marks_impersonation", IMPERSONATION_MARKS.c.impersonation)

IMPERSONATION_NOTICES: Final = Table(
    "impersonation_notices",
    METADATA,
    Column("impersonation", Text, primary_key=True),
    Column("what", Text, primary_key=True),
    Column("due_at", BigInteger, nullable=False),
    Column("tries", BigInteger, nullable=False),
    Column("told", Text, nullable=False),
)
"""What is still to be told of an impersonation: that it began, and that it has ended."""

Index("impersonation_notices_due", IMPERSONATION_NOTICES.c.due_at)
