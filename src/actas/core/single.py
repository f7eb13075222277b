"""What is good once: a token of another issuer that is used up by what comes of it."""

from __future__ import annotations

import msgspec


class Single(msgspec.Struct, frozen=True, kw_only=True):
    """A token of another issuer that is good once.

    Attributes:
        issuer: whose it is.
        token_id: its ``jti``.
        issued_at: its ``iat``, seconds since the epoch; ``expires_at`` its ``exp``.
    """

    issuer: str
    token_id: str
    issued_at: int
    expires_at: int
