"""Where an app may be called back: exactly where it registered (RFC 9700 section 2.1, RFC 8252 7.3)."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from actas.core.client import Client

_LOOPBACK: Final = re.compile(
    r"(?P<host>http://(?:127\.0\.0\.1|\[::1\]|localhost))(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<rest>(?:/[\x21\x22\x24-\x7e]*)?)",
    re.ASCII,
)
"""The app's own computer: whatever port it found free (OP-90), and what follows the port."""

_LAST_PORT: Final = 65535


def may_go_to(uri: str, registered: Collection[str]) -> bool:
    """Return whether an app that registered these may be called back at ``uri``."""
    if uri in registered:
        return True
    found = _local(uri)
    return found is not None and any(_same_but_port(found, one) for one in registered)


def is_local(uri: str) -> bool:
    """Return whether ``uri`` is on the app's own computer, where nobody can check who answers (OP-91)."""
    return _local(uri) is not None


def _local(uri: str) -> re.Match[str] | None:
    """Return an address on the app's own computer, taken apart; None when it is another, or no address."""
    found = _LOOPBACK.fullmatch(uri)
    return None if found is None or int(found["port"] or 0) > _LAST_PORT else found


def _same_but_port(found: re.Match[str], registered: str) -> bool:
    other = _local(registered)
    return other is not None and found.group("host", "rest") == other.group("host", "rest")


def is_anybodys(client: Client, address: str) -> bool:
    """Whether any program on the person's computer can say that it is this app (RFC 8252 section 8.6).

    It proves nothing itself, and its address is no web site, which only its owner can answer at.
    """
    return client.auth.method == "none" and not address.startswith("https:")
