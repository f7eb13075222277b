"""Cursors of pages: they say where to go on, and are worth nothing once somebody touched them (SEC-96)."""

from __future__ import annotations

import hmac
from typing import Final

from actas.crypto import base64url
from actas.crypto.keyed import keyed_digest

_MAC: Final = 16


def cursor(after: str, *, of: str, key: bytes) -> str:
    """Return the cursor of the page behind ``after``.

    Args:
        after: the last name of the page before.
        of: which list, with its filters; a cursor of another is refused.
        key: authenticates it.
    """
    text = after.encode()
    return base64url.encode(_mac(text, of, key) + text).decode()


def behind(text: str, *, of: str, key: bytes) -> str:
    """Return the name behind which to go on.

    Raises:
        ValueError: it is no cursor of ours for this list.
    """
    data = base64url.decode(text.encode())
    after = data[_MAC:].decode()
    if not hmac.compare_digest(data[:_MAC], _mac(data[_MAC:], of, key)):
        raise ValueError("the cursor is of another list")
    return after


def _mac(after: bytes, of: str, key: bytes) -> bytes:
    return keyed_digest(of.encode() + b"\x00" + after, key=key)[:_MAC]
