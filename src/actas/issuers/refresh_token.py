"""Refresh tokens (RFC 6749 section 1.5): the first of a family, and each that follows another.

A token is kept before the minutes are written, as reference tokens are. One that follows another takes its
place in the same step; when the minutes then cannot be written, nobody has seen it, and the other is good
again.
"""

from __future__ import annotations

import contextlib

import msgspec

from actas.core.errors import InvalidGrant, InvalidRequest, StoreUnavailable
from actas.core.family import Family
from actas.core.issued import Issued, Refreshed
from actas.core.lineage import Lineage, Marking
from actas.core.permit import Permit
from actas.core.ports import Chance
from actas.core.wire import REFRESH_TOKEN, TokenFormat, TokenType
from actas.issuers.issuer import MintedWrong
from actas.keys.opaque import NewToken
from actas.keys.refresh import RefreshTokens


class RefreshTokenIssuer:
    """Mints refresh tokens.

    Args:
        issuer: our own issuer identifier.
        tokens: keeps them.
        marking: makes the marks by which families are revoked.
        chance: names families.
    """

    def __init__(self, *, issuer: str, tokens: RefreshTokens, marking: Marking, chance: Chance) -> None:
        self._issuer = issuer
        self._tokens = tokens
        self._marking = marking
        self._chance = chance

    @property
    def token_type(self) -> TokenType:
        return REFRESH_TOKEN

    @property
    def format(self) -> TokenFormat:
        return "reference"

    async def issue(self, permit: Permit) -> Issued:
        if permit.family is None or not permit.scope or not permit.audience:
            raise MintedWrong("it would be good for nothing")
        family = self._named(permit.family, permit)
        if not family.began < family.ends_at == permit.expires_at:
            raise MintedWrong("it would never be good, or for longer than was permitted")
        token = await self._begun(family)
        return Issued(
            id=family.id,
            token=token.text,
            digest=token.digest,
            key=None,
            token_type=REFRESH_TOKEN,
            issued_at=permit.issued_at,
            expires_at=family.idle_until(permit.issued_at),
            scope=permit.scope,
            audience=permit.audience,
            txn=family.txn,
            bearer=False,
            confirmation=permit.confirmation,
        )

    async def begin(self, family: Family, permit: Permit) -> Refreshed:
        """Return the first refresh token of a family, which comes with an access token of the permit.

        Raises:
            InvalidRequest: what it comes from was revoked.
            StoreUnavailable: it was not kept.
        """
        named = self._named(family, permit)
        if not named.began < named.ends_at:
            raise MintedWrong("it would never be good")
        token = await self._begun(named)
        until = named.idle_until(permit.issued_at)
        return Refreshed(token=token.text, digest=token.digest, expires_at=until)

    def _named(self, family: Family, permit: Permit) -> Family:
        name = self._chance.token(16)
        known = permit.lineage
        mark = self._marking.mark("token", self._issuer, name)
        return msgspec.structs.replace(
            family,
            id=name,
            txn=family.txn or name,
            lineage=Lineage((mark, *known.marks), known.since),
            confirmation=permit.confirmation,
        )

    async def _begun(self, family: Family) -> NewToken:
        token = await self._tokens.begin(family)
        if token is None:
            raise InvalidRequest("revoked", detail="what it comes from was revoked at this very moment")
        return token

    async def follow(self, permit: Permit) -> Refreshed:
        """Return the token that takes the place of the one that the permit was asked for with.

        Raises:
            InvalidGrant: another request was faster.
            StoreUnavailable: nobody knows whether it does.
        """
        used = permit.renewal
        if used is None:
            raise MintedWrong("there is nothing that it would follow")
        made = await self._tokens.follow(used, at=permit.issued_at)
        if made is None:
            raise InvalidGrant(
                "refresh_repeated", detail="another request used it, or ended it, at this very moment"
            )
        token, until = made
        return Refreshed(token=token.text, digest=token.digest, expires_at=until, instead_of=used)

    async def put_back(self, refreshed: Refreshed) -> None:
        """Make the token good again in whose place this one came, which never left. Done as far as can be.

        The first of a family took nobody's place; nobody knows it, and it ends by itself.
        """
        if refreshed.instead_of is None:
            return
        with contextlib.suppress(StoreUnavailable):
            await self._tokens.put_back(refreshed.instead_of, refreshed.digest)
