"""OpenID Connect ID tokens of trusted issuers (OpenID Connect Core sections 2 and 3.1.3.7)."""

from __future__ import annotations

from typing import Final

from actas.core.party import Party, PresentedToken
from actas.core.wire import ID_TOKEN, TokenType
from actas.subjects.jwt import ACCESS_TOKEN_ONLY, LOGOUT_TOKEN_ONLY, Foreign

_TYPES: Final[frozenset[str | None]] = frozenset({None, "JWT"})
_FORBIDDEN: Final = ACCESS_TOKEN_ONLY | LOGOUT_TOKEN_ONLY


class IdTokenValidator:
    """Proves ID tokens."""

    def __init__(self, foreign: Foreign) -> None:
        self._foreign = foreign

    @property
    def token_type(self) -> TokenType:
        return ID_TOKEN

    async def validate(self, token: PresentedToken) -> Party:
        return await self._foreign.prove(token, types=_TYPES, forbidden=_FORBIDDEN, azp=True)
