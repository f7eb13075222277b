"""What every client is: a core that decides, and a wire that asks for it."""

from __future__ import annotations

import ssl
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar

import httpx2

from actas_sdk.credentials import Credentials, MutualTls
from actas_sdk.flow import Flow

__all__ = ["Http", "Wire", "Wired", "tls_of"]


class Beside(Protocol):
    """A wire that can run a flow beside what is asked of it."""

    def keep_running(self, flow: Callable[[], Flow[None]]) -> None:
        """Run a flow until the wire is closed, unless that is so already."""

    def stop(self) -> None:
        """Let it end, without waiting for it: nobody uses the wire any more."""


Http = TypeVar("Http")
Wire = TypeVar("Wire", bound=Beside)
Core = TypeVar("Core")


class Wired(ABC, Generic[Http, Wire, Core]):
    """A core that decides and a wire that asks, which is all that `rewired` needs to know of it."""

    _wire: Wire
    _core: Core

    @abstractmethod
    def _open(self, http: Http | None, *, trust_env: bool, tls: ssl.SSLContext | None = None) -> Wire:
        """Return the way out: through ``http``, or through a client that is opened when needed.

        Args:
            tls: how such a client speaks TLS; None as usual.
        """

    @abstractmethod
    def _over(self, transport: httpx2.MockTransport) -> Http:
        """Return a client that sends everything to ``transport``."""

    @abstractmethod
    def _anew(self, *, eager: bool = False) -> Core:
        """Return a core that remembers nothing.

        Args:
            eager: whether it asks for what may have changed each time, rather than every second.
        """

    @contextmanager
    def rewired(self, transport: httpx2.MockTransport) -> Generator[None]:
        """Ask through ``transport`` with nothing remembered, until the block ends. For tests."""
        kept = self._wire, self._core
        self._wire = self._open(self._over(transport), trust_env=False)
        self._core = self._anew(eager=True)
        try:
            yield
        finally:
            self._wire, self._core = kept


def tls_of(credentials: Credentials | None) -> ssl.SSLContext | None:
    """Return how a client of ours speaks TLS, when that proves who it is; None as usual."""
    return credentials.context() if isinstance(credentials, MutualTls) else None
