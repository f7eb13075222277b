"""An OAuthError made into a response, in one place (RFC 6749 section 5.2).

The description is the fixed sentence of the reason. With ``--dev`` it is the detail, cut to the
characters the standard allows, so that a developer need not look into the log.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from actas.core.errors import InvalidClient, OAuthError
from actas.core.ports import JsonObject
from actas.web.asgi import JSON, NO_STORE, Headers, Send, respond


class ErrorWriter:
    """Writes errors.

    Args:
        docs: the address of the page that explains the reasons; a reason is its fragment.
        issuer: named as the realm of a challenge.
        dev: tell the caller the whole story.
    """

    def __init__(self, *, docs: str, issuer: str, dev: bool) -> None:
        self._docs = docs
        self._realm = issuer
        self._dev = dev

    def body(self, error: OAuthError) -> JsonObject:
        """Return the members of the JSON answer."""
        text = error.detail if self._dev and error.detail else error.sentence
        return {
            "error": error.code,
            "error_description": _plain(text),
            "error_uri": f"{self._docs}#{error.reason}",
            **error.members,
        }

    def encoded(self, error: OAuthError) -> bytes:
        """Return the body of the answer."""
        return msgspec.json.encode(self.body(error))

    def headers(self, error: OAuthError) -> Headers:
        """Return the headers of the answer."""
        headers: Headers = [JSON, *NO_STORE]
        if error.entry is not None:
            headers.append((b"actas-entry", error.entry.encode("ascii")))
        if error.retry_after is not None:
            headers.append((b"retry-after", str(error.retry_after).encode("ascii")))
        if isinstance(error, InvalidClient):
            # RFC 9110 section 11.6.1: a 401 names a scheme, whichever way the client tried.
            headers.append(
                (b"www-authenticate", f'Basic realm="{self._realm}", charset="UTF-8"'.encode("ascii"))
            )
        return headers

    async def write(
        self,
        send: Send,
        error: OAuthError,
        *,
        extra: Iterable[tuple[bytes, bytes]] = (),
        status: int | None = None,
    ) -> None:
        """Send the error, with ``extra`` headers, and with ``status`` where the endpoint has its own."""
        headers = [*self.headers(error), *extra]
        await respond(send, status=status or error.status, headers=headers, body=self.encoded(error))


def _plain(text: str) -> str:
    """Return ``text`` in the characters that RFC 6749 section 5.2 allows."""
    kept = "".join(char if " " <= char <= "~" else "?" for char in text[:1000])
    return kept.replace('"', "'").replace("\\", "/")
