"""``POST /impersonations``: people see who acts as whom, approve it or refuse to, and end it."""

from __future__ import annotations

import msgspec

from actas.core.errors import OAuthError
from actas.supervision import Supervision
from actas.web.admission import Admission
from actas.web.asgi import JSON, NO_STORE, Receive, Scope, Send, respond
from actas.web.body import asked
from actas.web.errors import ErrorWriter


class SupervisionEndpoint:
    """Answers the endpoint of impersonations.

    Args:
        supervision: of the current configuration.
        admission: bounds the requests at work.
    """

    def __init__(self, supervision: Supervision, *, errors: ErrorWriter, admission: Admission) -> None:
        self._supervision = supervision
        self._errors = errors
        self._admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            told = await asked(self._supervision, scope, receive, admission=self._admission)
        except OAuthError as refused:
            await self._errors.write(send, refused)
            return
        await respond(send, status=200, headers=[JSON, *NO_STORE], body=msgspec.json.encode(told))
