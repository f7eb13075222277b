"""``actas impersonate``: act as somebody, in the open."""

from __future__ import annotations

from actas.cli.tree import Entry, Group

command = Group(
    help="Act as somebody, in the open.\n\nWith a reason, for a short time, and on the record.",
    entries=(
        Entry("start", "actas.cli.impersonate_start", "Begin to act as somebody, or get one more token."),
        Entry(
            "list",
            "actas.cli.impersonate_deciding",
            "List who acts, or acted, as whom and why.",
            found=("LIST", "command"),
        ),
        Entry(
            "approve",
            "actas.cli.impersonate_deciding",
            "Approve one that waits.",
            found=("APPROVE", "command"),
        ),
        Entry(
            "refuse",
            "actas.cli.impersonate_deciding",
            "Refuse to approve one that waits.",
            found=("REFUSE", "command"),
        ),
        Entry(
            "end",
            "actas.cli.impersonate_deciding",
            "End one, with every token that came of it.",
            found=("END", "command"),
        ),
    ),
)
