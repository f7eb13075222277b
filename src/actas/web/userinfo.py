"""``GET`` and ``POST /userinfo`` (OpenID Connect Core section 5.3).

The access token is taken from the ``Authorization`` header only: one in a form or in the query would be a
second way in, and the query is written to logs (RFC 6750 section 2). Pages of other origins are not told: an
app asks from its own server.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from actas.core.errors import InvalidRequest, OAuthError
from actas.core.party import Caller
from actas.core.places import occupying
from actas.core.ports import JsonObject
from actas.web.admission import Admission
from actas.web.asgi import FORWARDING, JSON, NO_STORE, Receive, Scope, Send, respond
from actas.web.body import caller_of
from actas.web.challenges import challenge
from actas.web.errors import ErrorWriter
from actas.web.token import GivesNonces


class Tells(Protocol):
    """Says what an app may hear of a person."""

    async def __call__(self, caller: Caller, *, method: str, url: str) -> JsonObject:
        """Return the claims."""
        ...

    async def turn_away(self, caller: Caller, error: Exception) -> OAuthError:
        """Record a request that cannot be answered, and return what to tell the caller."""
        ...


class UserInfoEndpoint:
    """Answers the UserInfo endpoint.

    Args:
        userinfo: of the current configuration.
        url: its public address, from the configuration.
        realm: named in challenges: our own issuer identifier.
        nonces: makes nonces for proofs.
        admission: bounds the requests at work.
    """

    def __init__(
        self,
        userinfo: Tells,
        *,
        url: str,
        realm: str,
        nonces: GivesNonces,
        errors: ErrorWriter,
        admission: Admission,
    ) -> None:
        self._userinfo = userinfo
        self._url = url
        self._realm = realm
        self._nonces = nonces
        self._errors = errors
        self._admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "POST"):
            await respond(send, status=405, headers=[(b"allow", b"GET, POST")], body=b"")
            return
        caller = caller_of(scope)
        try:
            told = await self._told(caller, scope, receive)
        except OAuthError as refused:
            status, headers = challenge(refused, caller, realm=self._realm, nonces=self._nonces)
            answer = [*self._errors.headers(refused), *headers]
            await respond(send, status=status, headers=answer, body=self._errors.encoded(refused))
            return
        await respond(send, status=200, headers=[JSON, *NO_STORE], body=msgspec.json.encode(told))

    async def _told(self, caller: Caller, scope: Scope, receive: Receive) -> JsonObject:
        try:
            await _require_plain(scope, receive)
        except OAuthError as refused:
            raise await self._userinfo.turn_away(caller, refused) from None
        with self._admission, occupying(self._admission):
            return await self._userinfo(caller, method=scope["method"], url=self._url)


async def _require_plain(scope: Scope, receive: Receive) -> None:
    """Return when a request has nothing but headers.

    Raises:
        InvalidRequest: it has a query or a body, two Authorization headers, or a trusted proxy contradicts
            itself (TX-108).
    """
    if scope.get(FORWARDING) is not None:
        raise InvalidRequest("malformed_request", detail=scope[FORWARDING])
    if [name for name, _ in scope["headers"]].count(b"authorization") > 1:
        raise InvalidRequest("malformed_request", detail="two Authorization headers")
    header_only = "the access token is taken from the Authorization header only; this address takes no {}"
    if scope["query_string"]:
        raise InvalidRequest("malformed_request", detail=header_only.format("query"))
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise InvalidRequest("malformed_request", detail="the caller went away")
        if message.get("body"):
            raise InvalidRequest("malformed_request", detail=header_only.format("body"))
        if not message.get("more_body"):
            return
