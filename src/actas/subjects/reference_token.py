"""Our own reference tokens: they stand for what a JWT would say, and are proven by being kept."""

from __future__ import annotations

from actas.core import claims as read
from actas.core.errors import BadToken
from actas.core.opaque import REFERENCE
from actas.core.ports import Clock
from actas.crypto.compact import MAX_TOKEN_BYTES
from actas.crypto.jose import SignedClaims
from actas.crypto.json import BadJson, read_object
from actas.keys.opaque import OpaqueTokens


class ReferenceTokens:
    """Finds what reference tokens stand for. Reads the store once for each, and only for a whole one.

    Args:
        issuer: our own issuer identifier.
        tokens: those that are kept.
    """

    def __init__(self, *, issuer: str, tokens: OpaqueTokens, clock: Clock) -> None:
        self._issuer = issuer
        self._tokens = tokens
        self._clock = clock

    async def claims(self, text: str) -> SignedClaims:
        """Return the claims that a token stands for.

        Raises:
            BadToken: there is no such token, it has ended, or another issuer's name stands in it.
            StoreUnavailable: nobody knows.
        """
        content = await self._tokens.content(text, REFERENCE)
        try:
            claims = read_object(content, max_bytes=MAX_TOKEN_BYTES)
        except BadJson as refused:
            raise BadToken(f"what it stands for cannot be read: {refused}") from None
        if claims.get("iss") != self._issuer:
            raise BadToken("it was issued under another name of this server")
        if read.instant(claims, "exp") <= self._clock.now():
            raise BadToken("it has ended", why="expired")
        return SignedClaims(claims)
