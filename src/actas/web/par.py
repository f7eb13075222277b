"""``POST /par``: pushed authorization requests (RFC 9126)."""

from __future__ import annotations

from typing import Final

import msgspec

from actas.core.errors import InvalidRequest, OAuthError, TooLarge
from actas.core.ports import JsonObject
from actas.web.admission import Admission
from actas.web.asgi import JSON, NO_STORE, Receive, Scope, Send, respond
from actas.web.body import Desk, asked
from actas.web.errors import ErrorWriter
from actas.web.token import GivesNonces, nonce_for

PAR: Final = "/par"


class PushedRequestEndpoint:
    """Answers what apps push.

    Args:
        pushing: of the current configuration.
        nonces: given to whoever sends a proof, or should.
        admission: bounds the requests at work.
    """

    def __init__(
        self, pushing: Desk[JsonObject], *, nonces: GivesNonces, errors: ErrorWriter, admission: Admission
    ) -> None:
        self._pushing = pushing
        self._nonces = nonces
        self._errors = errors
        self._admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            refusal = InvalidRequest("malformed_request", detail="this address takes POST only")
            await self._errors.write(send, refusal, extra=[(b"allow", b"POST")], status=405)
            return
        try:
            told = await asked(self._pushing, scope, receive, admission=self._admission)
        except OAuthError as refused:
            status = 413 if isinstance(refused, TooLarge) else refused.status  # RFC 9126 section 2.3
            await self._errors.write(
                send, refused, extra=nonce_for(scope, self._nonces, refused), status=status
            )
            return
        headers = [JSON, *NO_STORE, *nonce_for(scope, self._nonces)]
        await respond(send, status=201, headers=headers, body=msgspec.json.encode(told))
