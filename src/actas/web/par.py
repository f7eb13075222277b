"""``POST /par``: pushed authorization requests (RFC 9126)."""

from __future__ import annotations

from typing import Final

from actas.core.errors import InvalidRequest, OAuthError, TooLarge
from actas.web.asgi import Receive, Scope, Send
from actas.web.desk import DeskEndpoint

PAR: Final = "/par"


class PushedRequestEndpoint(DeskEndpoint):
    """Answers what apps push, with the statuses of RFC 9126 section 2.3."""

    granted = 201

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            refusal = InvalidRequest("malformed_request", detail="this address takes POST only")
            await self._errors.write(send, refusal, extra=[(b"allow", b"POST")], status=405)
            return
        await super().__call__(scope, receive, send)

    def _refused(self, refused: OAuthError) -> int:
        return 413 if isinstance(refused, TooLarge) else refused.status
