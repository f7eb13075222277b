"""Reference tokens: access tokens that mean nothing to whoever holds them (RFC 6749 section 1.4).

What a JWT would carry is kept here instead, sealed, and told to whom it is meant for by introspection (RFC
7662). It is kept before the minutes are written: a server that dies in between leaves a digest of a token
that nobody has seen, and no token that the minutes do not have.
"""

from __future__ import annotations

import msgspec

from actas.core.errors import InvalidRequest
from actas.core.issued import Issued
from actas.core.lineage import Marking
from actas.core.opaque import REFERENCE, is_whole
from actas.core.permit import Permit
from actas.core.wire import ACCESS_TOKEN, TokenFormat, TokenType
from actas.crypto.compact import MAX_TOKEN_BYTES
from actas.issuers.claims import claims_of, require_sane
from actas.issuers.issuer import MintedWrong
from actas.keys.opaque import OpaqueTokens


class ReferenceTokenIssuer:
    """Mints reference tokens.

    Args:
        issuer: our own issuer identifier.
        tokens: keeps what they stand for.
        marking: makes the marks by which they are revoked.
    """

    def __init__(self, *, issuer: str, tokens: OpaqueTokens, marking: Marking) -> None:
        self._issuer = issuer
        self._tokens = tokens
        self._marking = marking

    @property
    def token_type(self) -> TokenType:
        return ACCESS_TOKEN

    @property
    def format(self) -> TokenFormat:
        return "reference"

    async def issue(self, permit: Permit) -> Issued:
        token = self._tokens.new(REFERENCE)
        claims = claims_of(permit, issuer=self._issuer, token_id=token.id, marking=self._marking)
        content = msgspec.json.encode(claims)
        if len(content) > MAX_TOKEN_BYTES:
            # Only what the caller sent can make it so large: claims and groups that rules carry on.
            detail = (
                f"the new token: it would stand for {len(content)} bytes, and {MAX_TOKEN_BYTES} are allowed"
            )
            raise InvalidRequest("malformed_request", detail=detail)
        require_sane(permit)
        if msgspec.json.decode(content) != claims or not is_whole(token.text.reveal(), REFERENCE):
            raise MintedWrong("what would be kept is not what was permitted")
        await self._tokens.keep(token, content, expires_at=permit.expires_at)
        return Issued(
            id=token.id,
            token=token.text,
            digest=token.digest,
            key=None,
            token_type=ACCESS_TOKEN,
            issued_at=permit.issued_at,
            expires_at=permit.expires_at,
            scope=permit.scope,
            audience=permit.audience,
            txn=permit.txn or token.id,
            confirmation=permit.confirmation,
            details=permit.details,
        )
