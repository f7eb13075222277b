"""Many callers at once, each on one connection that it keeps, remembering every answer that arrived whole."""

from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.fakes.wire import FORM, encoded, request


@dataclass(frozen=True, slots=True)
class Got:
    """One answer that arrived whole."""

    status: int
    entry: str
    body: Mapping[str, Any]


@dataclass(slots=True)
class Load:
    """What callers met.

    Attributes:
        answered: every answer.
        broken: requests that were sent and got no whole answer, by what happened instead.
        turned_away: connections that could not be made.
        slowest: the longest that anybody waited for an answer, in seconds.
    """

    answered: list[Got] = field(default_factory=list[Got])
    broken: Counter[str] = field(default_factory=Counter[str])
    turned_away: int = 0
    slowest: float = 0.0

    @property
    def tokens(self) -> dict[str, str]:
        """Every token that arrived, by its entry."""
        return {one.entry: str(one.body["access_token"]) for one in self.answered if one.status == 200}

    def statuses(self) -> Counter[int]:
        """How many answers of each status."""
        return Counter(one.status for one in self.answered)


Forms = Callable[[int], Mapping[str, Any]]
"""Makes the form of the n-th request."""


class Door(Protocol):
    """Where callers ask."""

    port: int
    path: str


async def press(
    door: Door,
    load: Load,
    forms: Forms,
    *,
    callers: int,
    stop: asyncio.Event,
    tls: ssl.SSLContext | None = None,
    pause: float | None = None,
) -> None:
    """Let callers ask again and again, through whatever happens to the server.

    A caller goes home when ``stop`` is set, or when the server closes the connection with an answer: that is
    how a server that drains sends its callers elsewhere.

    Args:
        tls: how they speak to ``localhost``; None for plain HTTP.
        pause: seconds that each waits after an answer. With a pause nobody goes home before ``stop`` is set.
    """
    numbers = iter(range(1 << 30))
    host = None if tls is None else "localhost"

    async def caller() -> None:
        while not stop.is_set():
            try:
                reader, writer = await asyncio.open_connection(
                    "127.0.0.1", door.port, ssl=tls, server_hostname=host
                )
            except OSError:
                load.turned_away += 1
                await asyncio.sleep(0.02)
                continue
            try:
                while not stop.is_set():
                    began = time.monotonic()
                    headers = {"Content-Type": FORM}
                    body = encoded(forms(next(numbers)))
                    writer.write(request("POST", f"{door.path}/token", headers=headers, body=body))
                    answer, closes = await _answer(reader)
                    load.answered.append(answer)
                    load.slowest = max(load.slowest, time.monotonic() - began)
                    if pause is not None:
                        await asyncio.sleep(pause)
                    if closes:
                        break
                if pause is None:
                    return
            except (OSError, asyncio.IncompleteReadError) as ended:
                load.broken[type(ended).__name__] += 1
            finally:
                writer.transport.abort()

    await asyncio.gather(*(caller() for _ in range(callers)))


async def _answer(reader: asyncio.StreamReader) -> tuple[Got, bool]:
    """Read one answer, and whether the connection ends with it."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    body = await reader.readexactly(int(headers["content-length"]))
    said = json.loads(body) if headers.get("content-type") == "application/json" else {}  # a proxy says HTML
    answer = Got(int(head[0].split(" ")[1]), headers.get("actas-entry", ""), said)
    return answer, headers.get("connection") == "close"
