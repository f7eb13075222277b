"""JWT access tokens (RFC 9068).

Built from the permit alone, signed by the ring, then taken apart again from the text that will leave
and compared with the permit, so that a defect between the two ends as a refusal. The signature itself
is proven once for each key, when the ring loads it.
"""

from __future__ import annotations

from actas.core.errors import InvalidRequest
from actas.core.issued import Issued
from actas.core.permit import Permit
from actas.core.ports import Chance, JsonObject
from actas.core.wire import ACCESS_TOKEN, AT_JWT, TokenFormat, TokenType
from actas.crypto import jose
from actas.issuers.claims import claims_of, require_sane
from actas.issuers.issuer import MintedWrong
from actas.keys.ring import KeyRing


class AccessTokenIssuer:
    """Mints JWT access tokens.

    Args:
        issuer: our own issuer identifier.
        keys: signs.
        chance: makes ``jti``.
    """

    def __init__(self, *, issuer: str, keys: KeyRing, chance: Chance) -> None:
        self._issuer = issuer
        self._keys = keys
        self._chance = chance

    @property
    def token_type(self) -> TokenType:
        return ACCESS_TOKEN

    @property
    def format(self) -> TokenFormat:
        return "jwt"

    async def issue(self, permit: Permit) -> Issued:
        token_id = self._chance.token(16)
        claims = claims_of(permit, issuer=self._issuer, token_id=token_id, marking=self._keys)
        try:
            token = await self._keys.sign(claims, typ=AT_JWT, purpose="token", algorithm=permit.algorithm)
        except ValueError as too_much:
            # Only what the caller sent can make a token too large: claims and groups that rules carry on.
            raise InvalidRequest("malformed_request", detail=f"the new token: {too_much}") from too_much
        text = token.reveal()
        key = self._reread(text, claims, permit)
        return Issued(
            id=token_id,
            token=token,
            digest=self._keys.digest(text),
            key=key,
            token_type=ACCESS_TOKEN,
            issued_at=permit.issued_at,
            expires_at=permit.expires_at,
            scope=permit.scope,
            audience=permit.audience,
            txn=permit.txn or token_id,
            confirmation=permit.confirmation,
            details=permit.details,
        )

    def _reread(self, text: str, claims: JsonObject, permit: Permit) -> str:
        """Look at the text that will leave with the eyes of whoever receives it; return the key it names."""
        jws = jose.parse(text)
        seen, key = jws.unverified_claims, jws.unverified_kid
        if jws.unverified_header.get("typ") != AT_JWT or key is None:
            raise MintedWrong("the header is not that of an access token")
        if seen != claims:
            raise MintedWrong("the claims are not those that were signed")
        require_sane(permit)
        return key
