"""Reading requests from a connection, over httptools: bounded, and never in two ways.

Upgrades, trailers, transfer codings other than ``chunked`` and versions other than 1.0 and 1.1 are refused:
what comes after a body must never count as a header (RFC 9110 section 6.5.1), nor as another request.
"""

from __future__ import annotations

from asyncio import AbstractEventLoop
from typing import Final, Protocol
from urllib.parse import unquote

import httptools
import msgspec

from actas.web.asgi import Headers

MAX_HEAD: Final = 32 * 1024
"""Bytes of request line and headers."""

MAX_HEADERS: Final = 64

MAX_MESSAGE: Final = 1024 * 1024
"""Bytes of a whole request, chunk framing included."""


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What stands before the body of a request.

    Attributes:
        keep_alive: whether the caller may send another request after this one.
        expects: whether the caller waits for ``100 Continue`` before it sends the body.
    """

    version: str
    method: str
    path: str
    raw_path: bytes
    query: bytes
    headers: Headers
    keep_alive: bool
    expects: bool


class Reads(Protocol):
    """Who is told what was read. What raises ``ValueError`` makes the request malformed."""

    def begin(self, head: Head) -> None:
        """A head is complete."""
        ...

    def feed(self, piece: bytes) -> None:
        """A piece of the body of the request that was begun last."""
        ...

    def end(self) -> None:
        """That body is complete."""
        ...


class Reader:
    """Reads one connection.

    Attributes:
        began: when the request that is being read began, on the event loop's clock; None between requests.
    """

    def __init__(self, reads: Reads, loop: AbstractEventLoop) -> None:
        self.began: float | None = None
        self._reads = reads
        self._loop = loop
        self._parser = httptools.HttpRequestParser(self)
        # A request may be followed by others that the caller took back by "Connection: close".
        self._parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._url = b""
        self._headers: Headers = []
        self._bytes = self._head = self._hosts = 0
        self._in_head = True
        self._expects = False

    def read(self, data: bytes) -> str | None:
        """Read what came.

        Returns:
            What is wrong with it, in a sentence for the caller; nothing more is read then.
        """
        self._bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            return "Invalid HTTP request received."
        if self.began is not None and (
            self._bytes > MAX_MESSAGE or (self._in_head and self._bytes > MAX_HEAD)
        ):
            return "The request is too large."
        return None

    # What the parser calls. An exception makes the request malformed.

    def on_message_begin(self) -> None:
        self._url = b""
        self._headers = []
        self._head = self._hosts = 0
        self._in_head = True
        self._expects = False
        self.began = self._loop.time()

    def on_url(self, url: bytes) -> None:
        self._url += url
        self._head += len(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            raise ValueError("trailers")
        self._head += len(name) + len(value)
        if self._head > MAX_HEAD:
            raise ValueError("a head that is too large")
        name = name.lower()
        if name == b"host":
            self._hosts += 1
        elif name == b"expect":
            self._expects = value.lower() == b"100-continue"
        elif name == b"transfer-encoding" and value.lower() != b"chunked":
            raise ValueError("a transfer coding that is not undone here")
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        self._in_head = False
        parser = self._parser
        if len(self._headers) > MAX_HEADERS:
            raise ValueError("too many headers")
        if self._hosts != 1:
            raise ValueError("not exactly one Host")  # RFC 9112 section 3.2
        if parser.should_upgrade():
            # What follows would be read as another request, which a proxy in front took for a body.
            raise ValueError("an upgrade")
        version = parser.get_http_version()
        if version not in ("1.0", "1.1"):
            raise ValueError("another version of HTTP")
        raw_path, query = _target(self._url)
        path = raw_path.decode("ascii")
        self._reads.begin(
            Head(
                version=version,
                method=parser.get_method().decode("ascii"),
                path=unquote(path) if "%" in path else path,
                raw_path=raw_path,
                query=query,
                headers=self._headers,
                keep_alive=version != "1.0" and parser.should_keep_alive(),
                expects=self._expects and version != "1.0",  # RFC 9110 section 10.1.1
            )
        )

    def on_body(self, body: bytes) -> None:
        self._reads.feed(body)

    def on_message_complete(self) -> None:
        self._bytes = 0
        self.began = None
        self._reads.end()


def _target(url: bytes) -> tuple[bytes, bytes]:
    """Return path and query of a request target (RFC 9112 section 3.2)."""
    if b"#" in url:
        raise ValueError("a fragment")
    if url.startswith(b"/"):
        path, _, query = url.partition(b"?")
        return path, query
    parsed = httptools.parse_url(url)
    return parsed.path or b"/", parsed.query or b""
