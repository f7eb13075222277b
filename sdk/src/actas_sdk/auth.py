"""An auth object that exchanges and renews by itself.

It is an ``httpx2.Auth``, and also an ``httpx.Auth`` where that package is installed, because
frameworks are split between the two and each checks with ``isinstance``.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from typing import TYPE_CHECKING, NoReturn

import httpx2

from actas_sdk.requests import Wanted
from actas_sdk.token import Token

__all__ = ["ActingFor", "BlockingActingFor"]

if TYPE_CHECKING:

    class _AlsoAuth:
        """Stands for ``httpx.Auth``, which need not be installed."""

else:
    try:
        from httpx import Auth as _AlsoAuth
    except ImportError:
        _AlsoAuth = object
    if _AlsoAuth is httpx2.Auth:  # the application made `import httpx` mean httpx2
        _AlsoAuth = object

_UNAUTHORIZED = 401


class _Auth(httpx2.Auth, _AlsoAuth):
    """What both have: the token wanted, and forgetting one that an API turned down."""

    def __init__(self, wanted: Wanted, *, forget: Callable[[Wanted], None]) -> None:
        self._wanted = wanted
        self._forget = forget

    def __repr__(self) -> str:
        return f"{type(self).__name__}(to={self._wanted.to!r}, scopes={sorted(self._wanted.scopes)!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an auth object holds a token and is not pickled")

    def _present(self, token: Token, request: httpx2.Request) -> httpx2.Request:
        request.headers.update(token.headers(request.method, str(request.url)))
        return request

    def _again(self, token: Token, request: httpx2.Request, response: httpx2.Response) -> bool:
        """Take note of an answer; say whether to send the request once more, with the nonce of the answer.

        Otherwise it is not sent again: its body may be gone, and the next one asks afresh.
        """
        nonce = response.headers.get("dpop-nonce")
        token.learn(str(request.url), nonce)
        if response.status_code != _UNAUTHORIZED:
            return False
        wanted = nonce is not None and "use_dpop_nonce" in response.headers.get("www-authenticate", "")
        # Also when the nonce is known by now: another request may have learnt it since this proof was made.
        if token.scheme == "DPoP" and wanted and _is_whole(request):
            return True
        self._forget(self._wanted)
        return False


def _is_whole(request: httpx2.Request) -> bool:
    """Say whether the body is in memory, so that it can be sent again. Both libraries tell by an error."""
    try:
        _ = request.content
    except RuntimeError:
        return False
    return True


class ActingFor(_Auth):
    """Acts for one person at one API, in an async client. Made by `Actas.acting_for`."""

    def __init__(
        self,
        wanted: Wanted,
        *,
        obtain: Callable[[Wanted], Awaitable[Token]],
        forget: Callable[[Wanted], None],
    ) -> None:
        super().__init__(wanted, forget=forget)
        self._obtain = obtain

    async def async_auth_flow(
        self, request: httpx2.Request
    ) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        """Present a token that is good now; raises what `Actas.exchange` raises."""
        token = await self._obtain(self._wanted)
        response = yield self._present(token, request)
        if self._again(token, request, response):
            response = yield self._present(token, request)
            self._again(token, request, response)

    def sync_auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Refuse: a blocking client needs the blocking `actas_sdk.sync.Actas`."""
        del request
        raise TypeError("this auth object is for an async client; for a blocking one use actas_sdk.sync")


class BlockingActingFor(_Auth):
    """Acts for one person at one API, in a blocking client. Made by `actas_sdk.sync.Actas.acting_for`."""

    def __init__(
        self, wanted: Wanted, *, obtain: Callable[[Wanted], Token], forget: Callable[[Wanted], None]
    ) -> None:
        super().__init__(wanted, forget=forget)
        self._obtain = obtain

    def sync_auth_flow(self, request: httpx2.Request) -> Generator[httpx2.Request, httpx2.Response, None]:
        """Present a token that is good now; raises what `Actas.exchange` raises."""
        token = self._obtain(self._wanted)
        response = yield self._present(token, request)
        if self._again(token, request, response):
            response = yield self._present(token, request)
            self._again(token, request, response)

    def async_auth_flow(self, request: httpx2.Request) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        """Refuse: an async client needs the async `actas_sdk.Actas`."""
        del request
        raise TypeError("this auth object is for a blocking client; for an async one use actas_sdk.Actas")
