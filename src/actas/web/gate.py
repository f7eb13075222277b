"""The public listener: protocol routes from raw ASGI, everything else a plain 404.

Nothing is served from the Host header or a forwarded one: addresses come from the configuration (SEC-84).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import structlog

from actas.web.asgi import Message, Receive, Scope, Send, respond

Endpoint = Callable[[Scope, Receive, Send], Awaitable[None]]

_log = structlog.get_logger("actas.web")


class Gate:
    """Finds the endpoint of a path.

    Args:
        endpoints: every path that is served, with who answers it. One instance may be given new endpoints
            when the configuration changes; requests in flight finish with the old ones.
    """

    def __init__(self, endpoints: Mapping[str, Endpoint]) -> None:
        self.endpoints = endpoints

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        endpoint = self.endpoints.get(scope["path"])
        if endpoint is None:
            await respond(send, status=404, headers=[(b"content-type", b"text/plain")], body=b"not found\n")
            return
        watch = _Watch(send)
        try:
            await endpoint(scope, receive, watch)
        except Exception:  # noqa: BLE001  (logged with its traceback, answered with none)
            # Never a stack trace to the caller (SEC-04); the log has it.
            _log.exception("request failed", path=scope["path"])
            if not watch.started:
                await respond(
                    send,
                    status=500,
                    headers=[(b"content-type", b"application/json")],
                    body=b'{"error":"server_error"}',
                )


class _Watch:
    """Knows whether an answer has begun, after which no other can."""

    __slots__ = ("_send", "started")

    def __init__(self, send: Send) -> None:
        self._send = send
        self.started = False

    async def __call__(self, message: Message) -> None:
        self.started = True
        await self._send(message)
