"""Documents that change only with the configuration or a key: the key set and the metadata."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from actas.core.ports import JsonObject
from actas.web.asgi import JSON, Receive, Scope, Send, respond

_HEADERS: Final = (JSON, (b"access-control-allow-origin", b"*"))


class Document:
    """Answers GET and HEAD with one JSON document.

    Args:
        make: returns the document as it is now.
        max_age: seconds for which a cache may keep it.
        lasting: whether a cache may keep it at all. A node that cannot see what others publish serves the
            keys it knows, and nobody may rely on them for longer than this answer (REL-06).
    """

    def __init__(
        self,
        make: Callable[[], JsonObject],
        *,
        max_age: int,
        lasting: Callable[[], bool] = lambda: True,
    ) -> None:
        self._make = make
        self._lasting = lasting
        self._kept = [*_HEADERS, (b"cache-control", f"public, max-age={max_age}".encode("ascii"))]
        self._fleeting = [*_HEADERS, (b"cache-control", b"no-store")]

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            await respond(send, status=405, headers=[(b"allow", b"GET, HEAD")], body=b"")
            return
        headers = self._kept if self._lasting() else self._fleeting
        body = msgspec.json.encode(self._make())
        await respond(send, status=200, headers=headers, body=body, head=scope["method"] == "HEAD")
