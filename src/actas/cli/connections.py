"""``actas connections``: which app reaches which API of another domain, for whom."""

from __future__ import annotations

from typing import Final

from actas.cli.tree import Entry, Group
from actas.cli.verbs import verbs

_MODULE: Final = "actas.cli.connected"

command = Group(
    help="Look at connections to other domains, try them, and pause them.",
    entries=(
        Entry("list", _MODULE, "List the connections: who reaches what, for whom.", found=("VERBS", "list")),
        Entry(
            "show",
            _MODULE,
            "Show a connection, the way that it opens, and whether it can work.",
            found=("VERBS", "show"),
        ),
        Entry("create", "actas.cli.connections_create", "Make a connection that the console keeps."),
        Entry(
            "try",
            "actas.cli.connections_try",
            "Say which side of a connection would refuse somebody, and why.",
        ),
        Entry("pause", _MODULE, "Pause a connection: no new grant comes of it.", found=("VERBS", "pause")),
        Entry("resume", _MODULE, "Let grants come of a connection again.", found=("VERBS", "resume")),
        *verbs("connections", "list", "show", "disable", "enable"),
    ),
)
