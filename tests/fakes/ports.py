"""Ports that nobody else will take, also when many test processes run at once.

A port is held by a UDP socket of the same number: TCP stays free for the server under test, other tests see
that it is taken, and the system lets go of it when the test process ends, however it ends.
"""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator

LOWEST, HIGHEST = 20_000, 32_000
"""Below the range from which the system hands out ports by itself."""


class Port:
    """A port of 127.0.0.1 that is ours until released.

    Attributes:
        number: what to listen on.
    """

    def __init__(self, number: int, held: socket.socket) -> None:
        self.number = number
        self._held = held

    def release(self) -> None:
        """Let others have it."""
        self._held.close()


def reserve() -> Port:
    """Return a port on which nothing listens."""
    for number in _numbers():
        held = _bound(socket.SOCK_DGRAM, number)
        if held is None:
            continue
        free = _bound(socket.SOCK_STREAM, number)
        if free is not None:
            free.close()
            return Port(number, held)
        held.close()
    raise AssertionError("every port is taken")


def _numbers() -> Iterator[int]:
    start = random.SystemRandom().randrange(LOWEST, HIGHEST)
    yield from range(start, HIGHEST)
    yield from range(LOWEST, start)


def _bound(kind: socket.SocketKind, number: int) -> socket.socket | None:
    bound = socket.socket(socket.AF_INET, kind)
    try:
        bound.bind(("127.0.0.1", number))
    except OSError:
        bound.close()
        return None
    return bound
