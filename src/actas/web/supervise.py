"""``POST /impersonations``: people see who acts as whom, approve it or refuse to, and end it."""

from __future__ import annotations

import msgspec

from actas.core.errors import OAuthError
from actas.supervision import Supervision
from actas.web.admission import Admission
from actas.web.asgi import JSON, NO_STORE, Receive, Scope, Send, respond
from actas.web.body import asked
from actas.web.errors import ErrorWriter
from actas.web.token import GivesNonces, nonce_for


class SupervisionEndpoint:
    """Answers the endpoint of impersonations.

    Args:
        supervision: of the current configuration.
        nonces: given to whoever sends a proof, or should.
        admission: bounds the requests at work.
    """

    def __init__(
        self, supervision: Supervision, *, nonces: GivesNonces, errors: ErrorWriter, admission: Admission
    ) -> None:
        self._supervision = supervision
        self._nonces = nonces
        self._errors = errors
        self._admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            told = await asked(self._supervision, scope, receive, admission=self._admission)
        except OAuthError as refused:
            await self._errors.write(send, refused, extra=nonce_for(scope, self._nonces, refused))
            return
        headers = [JSON, *NO_STORE, *nonce_for(scope, self._nonces)]
        await respond(send, status=200, headers=headers, body=msgspec.json.encode(told))
