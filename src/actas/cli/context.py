"""``actas context``: the servers that are known by name."""

from __future__ import annotations

from actas.cli.tree import Entry, Group

command = Group(
    help="Know servers by name, and say which one is asked.",
    entries=(
        Entry("list", "actas.cli.context_list", "List the servers that are known by name."),
        Entry("add", "actas.cli.context_add", "Know a server by name."),
        Entry("use", "actas.cli.context_use", "Ask this server from now on."),
        Entry("remove", "actas.cli.context_remove", "Forget a server."),
    ),
)
