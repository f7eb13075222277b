"""``POST /register`` (RFC 7591 section 3)."""

from __future__ import annotations

import msgspec

from actas.core.errors import InvalidRequest, InvalidToken, OAuthError
from actas.core.errors_of_registering import InvalidClientMetadata
from actas.core.places import occupying
from actas.core.ports import JsonObject
from actas.signin.registering import MOST_BYTES, ClientRegistration
from actas.web.admission import Admission
from actas.web.asgi import JSON, NO_STORE, Receive, Scope, Send, respond
from actas.web.body import caller_of, read_body
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
        InvalidClientMetadata: it is not as ``read_body`` has it.
    """
    try:
        return await read_body(scope, receive, called="application/json", most=MOST_BYTES)
    except InvalidRequest as wrong:
        raise InvalidClientMetadata(detail=wrong.detail) from None
