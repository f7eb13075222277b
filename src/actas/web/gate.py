"""The public listener: protocol routes from raw ASGI, everything else a plain 404.

Nothing is served from the Host header or a forwarded one: addresses come from the configuration (SEC-84).
Who asks is settled here, once, for every endpoint: the peer, or whom a trusted proxy speaks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from actas.web.asgi import Application, Receive, Scope, Send, respond
from actas.web.proxies import Proxies
from actas.web.turnstile import Shed, Sheds

Endpoint = Application

BELOW: Final = "/api/v1/"
"""A path that ends so means everything below it."""


class Gate:
    """Finds the endpoint of a path.

    Args:
        endpoints: every path that is served, with who answers it. One instance may be given new endpoints
            when the configuration changes; requests in flight finish with the old ones.
        proxies: whose forwarded headers are believed; None for nobody's.

    Attributes:
        turnstile: who refuses requests for which there is no place; it changes with the endpoints.
    """

    def __init__(self, endpoints: Mapping[str, Endpoint], *, proxies: Proxies | None = None) -> None:
        self.endpoints = endpoints
        self.turnstile: Sheds | None = None
        self._proxies = proxies

    def sheds(self, scope: Scope) -> Shed | None:
        """Return how a request that begins is refused, or None."""
        return None if self.turnstile is None else self.turnstile(scope)

    def _below(self, path: str) -> Endpoint | None:
        """Return who answers everything below the path of the management API."""
        head, below, _ = path.partition(BELOW)
        return self.endpoints.get(f"{head}{below}") if below else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        endpoint = self.endpoints.get(scope["path"]) or self._below(scope["path"])
        if endpoint is None:
            await respond(send, status=404, headers=[(b"content-type", b"text/plain")], body=b"not found\n")
            return
        if self._proxies is not None:
            self._proxies.settle(scope)
        await endpoint(scope, receive, send)
