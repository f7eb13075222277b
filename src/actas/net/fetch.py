"""Getting a JSON document from an address on record: the one function that opens outgoing connections.

Owns the bounds (SEC-35, SEC-38, REL-10): https with verified certificates, no redirects, nothing
ambient sent, 256 KiB, five seconds for everything, JSON only, sixteen at a time to one host. Which
addresses are good is left to ``addresses``, connecting to them to ``dial``, joining equal fetches to
whoever caches (``trust.jwks``).

It speaks through httpcore2, the lower half of httpx2. Everything the upper half adds (redirects,
proxies and netrc from the environment, cookies, decompression) is what must not happen here.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Final, cast

import httpcore2

from actas import __version__
from actas.core.ports import FetchFailed, Json
from actas.core.url import Url, read_url
from actas.crypto.json import BadJson, read_object
from actas.net.addresses import Reach
from actas.net.dial import CheckedNetwork, Resolve, SystemResolver

MAX_BODY: Final = 256 * 1024
"""Most bytes of a document. Compressed answers are refused, so what is counted is what is read."""

TIME_LIMIT: Final = 5.0
"""Seconds for one document, waiting for a free place, name lookup, TLS and a slow drip included."""

MAX_AT_ONCE: Final = 16
"""Most fetches under way to one host."""

_JSON: Final = re.compile(r"application/(?:json|[a-z0-9!#$&^_.\-]+\+json)")
_SYSTEM_AUTHORITIES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)


class GuardedFetch:
    """Implements ``core.ports.Fetch``.

    Args:
        dev: whether loopback hosts may be reached, and over plain http.
        allowed_hosts: hosts that may have addresses which are not public, named exactly (SEC-34).
        resolve: gives the addresses of a name; the operating system's resolver when left out.
        network: connects to a literal address; a plain socket when left out.
        authorities: a PEM file of the certificate authorities to trust instead of the system's.
        time_limit: seconds for one document, at most five.

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
    ) -> None:
        if not 0 < time_limit <= TIME_LIMIT:
            raise ValueError(f"the time limit of a fetch is more than 0 and at most {TIME_LIMIT:g} seconds")
        self._reach = Reach(dev=dev, allowed_hosts=allowed_hosts)
        self._own = SystemResolver()
        self._resolve: Resolve = self._own if resolve is None else resolve
        sockets = cast("httpcore2.AsyncNetworkBackend", httpcore2.AnyIOBackend())
        self._network = sockets if network is None else network
        self._trust = _trust(authorities)
        self._time_limit = time_limit
        self._places = _Places(MAX_AT_ONCE)

    async def get_json(self, url: str) -> Mapping[str, Json]:
        """Return the JSON object at ``url``.

        Args:
            url: an address on record; never one that a request carried (SEC-36).

        Raises:
            FetchFailed: for any reason at all; nothing of the answer is used then.
        """
        try:
            address = read_url(url)
        except ValueError as error:
            raise FetchFailed(f"an address on record cannot be used: {error}") from None
        refusal = self._reach.why_not(address)
        if refusal is not None:
            raise FetchFailed(f"{address.shown}: {refusal}")
        limit = asyncio.timeout(self._time_limit)
        try:
            async with limit, self._places.at(address.host):
                body = await self._get(address)
        except FetchFailed:
            raise
        except Exception as error:  # whatever a library raises, nothing was fetched
            late = isinstance(error, TimeoutError) and limit.expired()
            why = f"no complete answer within {self._time_limit:g} seconds" if late else _sentence(error)
            raise FetchFailed(f"{address.shown}: {why}") from error
        try:
            return read_object(body, max_bytes=MAX_BODY)
        except BadJson as error:
            raise FetchFailed(f"{address.shown}: the answer is refused: {error}") from None

    def close(self) -> None:
        """Let go of the threads that look names up."""
        self._own.close()

    async def _get(self, url: Url) -> bytes:
        """Connect, ask and read one bounded answer; whatever happens, the connection is closed."""
        network = CheckedNetwork(
            url,
            reach=self._reach,
            resolve=self._resolve,
            network=self._network,
            time_limit=self._time_limit,
        )
        target = httpcore2.URL(scheme=url.scheme, host=url.host, port=url.port, target=url.target)
        try:
            async with (
                httpcore2.AsyncHTTPConnection(
                    target.origin, ssl_context=self._trust, network_backend=network
                ) as connection,
                connection.stream("GET", target, headers=_headers(url)) as response,
            ):
                return await _body(url, response)
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


def _headers(url: Url) -> list[tuple[str, str]]:
    """Everything we say about ourselves: no cookie, no credential, nothing compressed."""
    return [
        ("Host", url.authority),
        ("Accept", "application/json, application/jwk-set+json"),
        ("Accept-Encoding", "identity"),
        ("User-Agent", f"actas/{__version__}"),
        ("Connection", "close"),
    ]


async def _body(url: Url, response: httpcore2.Response) -> bytes:
    """Return the answer's body, or refuse the answer as early as its head allows."""
    if 300 <= response.status < 400:
        raise FetchFailed(f"{url.shown}: answered with a redirect ({response.status}); none is followed")
    if response.status != 200:
        raise FetchFailed(f"{url.shown}: answered with status {response.status}")
    if any(value.lower() != "identity" for value in _values(response, b"content-encoding")):
        raise FetchFailed(f"{url.shown}: answered compressed, which was not asked for")
    kinds = [value.partition(";")[0].strip().lower() for value in _values(response, b"content-type")]
    if len(kinds) != 1 or _JSON.fullmatch(kinds[0]) is None:
        raise FetchFailed(f"{url.shown}: answered with something that is not declared to be JSON")
    too_long = FetchFailed(f"{url.shown}: the answer is longer than {MAX_BODY // 1024} KiB")
    if any(int(value) > MAX_BODY for value in _values(response, b"content-length")):
        raise too_long
    body = bytearray()
    async with aclosing(response.aiter_stream()) as chunks:
        async for chunk in chunks:
            if len(body) + len(chunk) > MAX_BODY:
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


def _trust(authorities: Path | None) -> ssl.SSLContext:
    """Verify certificates and names, against the system's authorities or the operator's.

    Made by hand: ``ssl.create_default_context`` takes authorities and a key log from the environment.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # verifies chain and name from the start
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if authorities is not None:
        context.load_verify_locations(authorities)
        return context
    compiled_in = ssl.get_default_verify_paths().openssl_cafile
    found = next((path for path in (compiled_in, *_SYSTEM_AUTHORITIES) if Path(path).is_file()), None)
    if found is not None:
        context.load_verify_locations(found)
    return context
