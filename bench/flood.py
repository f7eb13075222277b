"""Callers who do not care how the server is: they send at a rate, answered or not.

A process of its own, started by ``bench.overload``, on a core of its own. It writes prepared bytes to raw
sockets and counts the answers by their first lines; what it says was sent, the system took for sending.
Without a rate, each connection sends when it was answered: what the server can do then is its capacity.
"""

from __future__ import annotations

import itertools
import os
import re
import resource
import select
import socket
import sys
import time
from collections import deque
from pathlib import Path
from typing import Final

import msgspec

from bench.measure import percentile

TICK: Final = 0.002
"""Seconds between two bursts."""

_STATUS: Final = re.compile(rb"HTTP/1\.1 (\d\d\d) ")
_LONGEST: Final = len(b"HTTP/1.1 200 ") - 1
"""Bytes of a first line that may come before the rest of it."""


class Flood(msgspec.Struct, kw_only=True):
    """What to do.

    Attributes:
        requests: a file with a list of requests, as MessagePack; they are sent again and again.
        rate: requests a second, however they are answered; 0 sends when the one before was answered.
        ahead: the most requests of one connection that are not answered.
    """

    port: int
    requests: str
    connections: int
    seconds: float
    rate: float = 0.0
    ahead: int = 1


class Met(msgspec.Struct, kw_only=True):
    """How it went.

    Attributes:
        sent: requests that the system took.
        held: requests that it did not take, or that would have been too far ahead.
        granted: answers with status 200.
        shed: answers with status 503.
        other: answers with another status.
        ended: connections that the server ended; each was made again.
        p50: milliseconds from when a request was sent until it was granted.
        p99: milliseconds.
    """

    seconds: float
    sent: int = 0
    held: int = 0
    granted: int = 0
    shed: int = 0
    other: int = 0
    ended: int = 0
    p50: float = 0.0
    p99: float = 0.0


class Caller:
    """One connection."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.sent: deque[float] = deque()
        self.rest = b""
        self.carry = b""

    def send(self, request: bytes) -> bool:
        """Send a request, or as much of it as the system takes; whether it took any."""
        if self.rest:
            self._push(self.rest)
            if self.rest:
                return False
        if not self._push(request):
            return False
        self.sent.append(time.perf_counter())
        return True

    def _push(self, data: bytes) -> int:
        try:
            taken = self.socket.send(data)
        except BlockingIOError:
            return 0
        self.rest = data[taken:]
        return taken


class Flooding:
    """One run of the flood."""

    def __init__(self, task: Flood, requests: list[bytes]) -> None:
        self._task = task
        self._requests = itertools.cycle(requests)
        self._poll = select.epoll()
        self._callers: dict[int, Caller] = {}
        self._latencies: list[float] = []
        self.met = Met(seconds=task.seconds)

    def run(self) -> Met:
        """Send until the time is over."""
        for _ in range(self._task.connections):
            self._add()
        began = time.perf_counter()
        ends, due = began + self._task.seconds, began
        turn = itertools.cycle(list(self._callers)) if self._task.rate else None
        if turn is None:
            for one in list(self._callers):
                self._ask(one)
        while (now := time.perf_counter()) < ends:
            if turn is not None:
                owed = int((now - due) * self._task.rate)
                due += owed / self._task.rate
                for _ in range(owed):
                    self._ask(next(turn))
            self._answers(TICK if turn is not None else 0.05, again=turn is None)
        self.met.seconds = time.perf_counter() - began
        for caller in self._callers.values():
            caller.socket.close()
        self._poll.close()
        latencies = sorted(self._latencies)
        if latencies:
            self.met.p50, self.met.p99 = percentile(latencies, 0.5), percentile(latencies, 0.99)
        return self.met

    def _add(self, number: int | None = None) -> None:
        caller = Caller(self._task.port)
        if number is not None and caller.socket.fileno() != number:
            os.dup2(caller.socket.fileno(), number)
            caller.socket.close()
            caller.socket = socket.socket(fileno=number)
            caller.socket.setblocking(False)
        self._callers[caller.socket.fileno()] = caller
        self._poll.register(caller.socket, select.EPOLLIN)

    def _ask(self, number: int) -> None:
        caller = self._callers[number]
        try:
            if len(caller.sent) < self._task.ahead and caller.send(next(self._requests)):
                self.met.sent += 1
            else:
                self.met.held += 1
        except OSError:
            self._again(number)

    def _answers(self, patience: float, *, again: bool) -> None:
        for number, _ in self._poll.poll(patience):
            caller = self._callers[number]
            try:
                data = caller.socket.recv(262144)
            except BlockingIOError:
                continue
            except OSError:
                data = b""
            if not data:
                self._again(number)
                continue
            data = caller.carry + data
            found = _STATUS.findall(data)
            now = time.perf_counter()
            for status in found:
                self._count(status, now - caller.sent.popleft() if caller.sent else 0.0)
            caller.carry = data[-_LONGEST:]
            if again and found:
                self._ask(number)

    def _count(self, status: bytes, took: float) -> None:
        if status == b"200":
            self.met.granted += 1
            self._latencies.append(took * 1e3)
        elif status == b"503":
            self.met.shed += 1
        else:
            self.met.other += 1

    def _again(self, number: int) -> None:
        self.met.ended += 1
        self._poll.unregister(number)
        self._callers.pop(number).socket.close()
        self._add(number)


def main() -> None:
    """Do every task that is asked for, until there are no more."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    os.sched_setaffinity(0, {int(sys.argv[1])})
    for line in sys.stdin:
        task = msgspec.json.decode(line, type=Flood)
        requests = msgspec.msgpack.decode(Path(task.requests).read_bytes(), type=list[bytes])
        met = Flooding(task, requests).run()
        sys.stdout.write(msgspec.json.encode(met).decode() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
