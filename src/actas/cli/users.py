"""``actas users``: who signs in here."""

from __future__ import annotations

from actas.cli.tree import Group
from actas.cli.verbs import verbs

command = Group(help="Look at users, and lock them out.", entries=verbs("users"))
