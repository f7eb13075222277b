"""``actas clients``: who may ask."""

from __future__ import annotations

from actas.cli.tree import Entry, Group
from actas.cli.verbs import verbs

command = Group(
    help="Look at clients, switch them off, and make their secrets.",
    entries=(
        *verbs("clients"),
        Entry("create", "actas.cli.clients_create", "Make a client that the console keeps."),
        Entry(
            "rotate-secret", "actas.cli.clients_rotate", "Make a new secret for a client, and show it once."
        ),
    ),
)
