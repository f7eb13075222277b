"""Two listeners in one process: the public one and the management one."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import resource
import signal
import socket
import ssl
from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import uvicorn
import uvloop

from actas.web.handshakes import SecureListener
from actas.web.protocol import HttpConnection

DRAIN: Final = 30
"""Seconds that running requests have to finish once a stop was asked for (REL-25)."""

GRACE: Final = 1.0
"""Seconds in which a caller between two requests may send one more; it is told that it is the last."""

BACKLOG: Final = 2048

SEND_BUFFER: Final = 128 * 1024
"""Bytes of answers that the kernel keeps for a caller that does not read; every connection inherits it."""


@dataclass(frozen=True, slots=True)
class Listener:
    """An application and the socket it is served on. The socket is bound and listening.

    Attributes:
        tls: how it speaks TLS; None for plain HTTP.
    """

    app: Callable[..., Awaitable[None]] | Any
    socket: socket.socket
    tls: ssl.SSLContext | None = None


class _Server(uvicorn.Server):
    """A uvicorn server that leaves signals to its owner, and bounds TLS handshakes."""

    def __init__(self, config: uvicorn.Config, *, tls: ssl.SSLContext | None) -> None:
        super().__init__(config)
        self._tls = tls

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self.servers = [await self._listening(one) for one in sockets or ()]
        self.started = True

    async def _listening(self, one: socket.socket) -> asyncio.Server:
        if self._tls is None:
            return await asyncio.get_running_loop().create_server(self._connection, sock=one, backlog=BACKLOG)
        secure = SecureListener(
            one, tls=self._tls, make=self._connection, connections=self.server_state.connections
        )
        return cast("asyncio.Server", secure)  # uvicorn closes it, and waits until it is

    def _connection(self) -> HttpConnection:
        return HttpConnection(self.config, self.server_state, {})

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def listen(host: str, port: int) -> socket.socket:
    """Return a listening TCP socket.

    Args:
        host: an IP address or ``localhost``.
        port: 0 for any free one.

    Raises:
        OSError: the address cannot be had; the message names it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError as exc:
        listening.close()
        raise OSError(exc.errno, f"cannot listen on {host}:{port}: {exc.strerror}") from None
    listening.set_inheritable(True)
    return listening


async def serve(
    listeners: Sequence[Listener], *, ready: Callable[[], None], on_hangup: Callable[[], Awaitable[None]]
) -> None:
    """Serve until SIGTERM or SIGINT, then drain and return.

    Args:
        listeners: what to serve.
        ready: called once every listener answers.
        on_hangup: called on SIGHUP.
    """
    _allow_many_connections()
    servers = [_server(listener) for listener in listeners]
    loop = asyncio.get_running_loop()
    hangups: set[asyncio.Task[None]] = set()

    stop = _Stop(servers, loop)

    def hangup() -> None:
        task = loop.create_task(_call(on_hangup))
        hangups.add(task)
        task.add_done_callback(hangups.discard)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    loop.add_signal_handler(signal.SIGHUP, hangup)
    parent = multiprocessing.parent_process()
    if parent is not None:
        loop.add_reader(parent.sentinel, stop)  # a worker never outlives whoever would stop it
    tasks = [
        loop.create_task(server.serve(sockets=[listener.socket]))
        for server, listener in zip(servers, listeners, strict=True)
    ]
    try:
        while not all(server.started for server in servers):
            if any(task.done() for task in tasks):
                break
            await asyncio.sleep(0.005)
        else:
            ready()
        await asyncio.gather(*tasks)
    finally:
        if parent is not None:
            loop.remove_reader(parent.sentinel)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.remove_signal_handler(number)


class _Stop:
    """Stops servers once: no new connection, one last request on each old one, then the drain of uvicorn.

    A caller between two requests may have sent one that is not read yet; hanging up would lose it.
    """

    def __init__(self, servers: Sequence[_Server], loop: asyncio.AbstractEventLoop) -> None:
        self._servers = servers
        self._loop = loop
        self._began: float | None = None

    def __call__(self) -> None:
        if self._began is not None:
            return
        self._began = self._loop.time()
        for server in self._servers:
            for listening in getattr(server, "servers", ()):
                listening.close()
            for connection in _connections(server):
                connection.drain()
        self._look(self._began + GRACE)

    def _look(self, until: float) -> None:
        waiting = any(server.server_state.connections for server in self._servers)
        if waiting and self._loop.time() < until:
            self._loop.call_later(0.02, self._look, until)
            return
        for server in self._servers:
            server.should_exit = True


def _connections(server: _Server) -> list[HttpConnection]:
    return cast("list[HttpConnection]", list(server.server_state.connections))


def _allow_many_connections() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard and hard != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def run(serving: Coroutine[Any, Any, None]) -> None:
    """Run a serving process on uvloop, which costs half of what the standard loop does."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serving)


async def _call(function: Callable[[], Awaitable[None]]) -> None:
    await function()


def _server(listener: Listener) -> _Server:
    return _Server(
        uvicorn.Config(
            listener.app,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=DRAIN,
        ),
        tls=listener.tls,
    )
