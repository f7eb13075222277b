"""What a sink was given, held against the log that it is a copy of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from actas.audit.checkpoint import is_line
from tests.fakes.server import RealServer


def lines_of(path: Path) -> list[bytes]:
    """Return the whole lines of a file, which need not be there."""
    return (
        [one for one in path.read_bytes().splitlines(keepends=True) if one.endswith(b"\n")]
        if path.exists()
        else []
    )


def entries_of(lines: Iterable[bytes]) -> list[dict[str, Any]]:
    """Return the entries among lines, without the checkpoints."""
    return [json.loads(one) for one in lines if not is_line(one)]


def require_in_order(entries: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Return how far each stream came, once none has a gap and nothing came before what it follows.

    What comes again is allowed, as long as it goes on without a gap from there.
    """
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    for entry in entries:
        stream, seq = str(entry["stream"]), int(entry["seq"])
        before = last.get(stream, 0)
        assert seq <= before + 1, f"{stream}: {seq} came after {before}"
        last[stream] = seq
        first[stream] = max(first.get(stream, 0), seq)
    return first


def delivers(server: RealServer) -> bool:
    """Whether a server holds the lease of a sink, as its metrics say."""
    return b"actas_audit_sink_stopped{" in server.manage("/metrics").body
