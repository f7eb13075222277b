"""A way out that leads to documents the test wrote; and what the tests of the real one share."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

import pytest

from actas.core.ports import FetchFailed, Json
from actas.net.fetch import GuardedFetch

QUICK: Final = 0.25
"""Seconds: the five that a fetch may take, scaled down."""


class ScriptedFetch:
    """Implements ``core.ports.Fetch``.

    Attributes:
        documents: what is at each address; an exception is raised instead. Anything else fails.
        asked: every address asked for, in order.
        gate: when set to an event, every fetch waits for it.
    """

    def __init__(self, documents: Mapping[str, Any] | None = None) -> None:
        self.documents: dict[str, Any] = dict(documents or {})
        self.asked: list[str] = []
        self.gate: asyncio.Event | None = None

    async def get_json(self, url: str) -> Mapping[str, Json]:
        self.asked.append(url)
        if self.gate is not None:
            await self.gate.wait()
        found = self.documents.get(url, FetchFailed(f"{url}: nothing is there"))
        if isinstance(found, Exception):
            raise found
        return dict(found)


async def refused(fetch: GuardedFetch, url: str) -> str:
    """Return why the real way out did not fetch an address."""
    with pytest.raises(FetchFailed) as failed:
        await fetch.get_json(url)
    return failed.value.detail
