"""What an MCP server of the MCP SDK cannot answer by itself: 503, and the scopes in a challenge.

Imported by `actas_sdk.mcp` alone.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from actas_sdk.errors import BadAnswer, Unreachable
from actas_sdk.requests import scope_set

__all__ = ["ActasMiddleware"]

_REFUSED: Final = frozenset({401, 403})
_UNAVAILABLE: Final = 503
_log = logging.getLogger("actas_sdk")


class ActasMiddleware:
    """Answers for what the MCP SDK cannot: add it to ``server.streamable_http_app()``.

    ::

        app = server.streamable_http_app()
        app.add_middleware(ActasMiddleware, scopes=["pages:search"])

    When nothing can be known about a token, as keys or what was revoked cannot be had, the answer is 503.
    Refusals name the scopes in their challenge (RFC 6750 section 3), where clients look for them.

    Args:
        app: what is behind it.
        scopes: what every request needs: those of ``AuthSettings.required_scopes``.

    Raises:
        Misconfigured: one of them is not a scope.
    """

    def __init__(self, app: ASGIApp, *, scopes: Iterable[str] = ()) -> None:
        self._app = app
        self._scopes = " ".join(sorted(scope_set(scopes)))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and answer it when nobody can."""
        begun = False

        async def answer(message: Message) -> None:
            nonlocal begun
            begun = True
            if message["type"] == "http.response.start" and message["status"] in _REFUSED:
                self._name_scopes(message)
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except (Unreachable, BadAnswer) as down:
            if begun or scope["type"] != "http":
                raise
            _log.warning("503: %s", down.detail)
            await _unavailable(down, send)

    def _name_scopes(self, message: Message) -> None:
        headers = MutableHeaders(scope=message)
        challenge = headers.get("www-authenticate", "")
        if self._scopes and challenge.startswith("Bearer ") and " scope=" not in challenge:
            headers["www-authenticate"] = f'{challenge}, scope="{self._scopes}"'


async def _unavailable(down: Unreachable | BadAnswer, send: Send) -> None:
    """Answer that nothing is known now, in the form of every other refusal."""
    body = json.dumps({"error": "temporarily_unavailable", "error_description": down.sentence}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    if isinstance(down, Unreachable) and down.retry_after is not None:
        headers.append((b"retry-after", str(down.retry_after).encode()))
    await send({"type": "http.response.start", "status": _UNAVAILABLE, "headers": headers})
    await send({"type": "http.response.body", "body": body})
