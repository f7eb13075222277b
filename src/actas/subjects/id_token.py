"""OpenID Connect ID tokens (OpenID Connect Core sections 2 and 3.1.3.7): of trusted issuers, and our own.

The unverified ``iss`` says who is asked to prove one (SEC-03). No trusted issuer can be called like this
server, so a token that calls itself ours is proven by our keys or not at all.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from actas.core.party import Party, PresentedToken
from actas.core.wire import ID_TOKEN, TokenType
from actas.crypto import jose
from actas.subjects.jwt import ACCESS_TOKEN_ONLY, LOGOUT_TOKEN_ONLY, Foreign, Look, presenters_of
from actas.subjects.own_id_token import OwnIdTokens

OF_ID_TOKENS: Final = Look(
    types=frozenset({None, "JWT"}),
    presenters=partial(presenters_of, azp=True),
    forbidden=ACCESS_TOKEN_ONLY | LOGOUT_TOKEN_ONLY,
)


class IdTokenValidator:
    """Proves ID tokens.

    Args:
        foreign: proves those of trusted issuers.
        own: proves ours.
    """

    def __init__(self, foreign: Foreign, own: OwnIdTokens) -> None:
        self._foreign = foreign
        self._own = own

    @property
    def token_type(self) -> TokenType:
        return ID_TOKEN

    async def validate(self, token: PresentedToken) -> Party:
        jws = jose.parse(token.value.reveal())
        if self._own.is_claimed_by(jws):
            return self._own.prove(token, jws)
        return await self._foreign.prove(token, jws, OF_ID_TOKENS)
