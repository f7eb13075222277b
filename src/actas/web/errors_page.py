"""The page that ``error_uri`` points to: every reason, what it means, what causes it, how to mend it.

Made once, from the same table that the errors themselves come from; it says nothing about a request. It holds
its own style and fetches nothing, so that it can be kept and printed.
"""

from __future__ import annotations

import base64
import hashlib

from actas.core.reasons import REASONS
from actas.web.asgi import Headers, Receive, Scope, Send, respond
from actas.web.pages.answers import ReasonsView
from actas.web.pages.assets import style_alone
from actas.web.pages.rendering import Pages


class ErrorsPage:
    """Serves the page."""

    def __init__(self) -> None:
        view = ReasonsView(reasons=tuple(REASONS.items()))
        self._body = Pages(prefix="", installation="Actas").render(view).body
        digest = base64.b64encode(hashlib.sha256(style_alone().encode("utf-8")).digest())
        self._headers: Headers = [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"cache-control", b"public, max-age=3600"),
            (
                b"content-security-policy",
                b"default-src 'none'; style-src 'sha256-%s'; frame-ancestors 'none'" % digest,
            ),
            (b"referrer-policy", b"no-referrer"),
        ]

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            await respond(send, status=405, headers=[(b"allow", b"GET, HEAD")], body=b"")
            return
        head = scope["method"] == "HEAD"
        await respond(send, status=200, headers=self._headers, body=self._body, head=head)
