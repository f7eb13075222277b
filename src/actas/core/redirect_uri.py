"""Which addresses an app may register to be called back at, whoever registers it.

https; http on the app's own computer, where any port will do (RFC 8252 section 7.3); or a scheme of the app's
own, which is a domain of its maker written backwards (section 7.1). They are compared character for character
(RFC 9700 section 2.1), which ``signin.redirects`` does.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from actas.core.url import Url, read_url

LONGEST: Final = 2048

_OWN: Final = re.compile(r"[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:/[\x21\x24-\x7e]*")


def require_redirect_uri(text: str) -> None:
    """Return when an app may register ``text``.

    Raises:
        ValueError: it may not. The message says why.
    """
    if len(text) > LONGEST or "#" in text:
        raise ValueError("must be at most 2048 characters long, and have no fragment (#…)")
    if _OWN.fullmatch(text) is not None:
        if not _can_be_split(text):
            raise ValueError("has a host or a port that there cannot be")
        return
    if "://" not in text or text.partition("://")[0] not in ("http", "https"):
        raise ValueError(
            "must be https, http on the app's own computer (http://127.0.0.1/…), or a scheme of the "
            "app's own with a dot in it (com.example.app:/…)"
        )
    url = read_url(text)
    if url.scheme == "http" and not is_loopback(url):
        raise ValueError(
            "must be https: what comes to an http address can be read on the way (RFC 9700 section 2.6)"
        )


def is_loopback(url: Url) -> bool:
    """Whether an address is on this computer."""
    return url.host == "localhost" if url.literal is None else url.literal.is_loopback


def _can_be_split(text: str) -> bool:
    """Whether readers of addresses agree where its host ends, and that its port is one."""
    try:
        _ = urlsplit(text).port
    except ValueError:
        return False
    return True
