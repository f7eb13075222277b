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
from actas.web.leaving import SETTLING, TOLD, Leave, knocked, turn_away
from actas.web.protocol import HttpConnection
from actas.web.turnstile import Sheds

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
        sheds: asked before a request is answered.
    """

    app: Callable[..., Awaitable[None]] | Any
    socket: socket.socket
    tls: ssl.SSLContext | None = None
    sheds: Sheds | None = None


class _Server(uvicorn.Server):
    """A uvicorn server that leaves signals to its owner, and bounds TLS handshakes.

    Attributes:
        late: connections that were accepted when the listener closed and are not served yet.
    """

    def __init__(self, config: uvicorn.Config, listener: Listener) -> None:
        super().__init__(config)
        self._socket = listener.socket
        self._tls = listener.tls
        self._sheds = listener.sheds
        self._draining = False
        self.late: set[asyncio.Task[Any]] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self.servers = [await self._listening(one) for one in sockets or ()]
        self.started = True

    def drain(self) -> None:
        """Answer one more request at most on each connection, also on those still to come."""
        self._draining = True
        for connection in list(self.server_state.connections):
            cast("HttpConnection", connection).drain()

    def turn_away(self) -> None:
        """Let nobody new in; see ``leaving``."""
        turn_away(self._socket)

    def close(self) -> None:
        """Close the listener, and serve whoever waits before it. Before a TLS handshake nobody has asked."""
        if self._tls is None and self.started:
            loop = asyncio.get_running_loop()
            for accepted in knocked(self._socket):
                task = loop.create_task(loop.connect_accepted_socket(self._connection, accepted))
                self.late.add(task)
                task.add_done_callback(self.late.discard)
        for listening in getattr(self, "servers", ()):
            listening.close()

    async def _listening(self, one: socket.socket) -> asyncio.Server:
        if self._tls is None:
            return await asyncio.get_running_loop().create_server(self._connection, sock=one, backlog=BACKLOG)
        secure = SecureListener(
            one, tls=self._tls, make=self._connection, connections=self.server_state.connections
        )
        return cast("asyncio.Server", secure)  # uvicorn closes it, and waits until it is

    def _connection(self) -> HttpConnection:
        connection = HttpConnection(self.config, self.server_state, {}, sheds=self._sheds)
        if self._draining:
            connection.drain()
        return connection

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
    listeners: Sequence[Listener],
    *,
    ready: Callable[[], None],
    on_hangup: Callable[[], Awaitable[None]],
    leave: Leave | None = None,
    notice: float = 0.0,
) -> None:
    """Serve until SIGTERM or SIGINT, then drain and return.

    Args:
        listeners: what to serve.
        ready: called once every listener answers.
        on_hangup: called on SIGHUP.
        leave: told of the stop.
        notice: seconds between that and closing the listeners; a second signal cuts them short.
    """
    _allow_many_connections()
    servers = [_server(listener) for listener in listeners]
    loop = asyncio.get_running_loop()
    hangups: set[asyncio.Task[None]] = set()

    stop = _Stop(servers, loop, leave=leave or Leave(), notice=notice)

    def hangup() -> None:
        task = loop.create_task(_call(on_hangup))
        hangups.add(task)
        task.add_done_callback(hangups.discard)

    tasks = [
        loop.create_task(server.serve(sockets=[listener.socket]))
        for server, listener in zip(servers, listeners, strict=True)
    ]
    try:
        with _heard(loop, stop=stop, hangup=hangup):
            while not all(server.started for server in servers):
                if any(task.done() for task in tasks):
                    break
                await asyncio.sleep(0.005)
            else:
                ready()
            await asyncio.gather(*tasks)
    except asyncio.CancelledError:
        # Ctrl-C before it was heard here: whoever called ends what requests need, so none may be answered.
        for server in servers:
            server.should_exit = True
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


@contextlib.contextmanager
def _heard(loop: asyncio.AbstractEventLoop, *, stop: _Stop, hangup: Callable[[], None]) -> Generator[None]:
    """Hear signals, and the end of whoever would send them to a worker: it never outlives him."""
    parent = multiprocessing.parent_process()

    def orphaned() -> None:
        if parent is not None:
            loop.remove_reader(parent.sentinel)
        stop.once()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    loop.add_signal_handler(TOLD, stop.once)
    loop.add_signal_handler(signal.SIGHUP, hangup)
    if parent is not None:
        loop.add_reader(parent.sentinel, orphaned)
    try:
        yield
    finally:
        if parent is not None:
            loop.remove_reader(parent.sentinel)
        for number in (signal.SIGTERM, signal.SIGINT, TOLD, signal.SIGHUP):
            loop.remove_signal_handler(number)


class _Stop:
    """Stops servers once: notice, no new connection, one last request on each old one, the drain of uvicorn.

    A caller between two requests may have sent one that is not read yet; hanging up would lose it.
    """

    def __init__(
        self, servers: Sequence[_Server], loop: asyncio.AbstractEventLoop, *, leave: Leave, notice: float
    ) -> None:
        self._servers = servers
        self._loop = loop
        self._leave = leave
        self._notice = notice
        self._next: asyncio.TimerHandle | None = None
        self._closing = False

    def __call__(self) -> None:
        if self._closing:
            return
        if self._next is not None:  # a second signal: whoever sends it does not want to wait
            self._next.cancel()
            self._turn_away()
            return
        self._leave.told = True
        for server in self._servers:
            server.drain()
        self._next = self._loop.call_later(self._notice, self._turn_away)

    def once(self) -> None:
        """Stop, unless that was begun."""
        if self._next is None:
            self()

    def _turn_away(self) -> None:
        self._closing = True
        for server in self._servers:
            server.turn_away()
        self._loop.call_later(SETTLING, self._close)

    def _close(self) -> None:
        for server in self._servers:
            server.close()
        self._look(self._loop.time() + GRACE)

    def _look(self, until: float) -> None:
        waiting = any(server.late or server.server_state.connections for server in self._servers)
        if waiting and self._loop.time() < until:
            self._loop.call_later(0.02, self._look, until)
            return
        for server in self._servers:
            server.should_exit = True


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
        listener,
    )
