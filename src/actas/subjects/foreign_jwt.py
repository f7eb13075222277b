"""Other JWTs of trusted issuers, presented as ``urn:ietf:params:oauth:token-type:jwt`` (TX-30, TX-32).

Another authorization server's access token comes in this way: ``access_token`` means one of ours.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from actas.core.party import Party, PresentedToken
from actas.core.wire import AT_JWT, JWT, TokenType
from actas.crypto import jose
from actas.subjects.jwt import ID_TOKEN_ONLY, LOGOUT_TOKEN_ONLY, Foreign, Look, presenters_of

_LOOK: Final = Look(
    types=frozenset({None, "JWT", AT_JWT}),
    presenters=partial(presenters_of, azp=False),
    forbidden=ID_TOKEN_ONLY | LOGOUT_TOKEN_ONLY,
    others=True,
)


class ForeignJwtValidator:
    """Proves foreign JWTs that are not ID tokens."""

    def __init__(self, foreign: Foreign) -> None:
        self._foreign = foreign

    @property
    def token_type(self) -> TokenType:
        return JWT

    async def validate(self, token: PresentedToken) -> Party:
        jws = jose.parse(token.value.reveal())
        return await self._foreign.prove(token, jws, _LOOK)
