"""``actas audit``: read the minutes, and prove that nobody edited them."""

from __future__ import annotations

from actas.cli.tree import Entry, Group

command = Group(
    help="Read the minutes, and prove that nobody edited them.",
    entries=(
        Entry("tail", "actas.cli.audit_tail", "Show the last entries, and follow if asked."),
        Entry("search", "actas.cli.audit_search", "Find entries."),
        Entry("show", "actas.cli.audit_show", "Show one entry whole: its chain, its lineage, its proof."),
        Entry(
            "verify", "actas.cli.audit_verify", "Prove that no entry was edited, removed, added or cut off."
        ),
        Entry("checkpoint", "actas.cli.audit_checkpoint", "Sign the end of every stream now, and print it."),
        Entry("sinks", "actas.cli.audit_sinks", "Where copies of the minutes go, and how that goes."),
        Entry("export", "actas.cli.audit_export", "Write the log, or a part of it, as lines."),
    ),
)
