"""The headers of every page: what a browser may do with it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import urlsplit

from actas.web.asgi import Headers

_HOST: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")
_SCHEME: Final = re.compile(r"[a-z][a-z0-9+.-]*")
_NEVER: Final = frozenset({"javascript", "data", "blob", "filesystem", "vbscript", "about"})

_FIXED: Final[Headers] = [
    (b"content-type", b"text/html; charset=utf-8"),
    (b"cache-control", b"no-store"),
    # Not "no-referrer": under it browsers send "Origin: null" with a form, and a form without its origin is
    # refused (SEC-78). This one, too, tells no other host where somebody came from.
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    (b"x-frame-options", b"DENY"),
]


def headers(targets: Iterable[str] = (), *, script: bool = False) -> Headers:
    """Return the headers of a page.

    Args:
        targets: the addresses outside of this server to which its forms may lead. Browsers hold every
            redirect that answers a form against this list, not only the first address.
        script: whether it runs a file of ours. What stands in the page itself runs nowhere.
    """
    return [*_FIXED, (b"content-security-policy", _content(targets, script=script).encode("ascii"))]


def _content(targets: Iterable[str], *, script: bool) -> str:
    forms = " ".join(["'self'", *dict.fromkeys(source(one) for one in targets)])
    runs = "script-src 'self'; " if script else ""
    return (
        f"default-src 'none'; {runs}style-src 'self'; font-src 'self'; img-src 'self' data:; "
        f"form-action {forms}; frame-ancestors 'none'; base-uri 'none'"
    )


def source(address: str) -> str:
    """Return the source expression of an address (CSP level 3 section 2.3.1).

    A host that the grammar has no words for, such as an IPv6 address, is covered by its scheme.

    Raises:
        ValueError: it is no address to which anybody is sent.
    """
    parts = urlsplit(address)
    if not _SCHEME.fullmatch(parts.scheme) or parts.scheme in _NEVER:
        raise ValueError("not an address that a form may lead to")
    host, port = parts.hostname, parts.port
    if parts.scheme not in {"http", "https"} or host is None or not _HOST.fullmatch(host):
        return f"{parts.scheme}:"
    return f"{parts.scheme}://{host}" + (f":{port}" if port is not None else "")
