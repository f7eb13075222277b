"""A wire between a program and PostgreSQL that can be cut, stalled and mended, and that may speak TLS.

::

    with Between(postgres) as wire:
        server = RealServer(tmp_path, database=wire.url)
        with wire.cut():
            ...
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Final, Self, TypeVar
from urllib.parse import parse_qs, urlsplit

from tests.fakes.turns import settled

SSL_REQUEST: Final = bytes.fromhex("0000000804d2162f")

T = TypeVar("T")


class Between:
    """The wire. It lives in a thread of its own, so that it also serves other processes.

    Args:
        url: the address of a database, on a socket file or on a port.
        tls: what it answers a request for TLS with; None refuses, as a server without certificate does.

    Attributes:
        accepted: what is open on our side.
    """

    def __init__(self, url: str, *, tls: ssl.SSLContext | None = None) -> None:
        parts = urlsplit(url)
        self._host = parse_qs(parts.query).get("host", [parts.hostname or ""])[0]
        self._remote_port = parts.port or 5432
        self._user = parts.username or "postgres"
        self._database = parts.path[1:]
        self._tls = tls
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._pumps: set[asyncio.Task[None]] = set()
        self.accepted: set[asyncio.Transport] = set()
        self._flows = asyncio.Event()
        self._answers = asyncio.Event()
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        self._do(self._listen)
        self._flows.set()
        self._answers.set()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._do(self._close)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    @property
    def url(self) -> str:
        """The address of the database by this wire."""
        return f"postgresql://{self._user}@127.0.0.1:{self.port}/{self._database}"

    @contextmanager
    def cut(self) -> Iterator[None]:
        """Nobody is there: what was open ends, and nothing new is taken."""
        self._do(self._close)
        try:
            yield
        finally:
            self._do(self._listen)

    @contextmanager
    def stalled(self) -> Iterator[None]:
        """Everything is taken and nothing arrives, as behind a firewall that drops."""
        self._loop.call_soon_threadsafe(self._flows.clear)
        try:
            yield
        finally:
            self._loop.call_soon_threadsafe(self._flows.set)

    @contextmanager
    def deaf(self) -> Iterator[None]:
        """What is asked arrives and is done, and no answer comes back."""
        self._loop.call_soon_threadsafe(self._answers.clear)
        try:
            yield
        finally:
            self._loop.call_soon_threadsafe(self._answers.set)

    def forget(self) -> None:
        """Carry nothing more for what is open, and tell nobody; what is opened from now on flows.

        So does a firewall that has lost its state, or a router that leads another way from now on.
        """
        self._loop.call_soon_threadsafe(self._begin_anew)

    def _begin_anew(self) -> None:
        self._flows.clear()
        self._flows = asyncio.Event()
        self._flows.set()

    def _do(self, deed: Callable[[], Awaitable[T]]) -> T:
        async def doing() -> T:
            return await deed()

        return asyncio.run_coroutine_threadsafe(doing(), self._loop).result(20)

    async def _listen(self) -> None:
        self._server = await self._loop.create_server(lambda: _Accepted(self), "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for pump in self._pumps:
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)
        for writer in list(self._open):
            writer.transport.abort()
        self._open.clear()
        await settled()
        for transport in list(self.accepted):
            transport.abort()
        await settled()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        with contextlib.suppress(OSError, ssl.SSLError, asyncio.IncompleteReadError):
            await self._flows.wait()
            first = await reader.readexactly(len(SSL_REQUEST))
            if first == SSL_REQUEST:
                writer.write(b"N" if self._tls is None else b"S")
                await writer.drain()
                first = b""
                if self._tls is not None:
                    await writer.start_tls(self._tls)
            there, back = await self._reach()
            self._open.add(back)
            back.write(first)
            for source, sink, opened in ((reader, back, self._flows), (there, writer, self._answers)):
                pump = asyncio.get_running_loop().create_task(self._pump(source, sink, opened))
                self._pumps.add(pump)
                pump.add_done_callback(self._pumps.discard)
            return
        writer.transport.abort()

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._host.startswith("/"):
            return await asyncio.open_unix_connection(f"{self._host}/.s.PGSQL.{self._remote_port}")
        return await asyncio.open_connection(self._host, self._remote_port)

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, opened: asyncio.Event
    ) -> None:
        flows = self._flows
        with contextlib.suppress(OSError, ssl.SSLError):
            while data := await source.read(65536):
                await flows.wait()
                await opened.wait()
                sink.write(data)
                await sink.drain()
        sink.transport.abort()
        self._open.discard(sink)


class _Accepted(asyncio.StreamReaderProtocol):
    """One end of the wire. It is known until it is closed, also where nobody has begun to serve it."""

    def __init__(self, wire: Between) -> None:
        super().__init__(asyncio.StreamReader(), wire.serve)
        self._known = wire.accepted
        self._end: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._end = transport
        self._known.add(transport)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._end is not None:
            self._known.discard(self._end)
        super().connection_lost(exc)
