"""``actas keys``: this server's own keys."""

from __future__ import annotations

from actas.cli.tree import Entry, Group

command = Group(
    help="Look at the keys that sign tokens and seal the audit log.",
    entries=(Entry("list", "actas.cli.keys_list", "List the keys of this server, newest first."),),
)
