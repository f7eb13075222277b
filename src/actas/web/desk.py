"""An endpoint that takes a form, has a desk answer it, and says what it answers as JSON."""

from __future__ import annotations

from typing import ClassVar

import msgspec

from actas.core.errors import OAuthError
from actas.core.ports import JsonObject
from actas.web.admission import Admission
from actas.web.asgi import JSON, NO_STORE, Headers, Receive, Scope, Send, respond
from actas.web.body import Desk, asked
from actas.web.errors import ErrorWriter
from actas.web.token import GivesNonces, nonce_for


class DeskEndpoint:
    """Answers forms.

    Args:
        desk: answers one, under the current configuration.
        nonces: given to whoever sends a proof, or should; None where no proof is looked at.
        admission: bounds the requests at work.
    """

    granted: ClassVar[int] = 200
    """The status of an answer."""

    def __init__(
        self,
        desk: Desk[JsonObject],
        *,
        errors: ErrorWriter,
        admission: Admission,
        nonces: GivesNonces | None = None,
    ) -> None:
        self._desk = desk
        self._errors = errors
        self._admission = admission
        self._nonces = nonces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            told = await asked(self._desk, scope, receive, admission=self._admission)
        except OAuthError as refused:
            extra = self._nonce(scope, refused)
            await self._errors.write(send, refused, extra=extra, status=self._refused(refused))
            return
        headers = [JSON, *NO_STORE, *self._nonce(scope)]
        await respond(send, status=self.granted, headers=headers, body=msgspec.json.encode(told))

    def _refused(self, refused: OAuthError) -> int:
        """Return the status of a refusal."""
        return refused.status

    def _nonce(self, scope: Scope, refused: OAuthError | None = None) -> Headers:
        return [] if self._nonces is None else nonce_for(scope, self._nonces, refused)
