"""Looking at MCP servers: whether each publishes about itself what clients need to find a token for it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from typing import Final

from actas.app.finding import Result
from actas.app.foundation import Foundation
from actas.app.outside import outside
from actas.core.ports import Fetch, FetchFailed, Json
from actas.core.resource_metadata import Advice, advice, differences
from actas.core.target import Api
from actas.crypto.proof import PROOF_ALGORITHMS

_NAME: Final = "MCP servers"
_MOST_AT_ONCE: Final = 8
"""Servers that are asked at a time."""


async def look_at_resources(base: Foundation) -> Sequence[Result]:
    """Return what is found of each MCP server, by what it publishes (RFC 9728)."""
    servers = [api for api in base.catalog.apis.values() if api.kind == "mcp" and not api.disabled]
    if not servers:
        return []
    out, places = outside(base), asyncio.Semaphore(_MOST_AT_ONCE)

    async def look(api: Api) -> Result:
        async with places:
            return await _look(api, base, out.fetch)

    try:
        return await asyncio.gather(*[look(one) for one in servers])
    finally:
        with contextlib.suppress(Exception):
            await out.close()


async def _look(api: Api, base: Foundation, fetch: Fetch) -> Result:
    binding = base.catalog.policy.defaults.binding
    advised = advice(api, issuer=base.issuer, binding=binding, proof_algorithms=PROOF_ALGORITHMS)
    if advised is None:  # check refuses such a server
        return Result(name=_NAME, state="bad", says=f"{api.name}: its audience is no address")
    try:
        published = await fetch.get_json(advised.address)
    except FetchFailed as failed:
        said = f"{api.name} does not say what it is: {failed.detail}"
        return Result(name=_NAME, state="warn", says=said, remedy=_remedy(api))
    return _compared(api, published, advised)


def _compared(api: Api, published: Mapping[str, Json], advised: Advice) -> Result:
    found = [*differences(published, advised.document)]
    if not found:
        return Result(name=_NAME, state="good", says=f"{api.name} says at {advised.address} what it is")
    broken = any(one.breaks for one in found)
    said = f"{api.name} at {advised.address}: {'; '.join(one.says for one in found)}"
    return Result(name=_NAME, state="bad" if broken else "warn", says=said, remedy=_remedy(api))


def _remedy(api: Api) -> str:
    return f"actas apis show {api.name} prints what its keeper has to publish, and where"
