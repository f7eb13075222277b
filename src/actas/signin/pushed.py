"""Authorization requests that apps push here before they send the browser (RFC 9126).

What was pushed is not kept: sealed, it is itself the ``request_uri``, good for a minute and for the client
that pushed it. Whoever knows the name of a public client can push in its name, as often as they like; if each
were a row of a table, they could fill it. Every node that has our keys opens what any other sealed, also
after a crash. Only parameters are sealed, and they are read again when the browser comes, by what is
registered then: there is one reading of authorization requests.

One is good for one code, and is used up when that is made and not when the browser comes. So a page that is
loaded again, and a browser that loads pages before anybody wants them, use nothing up (RFC 9126 section 4).
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from actas.core.errors import AccessDenied, BadToken, InvalidRequest, TooLarge
from actas.core.params import Params
from actas.core.ports import Chance, Clock, MarkStore
from actas.signin.flow import LIFE as PAGE_LIFE
from actas.signin.flow import Flow
from actas.signin.request import AuthorizationRequest

URN: Final = "urn:ietf:params:oauth:request_uri:"
"""How a ``request_uri`` of ours begins (RFC 9126 section 2.2)."""

LIFE: Final = 60
"""Seconds for which a pushed request waits for the browser."""

LARGEST: Final = 5 * 1024
"""Bytes of one: what is made from it fits the 8 kB that proxies usually read of an address."""


class Kept(msgspec.Struct, frozen=True):
    """A pushed request as it is sealed.

    Attributes:
        name: names it, where it is noted that it was answered.
        client: who pushed it.
        parameters: what was pushed.
    """

    name: str
    client: str
    parameters: dict[str, tuple[str, ...]]


class Pushed(NamedTuple):
    """A pushed request as the browser brings it.

    Attributes:
        name: as for ``Kept``.
        form: what was pushed.
    """

    name: str
    form: Params


class PushedRequests:
    """Makes a ``request_uri`` of what was pushed, and finds that again.

    Args:
        issuer: our own issuer identifier.
        flow: seals it, for as long as ``LIFE``.
        marks: remembers which was answered.
    """

    def __init__(
        self, *, issuer: str, flow: Flow[Kept], marks: MarkStore, chance: Chance, clock: Clock
    ) -> None:
        self._issuer = issuer
        self._flow = flow
        self._marks = marks
        self._chance = chance
        self._clock = clock

    def uri_for(self, client: str, parameters: dict[str, tuple[str, ...]]) -> str:
        """Return the ``request_uri`` that stands for what a client pushed.

        Raises:
            TooLarge: an address cannot hold it.
        """
        kept = Kept(self._chance.token(16), client, parameters)
        if len(msgspec.json.encode(kept)) > LARGEST:
            raise TooLarge("malformed_request", detail=f"the request has more than {LARGEST} bytes")
        return URN + self._flow.seal(kept)

    def find(self, form: Params) -> Pushed | None:
        """Return what the browser brings by reference; None when its ``request_uri`` is none of ours.

        What else the browser brings counts for nothing: it could have been changed (RFC 9101 section 6.3).

        Raises:
            InvalidRequest: it has ended, or was pushed by another client.
        """
        uri = form.get("request_uri")
        if uri is None or not uri.startswith(URN):
            return None
        try:
            kept = self._flow.open(uri.removeprefix(URN))
        except AccessDenied as refused:
            raise _gone(refused.detail) from refused
        if kept.client != form.get("client_id"):
            raise _gone(f"it was pushed by {kept.client}, and client_id names another")
        return Pushed(kept.name, Params(dict(kept.parameters)))

    async def use_up(self, request: AuthorizationRequest) -> None:
        """Note that a request is answered with a code. One that came with the browser is not counted.

        Raises:
            InvalidRequest: it was answered before, or its page was open for so long that nobody knows.
            StoreUnavailable: nobody knows.
        """
        if request.pushed is None:
            return
        until = request.began + PAGE_LIFE
        if until <= self._clock.now():
            raise _gone("its page was open for too long")
        try:
            first = await self._marks.claim(
                purpose="pushed_request",
                issuer=self._issuer,
                token_id=request.pushed,
                issued_at=request.began,
                expires_at=until + LIFE,
            )
        except BadToken as bad:
            raise _gone(bad.detail) from bad
        if not first:
            raise _gone("it was answered before")


def _gone(detail: str) -> InvalidRequest:
    return InvalidRequest("request_gone", detail=detail)
