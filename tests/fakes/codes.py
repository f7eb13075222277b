"""An app that shows one-time codes: its own reading of RFC 6238, so that it proves ours."""

from __future__ import annotations

import base64
import hashlib
import hmac


def code_of(secret: str, now: float) -> str:
    """Return what an app shows that was told ``secret``, in base32."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, (int(now) // 30).to_bytes(8, "big"), hashlib.sha1)
    place = digest[-1] & 15
    number = int.from_bytes(digest[place : place + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"
