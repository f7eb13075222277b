"""Bounds on what a connection may send, which uvicorn's httptools protocol does not have.

A head that never ends, a body that drips, or trailers without end would be kept in memory or keep a
connection. Trailers are refused: what comes after a body must never count as a header (RFC 9110 6.5.1).
"""

from __future__ import annotations

import asyncio
import resource
from functools import lru_cache
from typing import Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

MAX_HEAD: Final = 32 * 1024
"""Bytes of request line and headers."""

MAX_HEADERS: Final = 64

MAX_MESSAGE: Final = 1024 * 1024
"""Bytes of a whole request, chunk framing included."""

SLOWEST: Final = 10.0
"""Seconds for a request to arrive once it has begun, and for the first request of a connection."""

_SPARE_FILES: Final = 256
"""Open files that are not connections of one listener: the database, the log, the other listener."""


@lru_cache(maxsize=1)
def most_connections() -> int:
    """Return how many connections a listener may hold open, by this process's limit on open files."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(64, soft - _SPARE_FILES)


class BoundedHttpProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 protocol with bounds. No upgrades, no trailers."""

    draining = False
    _bytes = 0
    _head = 0
    _hosts = 0
    _in_head = True
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > most_connections():
            transport.abort()
            return
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unwatch()
        super().connection_lost(exc)

    def drain(self) -> None:
        """Answer at most one more request; whoever sends none is hung up on by the owner's limit."""
        self.draining = True
        for cycle in _cycles(self):
            cycle.keep_alive = False

    def data_received(self, data: bytes) -> None:
        self._bytes += len(data)
        super().data_received(data)
        if not self._bytes or self.parser is None:
            return
        if self._bytes > MAX_MESSAGE or (self._in_head and self._bytes > MAX_HEAD):
            self._refuse("The request is too large.")
        elif self._deadline is None:
            self._watch()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        self._head = self._hosts = 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._count(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            raise ValueError("trailers")  # the parser reports it as a malformed request
        super().on_header(name, value)
        self._hosts += name.lower() == b"host"
        self._count(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        if len(self.headers) > MAX_HEADERS:
            raise ValueError("too many headers")
        if self._hosts != 1:
            raise ValueError("not exactly one Host")  # RFC 9112 section 3.2
        if self.parser.should_upgrade():  # pyright: ignore[reportOptionalMemberAccess] (it is parsing)
            # What follows would be read as another request, which a proxy in front took for a body.
            raise ValueError("an upgrade")
        super().on_headers_complete()
        cycle = self.cycle
        # Asked before an answer counts as delivered: one to a caller who hung up is dropped in silence.
        self.scope["extensions"] = {"actas.gone": lambda: cycle.disconnected}  # type: ignore[dict-item]
        if self.draining:
            cycle.keep_alive = False

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._bytes = 0
        self._unwatch()

    def _count(self, *pieces: bytes) -> None:
        self._head += sum(map(len, pieces))
        if self._head > MAX_HEAD:
            raise ValueError("a head that is too large")

    def _watch(self) -> None:
        self._deadline = self.loop.call_later(SLOWEST, self._too_slow)

    def _unwatch(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        if self._bytes:
            self._refuse("The request did not arrive in time.")
        else:
            self.transport.close()

    def _refuse(self, message: str) -> None:
        """Answer 400 if nothing was answered yet, and close."""
        if self.transport.is_closing():
            return
        if self._in_head or not self.cycle.response_started:
            self.send_400_response(message)
        else:
            self.transport.close()


def _cycles(connection: BoundedHttpProtocol) -> list[RequestResponseCycle]:
    """Return the request that a connection is at work on, if there is one."""
    cycle = cast("RequestResponseCycle | None", connection.cycle)
    return [] if cycle is None or cycle.response_complete else [cycle]
