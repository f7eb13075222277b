"""Documents that change only with the configuration or a key: the key set and the metadata."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from actas.core.ports import JsonObject
from actas.web.asgi import JSON, Receive, Scope, Send, respond


class Document:
    """Answers GET and HEAD with one JSON document.

    Args:
        make: returns the document as it is now.
        max_age: seconds for which a cache may keep it.
    """

    def __init__(self, make: Callable[[], JsonObject], *, max_age: int) -> None:
        self._make = make
        self._headers = [
            JSON,
            (b"cache-control", f"public, max-age={max_age}".encode("ascii")),
            (b"access-control-allow-origin", b"*"),
        ]

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            await respond(send, status=405, headers=[(b"allow", b"GET, HEAD")], body=b"")
            return
        body = msgspec.json.encode(self._make())
        await respond(send, status=200, headers=self._headers, body=body, head=scope["method"] == "HEAD")
