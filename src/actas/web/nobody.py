"""Where apps send people, at a server where people sign in to no app: it says so, and leads nowhere.

RFC 8414 section 2 lets such a server name no ``authorization_endpoint``. Clients that only exchange and
redeem grants between domains read its metadata with a parser that wants one all the same (MCP's, Okta's),
so it is named where there are such grants; and what is named is there.
"""

from __future__ import annotations

from typing import Final

from actas.web.asgi import Headers, Receive, Scope, Send, respond

_HEADERS: Final[Headers] = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
_SENTENCE: Final = (
    b"People sign in to no app at this server. The app that sent you here is not set up for it.\n"
)


class NobodySignsIn:
    """Answers every authorization request with a sentence for the person, and tells no app anything."""

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        head = scope["method"] == "HEAD"
        await respond(send, status=400, headers=_HEADERS, body=_SENTENCE, head=head)
