"""Whether two addresses are one, by their syntax and their scheme (RFC 3986 section 6.2)."""

from __future__ import annotations

import re
from typing import Final

MAX_URI: Final = 2048

_HTTP: Final = re.compile(
    r"(?P<scheme>[Hh][Tt][Tt][Pp][Ss]?)://(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.\-_~%]+)(?::(?P<port>[0-9]*))?"
    r"(?P<path>(?:/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*)?)"
)
_HEAD: Final = re.compile(r"https?://[a-z0-9.\-]+(?=[:/?#]|\Z)", re.ASCII | re.IGNORECASE)
_ESCAPE: Final = re.compile(r"%[0-9A-Fa-f]{2}")
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_IMPLIED: Final = {"https": "443", "http": "80"}


def with_lower_host(text: str) -> str:
    """Return an address with its scheme and host in lower case: one in any letters (RFC 3986 6.2.2.1).

    Nothing else is changed: a slash more, a port or a path in other letters is another API (MCP 2026-07-28).
    """
    found = _HEAD.match(text)
    return text if found is None else found[0].lower() + text[found.end() :]


def normal_uri(text: str) -> str | None:
    """Return an http address in its normal form, without query and fragment (RFC 9449 section 4.3).

    Scheme and host in lower case, no implied port, escapes in upper case and only where they are needed, no
    dot segments, a path that is never empty (RFC 3986 sections 6.2.2 and 6.2.3). None when it is no such
    address: user names in front of a host are refused with it.
    """
    if len(text) > MAX_URI:
        return None
    found = _HTTP.fullmatch(re.split(r"[?#]", text, maxsplit=1)[0])
    if found is None:
        return None
    scheme, host = found["scheme"].lower(), found["host"].lower()
    port = (found["port"] or "").lstrip("0") or None
    authority = host if port in (None, _IMPLIED[scheme]) else f"{host}:{port}"
    return f"{scheme}://{authority}{_path(_ESCAPE.sub(_needed, found['path']))}"


def _needed(escape: re.Match[str]) -> str:
    char = chr(int(escape.group()[1:], 16))
    return char if char in _UNRESERVED else escape.group().upper()


def _path(path: str) -> str:
    """Remove dot segments (RFC 3986 section 5.2.4)."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments and segments[-1] in (".", ".."):
        kept.append("")
    return "/" + "/".join(kept)
