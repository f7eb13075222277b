"""A name server that says what the test wants, and a network on which every address is one server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import httpcore2

PUBLIC = "93.184.215.14"
"""A public address for tests; nothing is ever sent to it."""


class ScriptedResolver:
    """Answers each lookup of a name with the next line of its script, and the last one from then on.

    Args:
        script: for each name, its answers in order. A name that is not in the script does not exist.
    """

    def __init__(self, script: Mapping[str, Sequence[Sequence[str]]]) -> None:
        self._script = {name: list(answers) for name, answers in script.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        answers = self._script.get(host)
        if answers is None:
            raise OSError(f"no such name: {host}")
        return answers.pop(0) if len(answers) > 1 else answers[0]


class HangingResolver:
    """A name server that never answers."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        await asyncio.Event().wait()
        return []


class LoopbackNetwork(httpcore2.AsyncNetworkBackend):
    """Connects to a server of the test whatever address is asked for, and remembers which one was.

    Args:
        port: the port on 127.0.0.1 to connect to.
        peer: the address the connection claims to have reached; the one asked for when left out.
        refuse: addresses that accept no connection.
        hang: addresses at which a connection attempt hangs until its time is up.
    """

    def __init__(
        self,
        port: int,
        *,
        peer: str | None = None,
        refuse: Iterable[str] = (),
        hang: Iterable[str] = (),
    ) -> None:
        self._port = port
        self._peer = peer
        self._refuse = frozenset(refuse)
        self._hang = frozenset(hang)
        self.asked: list[str] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        self.asked.append(host)
        if host in self._refuse:
            raise httpcore2.ConnectError("refused")
        if host in self._hang:
            await asyncio.sleep(timeout or 60)
            raise httpcore2.ConnectTimeout("late")
        inner = await httpcore2.AnyIOBackend().connect_tcp("127.0.0.1", self._port, timeout=timeout)
        return _Renamed(inner, (self._peer or host, port))


class _Renamed(httpcore2.AsyncNetworkStream):
    """A connection whose other end has the address the test gives it."""

    def __init__(self, inner: httpcore2.AsyncNetworkStream, peer: tuple[str, int]) -> None:
        self._inner = inner
        self._address = peer

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._inner.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._inner.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: Any,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        return await self._inner.start_tls(ssl_context, server_hostname, timeout)

    def get_extra_info(self, info: str) -> Any:
        return self._address if info == "server_addr" else self._inner.get_extra_info(info)
