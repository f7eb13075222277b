"""What pages need beside themselves: style sheet, fonts, icon, script, under names that change with them.

A name holds a digest of the content, so a browser may keep it for ever.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from actas.web.asgi import Application, Headers, Receive, Scope, Send, respond

_FOLDER: Final = Path(__file__).parent / "static"
_TYPES: Final = {
    ".css": b"text/css; charset=utf-8",
    ".js": b"text/javascript; charset=utf-8",
    ".svg": b"image/svg+xml",
    ".woff2": b"font/woff2",
}
PASSKEY_SCRIPT: Final = "passkey.js"
_STYLE: Final = "actas.css"
_FONT: Final = re.compile(r"@font-face \{[^}]*\}\n")
BELOW: Final = "/static/"
"""What stands before their names."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One file.

    Attributes:
        name: under which it is served.
        content: of it.
        type: its media type.
    """

    name: str
    content: bytes
    type: bytes


@cache
def assets() -> dict[str, Asset]:
    """Return every file by the name it has in the package."""
    found = {
        path.name: _asset(path.name, path.read_bytes())
        for path in sorted(_FOLDER.iterdir())
        if path.suffix in _TYPES and path.name != _STYLE
    }
    # The style sheet names the fonts, so its own digest follows from theirs.
    style = (_FOLDER / _STYLE).read_bytes()
    for name, asset in found.items():
        style = style.replace(b'"%s"' % name.encode("ascii"), b'"%s"' % asset.name.encode("ascii"))
    return {**found, _STYLE: _asset(_STYLE, style)}


@cache
def style_alone() -> str:
    """Return the style sheet without its fonts, for a page that holds its own."""
    return _FONT.sub("", (_FOLDER / _STYLE).read_text(encoding="utf-8"))


def _asset(name: str, content: bytes) -> Asset:
    stem, dot, ending = name.rpartition(".")
    digest = hashlib.sha256(content).hexdigest()[:16]
    return Asset(f"{stem}.{digest}{dot}{ending}", content, _TYPES[f"{dot}{ending}"])


def address(name: str, *, prefix: str) -> str:
    """Return the path of a file."""
    return f"{prefix}{BELOW}{assets()[name].name}"


def endpoints(prefix: str) -> dict[str, Application]:
    """Return every path with who answers it.

    Args:
        prefix: what stands before every path of this server; empty for most.
    """
    return {f"{prefix}{BELOW}{one.name}": AssetEndpoint(one) for one in assets().values()}


class AssetEndpoint:
    """Serves one file."""

    def __init__(self, asset: Asset) -> None:
        self._body = asset.content
        self._headers: Headers = [
            (b"content-type", asset.type),
            (b"cache-control", b"public, max-age=31536000, immutable"),
            (b"cross-origin-resource-policy", b"same-origin"),
            (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; sandbox"),
        ]

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["method"] not in ("GET", "HEAD"):
            await respond(send, status=405, headers=[(b"allow", b"GET, HEAD")], body=b"")
            return
        await respond(
            send, status=200, headers=self._headers, body=self._body, head=scope["method"] == "HEAD"
        )
