"""``actas audit sinks``: where copies of the minutes go, and how that goes."""

from __future__ import annotations

from actas.cli.tree import Entry, Group

_CHANGING = "actas.cli.audit_sinks_changing"

command = Group(
    help="Where copies of the minutes go, and how that goes.",
    entries=(
        Entry("list", "actas.cli.audit_sinks_list", "List the sinks, how far each is, and what went wrong."),
        Entry("pause", _CHANGING, "Deliver nothing more to a sink.", found=("COMMANDS", "pause")),
        Entry("resume", _CHANGING, "Let deliveries go on, and try at once.", found=("COMMANDS", "resume")),
        Entry("skip", _CHANGING, "Pass over what a sink will not have.", found=("COMMANDS", "skip")),
        Entry(
            "rewind",
            _CHANGING,
            "Deliver a stream again from its beginning.",
            found=("COMMANDS", "rewind"),
        ),
    ),
)
