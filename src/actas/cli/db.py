"""``actas db``: the main database."""

from __future__ import annotations

from actas.cli.tree import Entry, Group

command = Group(
    help="Look after the database: its schema, its size, its backups.",
    entries=(
        Entry("status", "actas.cli.db_status", "Say which schema the database has, and what it holds."),
        Entry("purge", "actas.cli.db_purge", "Remove what has ended, in small steps."),
        Entry("migrate", "actas.cli.db_migrate", "Bring the database to this release's schema."),
        Entry("backup", "actas.cli.db_backup", "Write everything that a node needs into one sealed file."),
        Entry(
            "restore",
            "actas.cli.db_restore",
            "Make the database what a backup holds, whole or not at all.",
        ),
    ),
)
