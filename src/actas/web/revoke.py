"""``POST /revoke`` (RFC 7009)."""

from __future__ import annotations

from actas.core.errors import OAuthError
from actas.revocation import Revocation
from actas.web.admission import Admission
from actas.web.asgi import NO_STORE, Receive, Scope, Send, respond
from actas.web.body import asked
from actas.web.errors import ErrorWriter


class RevocationEndpoint:
    """Answers the revocation endpoint: 200 and nothing more, whatever became of the token (RFC 7009 section
    2.2).

    Args:
        revocation: of the current configuration.
        admission: bounds the requests at work.
    """

    def __init__(self, revocation: Revocation, *, errors: ErrorWriter, admission: Admission) -> None:
        self._revocation = revocation
        self._errors = errors
        self._admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            ended = await asked(self._revocation, scope, receive, admission=self._admission)
        except OAuthError as refused:
            await self._errors.write(send, refused)
            return
        headers = [*NO_STORE]
        if ended.entry is not None:
            headers.append((b"actas-entry", ended.entry.encode("ascii")))
        await respond(send, status=200, headers=headers, body=b"")
