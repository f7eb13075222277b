"""``actas keys``: this server's own keys."""

from __future__ import annotations

from actas.cli.tree import Entry, Group

command = Group(
    help="Look at and change the keys that sign tokens and seal the audit log.",
    entries=(
        Entry("list", "actas.cli.keys_list", "List the keys of this server, newest first."),
        Entry("rotate", "actas.cli.keys_rotate", "Let a new key follow the one that signs."),
        Entry("retire", "actas.cli.keys_retire", "Let one key go."),
        Entry(
            "rewrap",
            "actas.cli.keys_rewrap",
            "Seal everything again under the envelope key that is configured.",
        ),
        Entry("jwks", "actas.cli.keys_jwks", "Print the public keys as a JWK set."),
    ),
)
