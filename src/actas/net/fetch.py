"""Asking an address on record: the one place that opens outgoing connections.

Owns the bounds (SEC-35, SEC-38, REL-10): https with verified certificates, no redirects, nothing
ambient sent, 256 KiB, five seconds for everything, sixteen at a time to one host. Documents are JSON. Which
addresses are good is left to ``addresses``, connecting to them to ``dial``, joining equal fetches to
whoever caches (``trust.jwks``).

It speaks through httpcore2, the lower half of httpx2. Everything the upper half adds (redirects,
proxies and netrc from the environment, cookies, decompression) is what must not happen here.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Final, NamedTuple, cast

import httpcore2

from actas import __version__
from actas.core.ports import Answer, Fetched, FetchFailed, Json, NotSent
from actas.core.tracing import UNTRACED, Tracing
from actas.core.url import Url, read_url
from actas.crypto.json import BadJson, read_object
from actas.net.addresses import Reach
from actas.net.authorities import trust
from actas.net.caching import dated_at, fresh_for
from actas.net.dial import CheckedNetwork, Resolve, SystemResolver

MAX_BODY: Final = 256 * 1024
"""Most bytes of a document. Compressed answers are refused, so what is counted is what is read."""

TIME_LIMIT: Final = 5.0
"""Seconds for one document, waiting for a free place, name lookup, TLS and a slow drip included."""

LONGEST: Final = 30.0
"""Seconds for something that is sent and that no request waits for."""

MAX_AT_ONCE: Final = 16
"""Most fetches under way to one host."""

_JSON: Final = re.compile(r"application/(?:json|[a-z0-9!#$&^_.\-]+\+json)")
_GETTING: Final = {"Accept": "application/json, application/jwk-set+json"}


class _Sent(NamedTuple):
    """What is asked, and how many bytes of the answer are read at most."""

    method: str
    headers: Mapping[str, str]
    body: bytes | None
    most: int = MAX_BODY


_Judge = Callable[[Url, httpcore2.Response], None]
"""Refuses an answer by its head, or returns."""


class GuardedFetch:
    """Implements ``core.ports.Fetch``, ``core.ports.FetchDocument`` and ``core.ports.Post``.

    Args:
        dev: whether loopback hosts may be reached, and over plain http.
        allowed_hosts: hosts that may have addresses which are not public, named exactly (SEC-34).
        resolve: gives the addresses of a name; the operating system's resolver when left out.
        network: connects to a literal address; a plain socket when left out.
        authorities: a PEM file of the certificate authorities to trust instead of the system's.
        time_limit: seconds for one document, at most five.
        tracing: follows what is asked, and says where it stands in a trace.

    Raises:
        ValueError: an allowed host is not a host, or the time limit is not within its bounds.
        OSError: ``authorities`` cannot be read or holds no certificate.
    """

    def __init__(
        self,
        *,
        dev: bool = False,
        allowed_hosts: frozenset[str] = frozenset(),
        resolve: Resolve | None = None,
        network: httpcore2.AsyncNetworkBackend | None = None,
        authorities: Path | None = None,
        time_limit: float = TIME_LIMIT,
        tracing: Tracing = UNTRACED,
    ) -> None:
        if not 0 < time_limit <= TIME_LIMIT:
            raise ValueError(f"the time limit of a fetch is more than 0 and at most {TIME_LIMIT:g} seconds")
        self._reach = Reach(dev=dev, allowed_hosts=allowed_hosts)
        self._public = Reach(dev=dev)
        self._own = SystemResolver()
        self._resolve: Resolve = self._own if resolve is None else resolve
        sockets = cast("httpcore2.AsyncNetworkBackend", httpcore2.AnyIOBackend())
        self._network = sockets if network is None else network
        self._trust = trust(authorities)
        self._time_limit = time_limit
        self._tracing = tracing
        self._places = _Places(MAX_AT_ONCE)

    async def get_json(self, url: str) -> Mapping[str, Json]:
        """Return the JSON object at ``url``.

        Args:
            url: an address on record; never one that a request carried (SEC-36).

        Raises:
            FetchFailed: for any reason at all; nothing of the answer is used then.
        """
        return (await self._document(url, self._reach, most=MAX_BODY)).document

    async def get_document(self, url: str, *, most: int, listed: bool) -> Fetched:
        return await self._document(url, self._reach if listed else self._public, most=most)

    async def _document(self, url: str, reach: Reach, *, most: int) -> Fetched:
        address = _address(url, reach)
        sent = _Sent("GET", _GETTING, None, most=most)
        answer = await self._ask(address, reach, sent, _require_document, within=self._time_limit)
        try:
            return Fetched(read_object(answer.body, max_bytes=most), answer.fresh_for, answer.dated)
        except BadJson as error:
            said = f"{address.shown}: the answer is refused: {error}"
            raise FetchFailed(said, status=answer.status) from None

    async def post(
        self, url: str, body: bytes, *, headers: Mapping[str, str], within: float | None = None
    ) -> Answer:
        sent = _Sent("POST", {**headers, "Content-Length": str(len(body))}, body)
        bound = self._time_limit if within is None else min(within, LONGEST)
        address = _address(url, self._reach)
        return await self._ask(address, self._reach, sent, _require_readable, within=bound)

    def close(self) -> None:
        """Let go of the threads that look names up."""
        self._own.close()

    async def _ask(self, url: Url, reach: Reach, sent: _Sent, judge: _Judge, *, within: float) -> Answer:
        """Ask within the bounds, and say in a sentence what went wrong."""
        limit, begun = asyncio.timeout(within), False
        said = {"server.address": url.host, "http.request.method": sent.method}
        try:
            async with limit, self._places.at(url.host):
                begun = True
                with self._tracing.step("actas.fetch", said, leaves=True):
                    traced = sent._replace(headers={**sent.headers, **self._tracing.headers()})
                    return await self._exchange(url, reach, traced, judge)
        except FetchFailed:
            raise
        except Exception as error:  # whatever a library raises, there is no answer
            late = isinstance(error, TimeoutError) and limit.expired()
            if late and not begun:
                why = f"{MAX_AT_ONCE} requests to that host were under way for {within:g} seconds"
                raise NotSent(f"{url.shown}: {why}") from error
            why = f"no complete answer within {within:g} seconds" if late else _sentence(error)
            raise FetchFailed(f"{url.shown}: {why}") from error

    async def _exchange(self, url: Url, reach: Reach, sent: _Sent, judge: _Judge) -> Answer:
        """Connect, ask and read one bounded answer; whatever happens, the connection is closed."""
        network = CheckedNetwork(
            url,
            reach=reach,
            resolve=self._resolve,
            network=self._network,
            time_limit=self._time_limit,
        )
        target = httpcore2.URL(scheme=url.scheme, host=url.host, port=url.port, target=url.target)
        headers = _said(url, sent.headers)
        try:
            async with (
                httpcore2.AsyncHTTPConnection(
                    target.origin, ssl_context=self._trust, network_backend=network
                ) as connection,
                connection.stream(sent.method, target, headers=headers, content=sent.body) as response,
            ):
                judge(url, response)
                return await _answer(url, response, most=sent.most)
        finally:
            await network.aclose()


class _Places:
    """A bound on what is under way to each host, forgotten when nothing is."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._hosts: dict[str, tuple[asyncio.Semaphore, int]] = {}

    @asynccontextmanager
    async def at(self, host: str) -> AsyncGenerator[None]:
        """Wait for a place at ``host`` and hold it."""
        places, users = self._hosts.get(host) or (asyncio.Semaphore(self._most), 0)
        self._hosts[host] = (places, users + 1)
        try:
            async with places:
                yield
        finally:
            places, users = self._hosts.pop(host)
            if users > 1:
                self._hosts[host] = (places, users - 1)


def _said(url: Url, headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Everything that is said: what was asked for, and nothing ambient; no cookie, nothing compressed."""
    return [
        ("Host", url.authority),
        *headers.items(),
        ("Accept-Encoding", "identity"),
        ("User-Agent", f"actas/{__version__}"),
        ("Connection", "close"),
    ]


def _require_readable(url: Url, response: httpcore2.Response) -> None:
    """Refuse an answer that leads elsewhere, or cannot be counted, by its head alone."""
    if 300 <= response.status < 400:
        raise _useless(url, response, f"answered with a redirect ({response.status}); none is followed")
    if any(value.lower() != "identity" for value in _values(response, b"content-encoding")):
        raise _useless(url, response, "answered compressed, which was not asked for")


def _require_document(url: Url, response: httpcore2.Response) -> None:
    """Refuse whatever is no JSON document, by its head alone."""
    _require_readable(url, response)
    if response.status != 200:
        raise _useless(url, response, f"answered with status {response.status}")
    kinds = [value.partition(";")[0].strip().lower() for value in _values(response, b"content-type")]
    if len(kinds) != 1 or _JSON.fullmatch(kinds[0]) is None:
        raise _useless(url, response, "answered with something that is not declared to be JSON")


def _useless(url: Url, response: httpcore2.Response, why: str) -> FetchFailed:
    return FetchFailed(f"{url.shown}: {why}", status=response.status)


async def _answer(url: Url, response: httpcore2.Response, *, most: int) -> Answer:
    later = _values(response, b"retry-after")
    body = await _body(url, response, most=most)
    age = _values(response, b"age")
    fresh = fresh_for(_values(response, b"cache-control"), age)
    dated = dated_at(_values(response, b"date"), age)
    return Answer(response.status, body, later[0] if len(later) == 1 else None, fresh, dated)


def _address(url: str, reach: Reach) -> Url:
    try:
        address = read_url(url)
    except ValueError as error:
        raise FetchFailed(f"an address on record cannot be used: {error}", sent=False) from None
    refusal = reach.why_not(address)
    if refusal is not None:
        raise FetchFailed(f"{address.shown}: {refusal}", sent=False)
    return address


async def _body(url: Url, response: httpcore2.Response, *, most: int) -> bytes:
    """Return the answer's body, or refuse the answer when it is too long."""
    too_long = _useless(url, response, f"the answer is longer than {most // 1024} KiB")
    if any(int(value) > most for value in _values(response, b"content-length")):
        raise too_long
    body = bytearray()
    async with aclosing(response.aiter_stream()) as chunks:
        async for chunk in chunks:
            if len(body) + len(chunk) > most:
                raise too_long
            body += chunk
    return bytes(body)


def _values(response: httpcore2.Response, name: bytes) -> list[str]:
    return [value.decode("latin-1").strip() for key, value in response.headers if key.lower() == name]


def _sentence(error: BaseException) -> str:
    """Say what went wrong below us, for whoever is on call."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the certificate cannot be verified: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return f"TLS failed ({cause.reason or 'no reason given'})"
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpcore2.ProtocolError):
        return "the answer is not proper HTTP"
    if isinstance(error, httpcore2.NetworkError | OSError):
        return "the connection broke"
    return f"failed unexpectedly ({type(error).__name__})"
