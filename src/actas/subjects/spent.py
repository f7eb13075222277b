"""Tokens of other issuers that are good once, used up where every node sees it (SEC-60, REL-19)."""

from __future__ import annotations

from typing import Final

from actas.core.errors import BadToken, InvalidGrant
from actas.core.ports import MarkStore
from actas.core.single import Single

_PURPOSE: Final = "grant"


class Spending:
    """Uses up grants.

    Args:
        marks: remembers which were used; grants have a namespace of their own there.
    """

    def __init__(self, marks: MarkStore) -> None:
        self._marks = marks

    async def spend(self, single: Single) -> None:
        """Note that a grant is used. Of several requests at once one comes through.

        Raises:
            InvalidGrant: it was used before, or comes from a time of which nobody knows what was.
            StoreUnavailable: nobody knows; nothing is issued then.
        """
        try:
            first = await self._marks.claim(
                purpose=_PURPOSE,
                issuer=single.issuer,
                token_id=single.token_id,
                issued_at=single.issued_at,
                expires_at=single.expires_at,
            )
        except BadToken as unknown:
            raise InvalidGrant("grant_reused", detail=unknown.detail) from unknown
        if not first:
            raise InvalidGrant("grant_reused", detail="the grant was redeemed before, and it is good once")
