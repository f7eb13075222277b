"""``POST /register`` (RFC 7591 section 3)."""

from __future__ import annotations

import msgspec

from actas.core.errors import InvalidToken, OAuthError
from actas.core.errors_of_registering import InvalidClientMetadata
from actas.core.places import occupying
from actas.core.ports import JsonObject
from actas.signin.registering import MOST_BYTES, ClientRegistration
from actas.web.admission import Admission
from actas.web.asgi import FORWARDING, JSON, NO_STORE, Receive, Scope, Send, header, respond
from actas.web.body import caller_of
from actas.web.errors import ErrorWriter


class RegistrationEndpoint:
    """Answers the registration endpoint.

    Args:
        registration: of the current configuration.
        realm: named in challenges: our own issuer identifier.
        admission: bounds the requests at work.
    """

    def __init__(
        self, registration: ClientRegistration, *, realm: str, errors: ErrorWriter, admission: Admission
    ) -> None:
        self._registration = registration
        self._realm = realm
        self._errors = errors
        self._admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            await respond(send, status=405, headers=[(b"allow", b"POST")], body=b"")
            return
        try:
            told = await self._told(scope, receive)
        except OAuthError as refused:
            extra: list[tuple[bytes, bytes]] = []
            if isinstance(refused, InvalidToken):
                extra.append((b"www-authenticate", f'Bearer realm="{self._realm}"'.encode("ascii")))
            await self._errors.write(send, refused, extra=extra)
            return
        await respond(send, status=201, headers=[JSON, *NO_STORE], body=msgspec.json.encode(told))

    async def _told(self, scope: Scope, receive: Receive) -> JsonObject:
        caller = caller_of(scope)
        try:
            body = await _read(scope, receive)
        except OAuthError as refused:
            raise await self._registration.turn_away(caller, refused) from None
        with self._admission, occupying(self._admission):
            return await self._registration(body, caller)


async def _read(scope: Scope, receive: Receive) -> bytes:
    """Return the JSON body of a request.

    Raises:
        InvalidClientMetadata: it has a query, another content type or two Authorization headers, is
            compressed or too long, or a trusted proxy contradicts itself (TX-108).
    """
    names = [name for name, _ in scope["headers"]]
    if scope.get(FORWARDING) is not None:
        raise InvalidClientMetadata(detail=scope[FORWARDING])
    if scope["query_string"] or names.count(b"authorization") > 1 or b"content-encoding" in names:
        raise InvalidClientMetadata(detail="a query, two Authorization headers, or a compressed body")
    kinds = header(scope, b"content-type") if names.count(b"content-type") == 1 else []
    if not kinds or kinds[0].partition(b";")[0].strip().lower() != b"application/json":
        raise InvalidClientMetadata(detail="the body is not application/json")
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise InvalidClientMetadata(detail="the caller went away")
        body += message.get("body", b"")
        if len(body) > MOST_BYTES:
            raise InvalidClientMetadata(detail=f"the body is longer than {MOST_BYTES // 1024} KiB")
        if not message.get("more_body"):
            return bytes(body)
