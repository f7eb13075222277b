"""What is done with a permit: a token is minted by the issuer of its type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from actas.core.permit import Issued, Permit
from actas.core.wire import TokenType
from actas.issuers.issuer import TokenIssuer


class Fulfilment(Protocol):
    """Step 5: does what was decided."""

    async def perform(self, permit: Permit) -> Issued:
        """Return what was made. Sees the permit and nothing else."""
        ...


class Mint:
    """Mints a token by the issuer registered for the permit's token type.

    Args:
        issuers: one issuer per token type.
    """

    def __init__(self, *issuers: TokenIssuer) -> None:
        self._issuers: Mapping[TokenType, TokenIssuer] = {issuer.token_type: issuer for issuer in issuers}
        if len(self._issuers) != len(issuers):
            raise ValueError("two issuers claim one token type")

    @property
    def token_types(self) -> frozenset[TokenType]:
        """The token types that can be minted."""
        return frozenset(self._issuers)

    async def perform(self, permit: Permit) -> Issued:
        return await self._issuers[permit.token_type].issue(permit)
