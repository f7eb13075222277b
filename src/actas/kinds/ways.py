"""By which of several connections a request goes to another domain: by exactly one, or by none. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from actas.core.client import Client
from actas.core.errors import InvalidTarget
from actas.core.target import Api


def one_way(found: Sequence[Api], asked: tuple[str, ...], *, client: Client, there: str) -> Api:
    """Return what the one connection leads to, with the APIs there that were asked for.

    Args:
        found: what the connections lead to that fit; at least one.
        asked: the APIs there that the request names, each once; none means all that the connection has.
        there: what the request calls the server, for people.

    Raises:
        InvalidTarget: several fit, or several MCP servers.
    """
    going = [api for api in found if not api.disabled]
    if len(going) > 1 or (going and not asked and not _lead_alike(found)):
        # That one of them is paused chooses no other.
        candidates = "; ".join(_candidate(api) for api in found)
        detail = f"{client.name} has several connections to {there[:200]!r}, send the resource of one: "
        raise InvalidTarget("several_connections", detail=f"{detail}{candidates}")
    api = going[0] if going else found[0]  # of a pause the judge tells
    if api.abroad is not None and api.abroad.mcp and len(asked or api.abroad.resources) != 1:
        detail = f"a grant is for one MCP server, and {there[:200]!r} has several: send one resource of "
        raise InvalidTarget("several_connections", detail=f"{detail}{_candidate(api)}")
    if api.abroad is None or not asked:
        return api
    return replace(api, abroad=replace(api.abroad, resources=asked))


def _candidate(api: Api) -> str:
    if api.abroad is None:
        return api.name
    resources = ", ".join(api.abroad.resources) or "no resource"
    return f"{api.abroad.connection} ({'paused: ' if api.disabled else ''}{resources})"


def _lead_alike(found: Sequence[Api]) -> bool:
    """Whether connections lead to the same APIs, so that it is nothing to a request which one it goes by."""
    return len({frozenset(api.abroad.resources) for api in found if api.abroad is not None}) == 1
