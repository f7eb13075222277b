"""Looking at connections to other domains: whether each can work, by what both sides show."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from actas.admin.finding import Check
from actas.app.connections import health
from actas.app.finding import Result
from actas.app.foundation import Foundation
from actas.app.outside import outside


async def look_at_connections(base: Foundation) -> Sequence[Result]:
    """Return what is found of each connection: a line when all is well, else one for each trouble."""
    connections = base.catalog.connections
    if not connections.every and not connections.accepted:
        return []
    paused = {one.name for one in connections.every if one.paused}
    paused |= {one.name for one in connections.accepted if one.paused}
    out = outside(base)
    try:
        found = await health(base, out).every()
    finally:
        with contextlib.suppress(Exception):
            await out.close()
    results = list[Result]()
    for name, checks in found.items():
        if name in paused:
            results.append(Result(name="connections", state="skipped", says=f"{name} is paused"))
        else:
            results += _of(name, checks)
    return results


def _of(name: str, checks: Sequence[Check]) -> Iterator[Result]:
    troubles = [one for one in checks if one.state != "good"]
    for one in troubles:
        said = f"{name}: {one.name}: {one.says}"
        yield Result(name="connections", state=one.state, says=said, remedy=one.remedy)
    if not troubles:
        looked = ", ".join(one.name for one in checks)
        yield Result(name="connections", state="good", says=f"{name}: {looked}")
