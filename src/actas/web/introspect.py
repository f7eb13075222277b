"""``POST /introspect`` (RFC 7662), as JSON or, when asked, as a signed JWT (RFC 9701)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Protocol

import msgspec

from actas.core.errors import InvalidRequest, OAuthError
from actas.core.ports import Clock, Json, JsonObject
from actas.core.secret import Secret
from actas.introspection import Introspection, Told
from actas.web.admission import Admission
from actas.web.asgi import JSON, NO_STORE, Receive, Scope, Send, header, respond
from actas.web.body import asked, caller_of
from actas.web.errors import ErrorWriter

INTROSPECTION_JWT: Final = "token-introspection+jwt"
"""``typ`` of a signed answer (RFC 9701 section 5). The keys are those of tokens, as that standard has it; by
this type nobody takes one for the other (SEC-16)."""

_MEDIA_TYPE: Final = f"application/{INTROSPECTION_JWT}".encode("ascii")
_NOT_ACCEPTED: Final = re.compile(rb"q=0(\.0{0,3})?")


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
        admission: bounds the requests at work.
    """

    def __init__(
        self,
        introspection: Introspection,
        *,
        issuer: str,
        sign: Signs,
        clock: Clock,
        errors: ErrorWriter,
        admission: Admission,
    ) -> None:
        self._introspection = introspection
        self._issuer = issuer
        self._sign = sign
        self._clock = clock
        self._errors = errors
        self._admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            told = await asked(self._introspection, scope, receive, admission=self._admission)
            media, answer = await self._written(told, scope)
        except OAuthError as refused:
            await self._errors.write(send, refused)
            return
        await respond(send, status=200, headers=[media, *NO_STORE], body=answer)

    async def _written(self, told: Told, scope: Scope) -> tuple[tuple[bytes, bytes], bytes]:
        """Return the content type and the body of an answer.

        Raises:
            OAuthError: it cannot be signed, which stands in the minutes.
        """
        if not _wants_jwt(scope):
            return JSON, msgspec.json.encode(told.body)
        try:
            token = await self._sign(self._claims(told), typ=INTROSPECTION_JWT)
        except ValueError as too_much:
            # A token that is nearly as long as tokens may be does not fit into another one.
            problem = InvalidRequest("malformed_request", detail=f"the signed answer: {too_much}")
            raise await self._introspection.turn_away(caller_of(scope), problem) from too_much
        except Exception as failed:
            raise await self._introspection.turn_away(caller_of(scope), failed) from failed
        return (b"content-type", _MEDIA_TYPE), token.reveal().encode("ascii")

    def _claims(self, told: Told) -> JsonObject:
        """Return the claims of a signed answer: no ``sub`` or ``exp``, so that it is no token (RFC 9701)."""
        return {
            "iss": self._issuer,
            "aud": told.client.name,
            "iat": int(self._clock.now()),
            "token_introspection": told.body,
        }


def _wants_jwt(scope: Scope) -> bool:
    """Whether the caller accepts a signed answer by name; ``*/*`` means the JSON of RFC 7662."""
    for one in b",".join(header(scope, b"accept")).lower().split(b","):
        name, *parameters = (part.strip() for part in one.split(b";"))
        if name == _MEDIA_TYPE:
            return not any(_NOT_ACCEPTED.fullmatch(part) for part in parameters)  # RFC 9110, 12.4.2
    return False
