"""Resolving a name and connecting to an address that was checked.

The name is resolved here, once per connection, every answer is judged, and the connection is made to
one of those very answers. A check on a name followed by a connection that resolves it again is what
DNS rebinding passes (SEC-34; CVE-2026-44430). After connecting the peer is judged once more.

TLS and HTTP are left to httpcore2, the transport of httpx2: to it the host stays the name, so the
certificate, the TLS server name and the ``Host`` header are the name's.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import httpcore2

from actas.core.ports import FetchFailed
from actas.core.url import Url
from actas.net.addresses import Address, Reach, read_address

Resolve = Callable[[str], Awaitable[Sequence[str]]]
"""Gives every address of a name, in the order in which to try them. Raises OSError when there is none."""

MAX_TRIED: Final = 4
"""Most addresses of one name that are tried. All of them are judged."""

_LOOKUPS: Final = 16


class SystemResolver:
    """The operating system's resolver, on threads of its own.

    A lookup that hangs cannot be cancelled: on the loop's shared threads a few dead name servers
    would stop everything else that runs there. Equal lookups under way are joined, so one name holds
    at most one thread (REL-10).
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=_LOOKUPS, thread_name_prefix="actas-lookup")
        self._under_way: dict[str, asyncio.Future[Sequence[str]]] = {}

    async def __call__(self, host: str) -> Sequence[str]:
        lookup = self._under_way.get(host)
        if lookup is None:
            lookup = asyncio.get_running_loop().run_in_executor(self._threads, _addresses, host)
            self._under_way[host] = lookup
            lookup.add_done_callback(lambda done: self._finish(host, done))
        return await asyncio.shield(lookup)

    def _finish(self, host: str, lookup: asyncio.Future[Sequence[str]]) -> None:
        self._under_way.pop(host, None)
        if not lookup.cancelled():
            lookup.exception()  # seen, even when every waiter has given up

    def close(self) -> None:
        """Take no further lookups."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _addresses(host: str) -> Sequence[str]:
    answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))


class CheckedNetwork(httpcore2.AsyncNetworkBackend):
    """Connects for one fetch, and only to checked addresses of its host.

    Args:
        url: what is fetched.
        reach: the judge.
        resolve: gives the addresses of a name.
        network: makes the connection to a literal address.
        time_limit: seconds within which an address must accept, shared among those that are tried.
    """

    def __init__(
        self,
        url: Url,
        *,
        reach: Reach,
        resolve: Resolve,
        network: httpcore2.AsyncNetworkBackend,
        time_limit: float,
    ) -> None:
        self._url = url
        self._reach = reach
        self._resolve = resolve
        self._network = network
        self._time_limit = time_limit
        self._opened: list[httpcore2.AsyncNetworkStream] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002, ASYNC109 - httpcore2's signature, ours is shared
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to a checked address of the host; ``host`` is what httpcore2 read from the same URL.

        Raises:
            FetchFailed: no address, a forbidden one among them, or none that accepts.
        """
        if (host, port) != (self._url.host, self._url.port):
            raise _unsent(f"{self._url.shown}: a connection to another host was asked for")
        addresses = (await self._checked())[:MAX_TRIED]
        share = self._time_limit / len(addresses)
        for address in addresses:
            stream = await self._attempt(str(address), port, share, local_address, socket_options)
            if stream is not None:
                self._opened.append(stream)
                self._check_peer(stream, address)
                return stream
        tried = ", ".join(str(address) for address in addresses)
        raise _unsent(f"{self._url.shown}: nothing accepts connections at {tried} port {port}")

    async def _attempt(
        self,
        address: str,
        port: int,
        seconds: float,
        local_address: str | None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None,
    ) -> httpcore2.AsyncNetworkStream | None:
        """Return a connection to a literal address, or None when it does not accept one in time."""
        try:
            return await self._network.connect_tcp(address, port, seconds, local_address, socket_options)
        except (OSError, httpcore2.NetworkError, httpcore2.TimeoutException):
            return None

    async def aclose(self) -> None:
        """Close what was opened, also when the fetch was cut off in the middle of a handshake."""
        for stream in self._opened:
            await stream.aclose()

    async def _checked(self) -> Sequence[Address]:
        """Return the addresses of the host, all of them judged: one bad answer spoils the name."""
        if self._url.literal is not None:
            answers: Sequence[str] = [self._url.host]
        else:
            try:
                answers = await self._resolve(self._url.host)
            except (OSError, UnicodeError) as error:
                raise _unsent(f"{self._url.shown}: the name {self._url.host} cannot be resolved") from error
        if not answers:
            raise _unsent(f"{self._url.shown}: the name {self._url.host} has no address")
        return [self._judge(answer) for answer in answers]

    def _judge(self, answer: str) -> Address:
        try:
            address = read_address(answer)
        except ValueError:
            raise _unsent(
                f"{self._url.shown}: the name {self._url.host} resolves to something that is not an address"
            ) from None
        refusal = self._reach.why_not_at(self._url, address)
        if refusal is not None:
            raise _unsent(f"{self._url.shown}: {refusal}")
        return address

    def _check_peer(self, stream: httpcore2.AsyncNetworkStream, address: Address) -> None:
        """Judge the address at the other end, before a byte is sent to it.

        A stream that does not know its peer is refused: an unknown address is not a public one.
        """
        peer: tuple[object, ...] | None = stream.get_extra_info("server_addr")
        found = str(peer[0]) if peer else ""
        if self._judge(found) != address:
            raise _unsent(f"{self._url.shown}: connected to {found} when {address} was meant")


def _unsent(detail: str) -> FetchFailed:
    """Return the failure of a request of which nothing left: there is no connection that it could go by."""
    return FetchFailed(detail, sent=False)
