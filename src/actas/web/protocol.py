"""HTTP/1.1 for uvicorn's server, over httptools, bounded in size and in time.

uvicorn's own protocol bounds neither a head, nor trailers, nor the time in which a request must arrive or an
answer be taken, and costs a quarter of a token exchange. Upgrades and trailers are refused: what comes after
a body must never count as a header (RFC 9110 section 6.5.1), nor as another request. Requests that come at
once are answered in order.
"""

from __future__ import annotations

import asyncio
import resource
from collections import deque
from functools import lru_cache
from typing import Any, Final, cast
from urllib.parse import unquote

import httptools
from uvicorn.config import Config
from uvicorn.server import ServerState

from actas.web.asgi import Application, Headers
from actas.web.cycle import Cycle, refusal, scope_of

MAX_HEAD: Final = 32 * 1024
"""Bytes of request line and headers."""

MAX_HEADERS: Final = 64

MAX_MESSAGE: Final = 1024 * 1024
"""Bytes of a whole request, chunk framing included."""

MAX_UNREAD: Final = 64 * 1024
"""Bytes of a body that are kept before no more is read."""

MAX_AHEAD: Final = 64
"""Requests that may have come before the first of them is answered."""

SLOWEST: Final = 10.0
"""Seconds for a request to arrive once it has begun, for the first request of a connection, and for a caller
to read on when it has let an answer lie."""

KEEP_ALIVE: Final = 75.0
"""Seconds between two requests."""

_SPARE_FILES: Final = 256
"""Open files that are not connections of one listener: the database, the log, the other listener."""


@lru_cache(maxsize=1)
def most_connections() -> int:
    """Return how many connections a listener may hold open, by this process's limit on open files."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(64, soft - _SPARE_FILES)


class HttpConnection(asyncio.Protocol):
    """One connection. uvicorn makes it, keeps it in its state, and calls ``shutdown``.

    One timer runs for each connection and is looked at when it fires, so that a request that comes whole
    and is answered touches none.

    Attributes:
        blocked: whether the peer has not read enough of what was written.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],  # noqa: ARG002  (uvicorn's signature)
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self.blocked = False
        self._blocked_at = 0.0
        self._application = cast("Application", config.loaded_app)  # pyright: ignore[reportUnknownMemberType]
        self._state = server_state
        self._connections = cast("set[HttpConnection]", server_state.connections)
        self._loop = _loop or asyncio.get_running_loop()
        self._parser: httptools.HttpRequestParser | None = httptools.HttpRequestParser(self)
        # A request may be followed by others that the caller took back by "Connection: close".
        self._parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._transport: asyncio.Transport  # from connection_made on
        self._client: tuple[str, int] | None = None
        self._server: tuple[str, int | None] | None = None
        self._draining = False
        # The request that is being read.
        self._url = b""
        self._headers: Headers = []
        self._bytes = self._head = self._hosts = 0
        self._in_head = True
        self._expects = False
        self._began: float | None = None
        self._reading: Cycle | None = None
        # The requests that are being answered: the first is at work.
        self._cycles: deque[Cycle] = deque()
        self._bad: str | None = None
        self._paused = False
        self._writable: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = 0.0
        self._rested: float | None = None

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are transports, but do not derive from asyncio's.
        self._transport = cast("asyncio.Transport", transport)
        self._connections.add(self)
        if len(self._connections) > most_connections():
            self._transport.abort()
            return
        self._client = _address(transport, "peername")
        self._server = _address(transport, "sockname")
        self._ring_at(self._loop.time() + SLOWEST)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._connections.discard(self)
        self._parser = None
        if self._timer is not None:
            self._timer.cancel()
        for cycle in self._cycles:
            cycle.give_up()
        self.resume_writing()

    def data_received(self, data: bytes) -> None:
        if self._bad is not None or self._parser is None:
            return
        self._bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._refuse("Invalid HTTP request received.")
            return
        if self._began is None:
            return
        if self._bytes > MAX_MESSAGE or (self._in_head and self._bytes > MAX_HEAD):
            self._refuse("The request is too large.")
        else:
            self._ring_by(self._began + SLOWEST)

    def eof_received(self) -> None:
        return  # the caller sends no more, and may still read: the transport closes once all is written

    def pause_writing(self) -> None:
        self.blocked = True
        self._blocked_at = self._loop.time()
        self._ring_by(self._blocked_at + SLOWEST)

    def resume_writing(self) -> None:
        self.blocked = False
        if self._writable is not None:
            self._writable.set_result(None)
            self._writable = None

    # What the parser calls. An exception makes the request malformed.

    def on_message_begin(self) -> None:
        if len(self._cycles) >= MAX_AHEAD:
            raise ValueError("too many requests at once")
        self._url = b""
        self._headers = []
        self._head = self._hosts = 0
        self._in_head = True
        self._expects = False
        self._began = self._loop.time()

    def on_url(self, url: bytes) -> None:
        self._url += url
        self._head += len(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            raise ValueError("trailers")
        self._head += len(name) + len(value)
        if self._head > MAX_HEAD:
            raise ValueError("a head that is too large")
        name = name.lower()
        if name == b"host":
            self._hosts += 1
        elif name == b"expect":
            self._expects = value.lower() == b"100-continue"
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._in_head = False
        parser = cast("httptools.HttpRequestParser", self._parser)
        if len(self._headers) > MAX_HEADERS:
            raise ValueError("too many headers")
        if self._hosts != 1:
            raise ValueError("not exactly one Host")  # RFC 9112 section 3.2
        if parser.should_upgrade():
            # What follows would be read as another request, which a proxy in front took for a body.
            raise ValueError("an upgrade")
        version = parser.get_http_version()
        raw_path, query = _target(self._url)
        path = raw_path.decode("ascii")
        cycle = self._reading = Cycle(
            self,
            scope_of(
                version=version,
                method=parser.get_method().decode("ascii"),
                path=unquote(path) if "%" in path else path,
                raw_path=raw_path,
                query=query,
                headers=self._headers,
                client=self._client,
                server=self._server,
            ),
            keep_alive=version != "1.0" and not self._draining and parser.should_keep_alive(),
            expects=self._expects,
        )
        self._cycles.append(cycle)
        if len(self._cycles) == 1:
            self._start(cycle)
        else:
            self._pause()

    def on_body(self, body: bytes) -> None:
        cycle = self._reading
        if cycle is None or cycle.complete:
            return
        cycle.feed(body)
        if cycle.unread > MAX_UNREAD:
            self._pause()

    def on_message_complete(self) -> None:
        self._bytes = 0
        self._began = None
        if self._reading is not None:
            self._reading.end()
            self._reading = None

    # What a cycle calls.

    @property
    def date(self) -> bytes:
        """The Date header, as a whole line; uvicorn renews it every second."""
        return b"".join([b"date: %b\r\n" % value for _, value in self._state.default_headers])

    def write(self, data: bytes) -> None:
        """Hand bytes to the transport."""
        self._transport.write(data)

    async def writable(self) -> None:
        """Return when the peer has read enough of what was written, or is gone."""
        if self.blocked:
            if self._writable is None:
                self._writable = self._loop.create_future()
            await self._writable

    def read_on(self) -> None:
        """More of a body may come."""
        if self._paused and not self._transport.is_closing():
            self._paused = False
            self._transport.resume_reading()

    def finished(self, cycle: Cycle) -> None:
        """Go on with the request after this one, or wait for it."""
        if cycle.task is not None:
            self._state.tasks.discard(cycle.task)
        self._state.total_requests += 1
        self._cycles.popleft()
        if self._transport.is_closing():
            return
        if not cycle.keep_alive:
            self._hang_up()
        elif self._cycles:
            if self._began is not None and self._cycles[0].more:
                self._began = self._loop.time()  # it could not come sooner: nothing was read
                self._ring_by(self._began + SLOWEST)
            self._start(self._cycles[0])
        elif self._bad is not None:
            self._refuse(self._bad)
        else:
            self._rested = self._loop.time()
            self.read_on()

    # What the server calls.

    def shutdown(self) -> None:
        """Close as soon as what came is answered."""
        if self._cycles:
            self._cycles[-1].keep_alive = False
        else:
            self._transport.close()

    def drain(self) -> None:
        """Answer at most one more request; whoever sends none is hung up on by the owner's limit."""
        self._draining = True
        if self._cycles:
            self._cycles[-1].keep_alive = False

    def _start(self, cycle: Cycle) -> None:
        task = cycle.task = self._loop.create_task(cycle.run(self._application))
        self._state.tasks.add(task)

    def _refuse(self, sentence: str) -> None:
        """Answer 400 in its turn and close; what is being read is not understood any further."""
        if self._transport.is_closing():
            return
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.give_up()
            if reading.started:
                self._hang_up()
                return
            if self._cycles[0] is not reading:
                self._cycles.remove(reading)
        if self._cycles and self._cycles[0] is not reading:
            self._bad = sentence
            self._pause()
            return
        self._transport.write(refusal(sentence, self.date))
        self._hang_up()

    def _hang_up(self) -> None:
        """Close once everything is written; nothing more is said to whoever still asks."""
        for cycle in self._cycles:
            cycle.give_up()
        self._transport.close()
        self._ring_by(self._loop.time() + SLOWEST)

    def _pause(self) -> None:
        if not self._paused and not self._transport.is_closing():
            self._paused = True
            self._transport.pause_reading()

    # Time.

    def _ring_by(self, at: float) -> None:
        """Look at the latest then."""
        if self._timer is None or at < self._rings_at:
            self._ring_at(at)

    def _ring_at(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._rings_at = at
        self._timer = self._loop.call_at(at, self._look)

    def _look(self) -> None:
        """Hang up on whoever takes too long, else look again when he would."""
        self._timer = None
        now = self._loop.time()
        limit = self._limit(now)
        if now < limit:
            self._ring_at(limit)
        elif self.blocked or self._transport.is_closing():
            self._transport.abort()
        elif self._began is not None:
            self._refuse("The request did not arrive in time.")
        else:
            self._hang_up()

    def _limit(self, now: float) -> float:
        """Return when the caller takes too long; while a request is at work, that is not up to the caller."""
        if self.blocked:
            return self._blocked_at + SLOWEST
        if self._transport.is_closing():
            return now
        if any(not cycle.more for cycle in self._cycles):
            return now + SLOWEST
        if self._began is not None:
            return self._began + SLOWEST
        return now if self._rested is None else self._rested + KEEP_ALIVE


def _target(url: bytes) -> tuple[bytes, bytes]:
    """Return path and query of a request target (RFC 9112 section 3.2)."""
    if url.startswith(b"/"):
        path, _, query = url.partition(b"?")
        return path, query
    parsed = httptools.parse_url(url)
    return parsed.path or b"/", parsed.query or b""


def _address(transport: asyncio.BaseTransport, end: str) -> tuple[str, int] | None:
    """Return the address at one end of a connection."""
    found = cast("tuple[Any, ...] | str | None", transport.get_extra_info(end))
    return (str(found[0]), int(found[1])) if isinstance(found, tuple) else None
