"""The page that ``error_uri`` points to: every reason, what it means, what causes it, how to mend it.

Made once, from the same table that the errors themselves come from; it says nothing about a request.
"""

from __future__ import annotations

from html import escape

from actas.core.reasons import REASONS
from actas.web.asgi import Headers, Receive, Scope, Send, respond

_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.5rem; font-size: 1.15rem; }
code { font-family: ui-monospace, monospace; font-size: .95em; }
:target { border-left: .25rem solid currentColor; padding-left: .75rem; }
"""

_HEADERS: Headers = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"cache-control", b"public, max-age=3600"),
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
]


def page() -> str:
    """Return the whole page as HTML."""
    sections = "\n".join(
        f'<section id="{reason}"><h2><code>{reason}</code></h2>'
        f"<p><strong>{escape(text.sentence)}</strong></p>"
        f"<p>{_inline(text.meaning)}</p>"
        f"<p>Usually: {_inline(text.causes)}</p>"
        f"<p>{_inline(text.remedy)}</p></section>"
        for reason, text in REASONS.items()
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Why a request was refused · Actas</title><style>{_STYLE}</style></head><body><main>"
        "<h1>Why a request was refused</h1>"
        "<p>An answer names one of these reasons at the end of its <code>error_uri</code>. The "
        "<code>Actas-Entry</code> header of the answer names its entry in the audit log, which has the whole "
        "story: give it to whoever runs this server.</p>"
        f"{sections}</main></body></html>"
    )


class ErrorsPage:
    """Serves the page."""

    def __init__(self) -> None:
        self._body = page().encode("utf-8")

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            await respond(send, status=405, headers=[(b"allow", b"GET, HEAD")], body=b"")
            return
        await respond(send, status=200, headers=_HEADERS, body=self._body, head=scope["method"] == "HEAD")


def _inline(text: str) -> str:
    """Escape ``text``; what stands between backticks becomes code."""
    pieces = escape(text).split("`")
    return "".join(f"<code>{piece}</code>" if odd % 2 else piece for odd, piece in enumerate(pieces))
