"""The entries that every group of objects has: names and summaries, so that help imports no command."""

from __future__ import annotations

from typing import Final

from actas.cli.tree import Entry

_MODULE: Final = "actas.cli.managed"


def verbs(kind: str, *without: str) -> tuple[Entry, ...]:
    """Return list, show, disable, enable and delete for a kind, without those named."""
    words = "APIs" if kind == "apis" else kind
    summaries = {
        "list": f"List the {words}, by name.",
        "show": f"Show one of the {words}, as it is kept.",
        "disable": "Switch it off, whoever keeps it.",
        "enable": "Switch it on again.",
        "delete": f"Delete one of the {words}, with what hangs on it.",
    }
    return tuple(
        Entry(name, _MODULE, summary, found=(name.upper(), kind))
        for name, summary in summaries.items()
        if name not in without
    )
