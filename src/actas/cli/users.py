"""``actas users``: who signs in here."""

from __future__ import annotations

from actas.cli.tree import Entry, Group
from actas.cli.verbs import verbs

command = Group(
    help="Look at users, lock them out, and take away what they have lost.",
    entries=(
        *verbs("users"),
        Entry(
            "reset",
            "actas.cli.users_reset",
            "Take away what somebody signs in with and has lost.",
        ),
    ),
)
