"""A server under load whose storage fails, and is mended: what callers must meet meanwhile (REL-02)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final

from tests.fakes.load import Load, press
from tests.fakes.server import RealServer, until

LONGEST: Final = 10.0
"""Seconds within which everybody has an answer: the two that a request may wait, and what a busy computer adds."""

RECOVERY: Final = 15.0

Fault = Callable[[RealServer], AbstractContextManager[None]]


async def press_through(server: RealServer, load: Load, fault: Fault) -> None:
    """Load the server, break the storage of its log, look, and mend it."""
    stop = asyncio.Event()
    asking = asyncio.create_task(press(server, load, lambda _: server.company.own(), callers=12, stop=stop))
    try:
        await asyncio.to_thread(until, lambda: load.statuses()[200] > 50)
        with fault(server):
            await asyncio.to_thread(until, lambda: load.statuses()[503] > 0, limit=LONGEST)
            before = load.statuses()[200]
            replies = [await asyncio.to_thread(server.post, server.company.own()) for _ in range(3)]
            for reply in replies:
                assert (reply.status, reply.json["error"]) == (503, "temporarily_unavailable")
                assert reply.reason == "audit_unavailable"
                assert reply.header("retry-after") == "1"
                assert reply.header("actas-entry") is None
            await asyncio.to_thread(until, lambda: load.statuses()[503] >= 12)
            assert load.statuses()[200] == before
            live = await asyncio.to_thread(server.manage, "/livez")
            ready = await asyncio.to_thread(server.manage, "/readyz")
            assert (live.status, ready.status) == (200, 503)
        mended = load.statuses()[200]
        assert await asyncio.to_thread(until, lambda: load.statuses()[200] > mended) < RECOVERY
    finally:
        stop.set()
        await asking


def nothing_is_lost(server: RealServer, load: Load) -> None:
    """Every token that arrived has its entry, and no entry is there twice. The server is stopped."""
    granted = [event["id"] for event in server.events() if event.get("outcome") == "granted"]
    assert load.tokens.keys() <= set(granted)
    assert len(set(granted)) == len(granted)
    assert "Traceback" not in server.said
    assert server.verdict().findings == ()
