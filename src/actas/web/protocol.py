"""Bounds on the head of a request, which uvicorn's httptools protocol does not have.

A head that never ends would be kept in memory until it does, and one that drips keeps a connection.
"""

from __future__ import annotations

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD: Final = 32 * 1024
"""Bytes of request line and headers."""

MAX_HEADERS: Final = 64

SLOWEST_HEAD: Final = 10.0
"""Seconds for a head to arrive once it has begun, and for the first request of a connection."""


class BoundedHttpProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 protocol with a bounded head. No upgrades."""

    _head_bytes = 0
    _in_head = True
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unwatch()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if not self._in_head or self.parser is None:
            return
        if self._head_bytes > MAX_HEAD:
            self._refuse("The head of the request is larger than 32 KiB.")
        elif self._head_bytes and self._deadline is None:
            self._watch()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._head_bytes = 0
        self._unwatch()
        if len(self.headers) > MAX_HEADERS:
            raise ValueError("too many headers")  # the parser reports it as a malformed request
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._in_head = True

    def _watch(self) -> None:
        self._deadline = self.loop.call_later(SLOWEST_HEAD, self._too_slow)

    def _unwatch(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        if self._head_bytes:
            self._refuse("The head of the request did not arrive in time.")
        else:
            self.transport.close()

    def _refuse(self, message: str) -> None:
        if not self.transport.is_closing():
            self.send_400_response(message)
