"""What both drivers share: an `Ask` made into a request, and what came of it made into a value.

No redirect is ever followed: it could carry a secret or a token to another host, and no answer we
ask for is one. The errors of the HTTP library hold the request, and with it the token, so they end
here and are neither raised nor chained.
"""

from __future__ import annotations

from typing import Final

import httpx2

from actas_sdk.flow import Answer, Ask, Failure

__all__ = ["FAULTS", "TIMEOUT", "Body", "answer_of", "bounded", "failure_of", "request_of"]

TIMEOUT: Final = 5.0
"""Seconds for each step of a request: connect, write, each read."""

FAULTS: Final = (httpx2.RequestError, httpx2.StreamError, httpx2.InvalidURL, TimeoutError)
"""What the HTTP library raises when there is no answer."""

_NEVER_ARRIVED: Final = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
)
_KEPT_HEADERS: Final = ("content-type", "retry-after", "actas-entry", "dpop-nonce")


class Body:
    """An answer's body, as far as it may grow."""

    def __init__(self, *, largest: int) -> None:
        self._largest = largest
        self._read = bytearray()
        self._too_large = False

    def take(self, chunk: bytes) -> bool:
        """Add a chunk; say whether more may come."""
        self._too_large = len(self._read) + len(chunk) > self._largest
        if not self._too_large:
            self._read += chunk
        return not self._too_large

    def whole(self) -> bytes | None:
        """Return the body, or None when it was too large."""
        return None if self._too_large else bytes(self._read)


def request_of(http: httpx2.Client | httpx2.AsyncClient, ask: Ask) -> httpx2.Request:
    """Return the request for ``ask``."""
    return http.build_request(
        ask.method,
        ask.url,
        headers=dict(ask.headers),
        content=ask.body,
        timeout=min(TIMEOUT, ask.within),
    )


def bounded(response: httpx2.Response, *, largest: int) -> Body | None:
    """Return where to read the body to, or None when it must not be read.

    A compressed body was not asked for, and a small one can unpack into a very large one.
    """
    encoded = response.headers.get("content-encoding", "identity").strip().lower() != "identity"
    return None if encoded else Body(largest=largest)


def answer_of(response: httpx2.Response, ask: Ask, body: Body | None) -> Answer:
    """Return what came back, with the few headers that are read."""
    return Answer(
        url=ask.url,
        status=response.status_code,
        headers={name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers},
        body=None if body is None else body.whole(),
    )


def failure_of(fault: Exception, ask: Ask) -> Failure:
    """Return what went wrong, named by its kind alone."""
    return Failure(detail=f"{ask.url}: {type(fault).__name__}", sent=not isinstance(fault, _NEVER_ARRIVED))
