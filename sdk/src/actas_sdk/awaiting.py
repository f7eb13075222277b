"""What the async clients have in common: how they wait, and how they close."""

from __future__ import annotations

import ssl
from types import TracebackType
from typing import Self, TypeVar

import httpx2

from actas_sdk.async_wire import AsyncWire
from actas_sdk.wired import Wired

__all__ = ["Awaiting"]

Core = TypeVar("Core")


class Awaiting(Wired[httpx2.AsyncClient, AsyncWire, Core]):
    """Sends by awaiting, and closes what it opened."""

    async def aclose(self) -> None:
        """Stop what is in flight and close what was opened. It may be used again afterwards."""
        await self._wire.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _open(
        self, http: httpx2.AsyncClient | None, *, trust_env: bool, tls: ssl.SSLContext | None = None
    ) -> AsyncWire:
        return AsyncWire(http, trust_env=trust_env, tls=tls)

    def _over(self, transport: httpx2.MockTransport) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=transport)
