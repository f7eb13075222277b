"""The few shapes of ASGI that the protocol routes use, typed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

JSON: Final = (b"content-type", b"application/json")
NO_STORE: Final[Headers] = [(b"cache-control", b"no-store"), (b"pragma", b"no-cache")]
"""RFC 6749 section 5.1."""

CERTIFICATE: Final = "actas.certificate"
"""In a scope: the certificate in DER that the caller proved to hold, or None."""

FORWARDING: Final = "actas.forwarding"
"""In a scope: what is wrong with the headers by which a trusted proxy says for whom it speaks, or None."""

NO_SNIFF: Final = (b"x-content-type-options", b"nosniff")


async def respond(send: Send, *, status: int, headers: Headers, body: bytes, head: bool = False) -> None:
    """Send a whole response; with ``head`` only what it would say of itself (RFC 9110 section 9.3.2)."""
    headers = [*headers, NO_SNIFF, (b"content-length", str(len(body)).encode("ascii"))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else body})


def header(scope: Scope, name: bytes) -> list[bytes]:
    """Return every value of a header, by its lower-case name."""
    return [value for key, value in scope["headers"] if key == name]


def address(scope: Scope) -> str:
    """Return the peer's address, for the minutes."""
    client = scope.get("client")
    return str(client[0]) if client else "unknown"
