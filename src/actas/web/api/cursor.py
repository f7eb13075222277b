"""The cursors of lists of the management API (SEC-96)."""

from __future__ import annotations

from actas.crypto import cursors
from actas.crypto.cursors import cursor
from actas.web.api.call import malformed

__all__ = ["behind", "cursor"]


def behind(text: str, *, of: str, key: bytes) -> str:
    """Return the name behind which to go on.

    Raises:
        InvalidRequest: it is no cursor of ours for this list.
    """
    try:
        return cursors.behind(text, of=of, key=key)
    except ValueError:
        raise malformed("the cursor is none of ours for this list") from None
