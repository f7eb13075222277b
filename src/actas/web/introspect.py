"""``POST /introspect`` (RFC 7662), as JSON or, when asked, as a signed JWT (RFC 9701)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Protocol

import msgspec

from actas.core.errors import OAuthError
from actas.core.ports import Json, JsonObject
from actas.core.secret import Secret
from actas.introspection import Introspection, Told
from actas.web.admission import Admission
from actas.web.asgi import JSON, NO_STORE, Receive, Scope, Send, header, respond
from actas.web.body import caller_of, read_form
from actas.web.errors import ErrorWriter

INTROSPECTION_JWT: Final = "token-introspection+jwt"
"""``typ`` of a signed answer (RFC 9701 section 5). The keys are those of tokens, as that standard has it; by
this type nobody takes one for the other (SEC-16)."""

_MEDIA_TYPE: Final = f"application/{INTROSPECTION_JWT}".encode("ascii")


class Signs(Protocol):
    """Signs an answer."""

    async def __call__(self, claims: Mapping[str, Json], *, typ: str) -> Secret:
        """Return a compact JWS over ``claims``."""
        ...


class IntrospectionEndpoint:
    """Answers the introspection endpoint.

    Args:
        introspection: of the current configuration.
        issuer: our own issuer identifier.
        sign: signs answers that are wanted as a JWT.
        now: seconds since the epoch.
        admission: bounds the requests at work.
    """

    def __init__(
        self,
        introspection: Introspection,
        *,
        issuer: str,
        sign: Signs,
        now: Now,
        errors: ErrorWriter,
        admission: Admission,
    ) -> None:
        self._introspection = introspection
        self._issuer = issuer
        self._sign = sign
        self._now = now
        self._errors = errors
        self._admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        caller = caller_of(scope)
        try:
            try:
                body = await read_form(scope, receive)
            except OAuthError as refused:
                raise await self._introspection.turn_away(caller, refused) from None
            with self._admission:
                told = await self._introspection(body, caller)
        except OAuthError as refused:
            await self._errors.write(send, refused)
            return
        if _wants_jwt(scope):
            token = await self._sign(self._claims(told), typ=INTROSPECTION_JWT)
            media, answer = (b"content-type", _MEDIA_TYPE), token.reveal().encode("ascii")
        else:
            media, answer = JSON, msgspec.json.encode(told.body)
        await respond(send, status=200, headers=[media, *NO_STORE], body=answer)

    def _claims(self, told: Told) -> JsonObject:
        """Return the claims of a signed answer: no ``sub`` or ``exp``, so that it is no token (RFC 9701)."""
        return {
            "iss": self._issuer,
            "aud": told.client.name,
            "iat": int(self._now()),
            "token_introspection": told.body,
        }


class Now(Protocol):
    """The time."""

    def __call__(self) -> float:
        """Return seconds since the epoch."""
        ...


def _wants_jwt(scope: Scope) -> bool:
    """Whether the caller accepts a signed answer by name; ``*/*`` means the JSON of RFC 7662."""
    ranges = [one for value in header(scope, b"accept") for one in value.split(b",")]
    return any(one.partition(b";")[0].strip().lower() == _MEDIA_TYPE for one in ranges)
