"""Overload is shed, not queued: a bound on requests at work in one process (REL-11)."""

from __future__ import annotations

from actas.core.errors import TemporarilyUnavailable
from actas.web.asgi import Receive, Scope, Send
from actas.web.errors import ErrorWriter
from actas.web.gate import Endpoint


class Admission:
    """Lets at most so many requests in at once.

    Args:
        inner: who answers those that are let in.
        most: how many.
    """

    def __init__(self, inner: Endpoint, *, most: int, errors: ErrorWriter) -> None:
        self._inner = inner
        self._most = most
        self._errors = errors
        self._inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._inside >= self._most:
            await self._errors.write(
                send, TemporarilyUnavailable("overloaded", detail="in_flight is reached")
            )
            return
        self._inside += 1
        try:
            await self._inner(scope, receive, send)
        finally:
            self._inside -= 1
