"""``actas issuers``: whom the server believes."""

from __future__ import annotations

from actas.cli.tree import Group
from actas.cli.verbs import verbs

command = Group(help="Look at trusted issuers, and switch them off.", entries=verbs("issuers"))
