"""``actas apis``: what tokens are for."""

from __future__ import annotations

from actas.cli.tree import Group
from actas.cli.verbs import verbs

command = Group(help="Look at APIs, and switch them off.", entries=verbs("apis"))
