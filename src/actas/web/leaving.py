"""How a server that was told to stop leaves without losing a caller (REL-25).

Whoever sends it callers hears of it first, by ``/readyz``; then nobody new is let in; then who has knocked is
answered. A listening socket that is just closed resets every connection that the system has taken for it and
nobody has accepted yet, with the request that may have come on it, and a proxy does not send a POST twice.
"""

from __future__ import annotations

import ctypes
import signal
import socket
import struct
import sys
from collections.abc import Iterator
from typing import Final

TOLD: Final = signal.SIGUSR1
"""By which a parent tells its workers of a stop. They may have had the same signal as it has, from a terminal
or from systemd, and what it passes on must not look like a second one, which cuts the notice short."""

SETTLING: Final = 0.1
"""Seconds between turning away newcomers and closing: handshakes that were begun are made by then."""

_ATTACH_FILTER: Final = getattr(socket, "SO_ATTACH_FILTER", 26)
"""Linux, ``socket(7)``."""

_NO_SYN: Final = (
    (0x30, 0, 0, 13),  # load the byte of the TCP header that holds its flags
    (0x45, 0, 1, 2),  # is SYN among them?
    (0x06, 0, 0, 0),  # then drop the packet
    (0x06, 0, 0, 0xFFFFFFFF),  # else take it whole
)
"""A filter of sockets, instruction by instruction (``struct sock_filter``)."""


class Leave:
    """Whether this process was told to stop, for everybody who should know."""

    def __init__(self) -> None:
        self.told = False

    async def probe(self) -> str | None:
        """Return what ``/readyz`` says of it."""
        return "this server was told to stop" if self.told else None


def turn_away(listening: socket.socket) -> None:
    """Let no new connection be made, and leave those that are there to be accepted.

    A newcomer gets no answer and tries again, by which time the socket is closed and he is refused: that is
    what makes a proxy take another server. All processes that share the socket turn him away. On a system
    that cannot do this nothing happens, and a caller who comes in the moment of closing is reset.
    """
    if sys.platform != "linux":
        return
    code = b"".join(struct.pack("=HBBI", *one) for one in _NO_SYN)
    kept = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("@HP", len(_NO_SYN), ctypes.addressof(kept))
    try:
        listening.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, program)
    except OSError:
        return  # forbidden by a sandbox: as on a system that cannot


def knocked(listening: socket.socket) -> Iterator[socket.socket]:
    """Accept every connection that is waiting, and wait for none."""
    listening.setblocking(False)
    while True:
        try:
            accepted, _ = listening.accept()
        except (InterruptedError, ConnectionAbortedError):
            continue
        except OSError:  # none is left, or no file for it
            return
        accepted.setblocking(False)
        yield accepted
