"""``actas rules``: what decides exchanges."""

from __future__ import annotations

from actas.cli.tree import Entry, Group
from actas.cli.verbs import verbs

command = Group(
    help="Look at rules, test them, and ask who can reach what.",
    entries=(
        *verbs("rules"),
        Entry(
            "test", "actas.cli.rules_test", "Run the policy tests that are kept against the rules in force."
        ),
        Entry(
            "who-can",
            "actas.cli.rules_who_can",
            "Read the policy backwards: who could end at an API, or get a grant by a connection.",
        ),
    ),
)
