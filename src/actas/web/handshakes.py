"""A listener that speaks TLS, with a bound on everybody who holds a connection.

A connection counts from the moment it is accepted: one that never makes its handshake takes a file as any
other does, and would take the last one from the database, the log and the management listener (SEC-26).
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable, Sized
from typing import Final

from actas.web.admission import most_connections
from actas.web.bounds import LINGER, SLOWEST

_AT_ONCE: Final = 64
"""Connections that are accepted before others at work get their turn."""

_PAUSE: Final = 1.0
"""Seconds without accepting after the system gave no connection."""


class SecureListener:
    """Accepts connections and makes their handshakes. It is closed as asyncio's servers are.

    Args:
        listening: the socket.
        tls: how it speaks.
        make: makes what a connection is served by, once it is secure.
        connections: those that are served.
    """

    def __init__(
        self,
        listening: socket.socket,
        *,
        tls: ssl.SSLContext,
        make: Callable[[], asyncio.Protocol],
        connections: Sized,
    ) -> None:
        self._listening = listening
        self._tls = tls
        self._make = make
        self._connections = connections
        self._handshakes: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._pause: asyncio.TimerHandle | None = None
        listening.setblocking(False)
        self._listen()

    def close(self) -> None:
        """Accept nobody any more; whoever is in a handshake has asked for nothing yet."""
        self._rest()
        for handshake in self._handshakes:
            handshake.cancel()

    async def wait_closed(self) -> None:
        """Return when every handshake has ended."""
        await asyncio.gather(*self._handshakes, return_exceptions=True)

    def _listen(self) -> None:
        self._loop.add_reader(self._listening.fileno(), self._accept)

    def _rest(self) -> None:
        if self._pause is not None:
            self._pause.cancel()
        if self._listening.fileno() >= 0:
            self._loop.remove_reader(self._listening.fileno())

    def _accept(self) -> None:
        for _ in range(_AT_ONCE):
            try:
                accepted, _ = self._listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError:  # no file is left for it: it would be offered again at once
                self._rest()
                self._pause = self._loop.call_later(_PAUSE, self._listen)
                return
            if len(self._handshakes) + len(self._connections) >= most_connections():
                accepted.close()
                continue
            accepted.setblocking(False)
            task = self._loop.create_task(self._shake_hands(accepted))
            self._handshakes.add(task)
            task.add_done_callback(self._handshakes.discard)

    async def _shake_hands(self, accepted: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(
                self._make,
                accepted,
                ssl=self._tls,
                ssl_handshake_timeout=SLOWEST,
                ssl_shutdown_timeout=LINGER,
            )
        except OSError:
            accepted.close()  # no TLS, a certificate that nobody knows, nothing in time
