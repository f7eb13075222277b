"""Our own access tokens, checked like a stranger's and then against live state.

A JWT (RFC 9068) is proven by its signature, a reference token by being kept; what either says is treated
alike. Which of the two it is, its first characters say: no JWT begins like a reference token.

A token is looked at again whenever it is presented (SEC-23): nothing that it comes from may have been
revoked, and the client it was issued to, the subject when it is a client, and every client in its chain must
still be registered and enabled (SEC-52).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from actas.core import claims as read
from actas.core.details import Details
from actas.core.errors import BadToken
from actas.core.lineage import Revocations, lineage_of
from actas.core.opaque import REFERENCE, REFRESH, begins_like
from actas.core.party import OURSELVES, Identity, Otherwise, Party, PresentedToken
from actas.core.ports import Clock, Json
from actas.core.told import Telling
from actas.core.wire import ACCESS_TOKEN, AT_JWT, TokenType
from actas.crypto import impersonation_ids, jose
from actas.keys.ring import KeyRing
from actas.subjects.chain import actors_of, also_called, kind_of, may_act_of
from actas.subjects.confirmation import confirmation_of
from actas.subjects.live import LiveParties
from actas.subjects.proven import told_by
from actas.subjects.reference_token import ReferenceTokens
from actas.subjects.revoked import require_unrevoked

_TYPES: Final[frozenset[str | None]] = frozenset({AT_JWT})


class AccessTokenValidator:
    """Proves access tokens that this server issued.

    Args:
        issuer: our own issuer identifier.
        references: finds what reference tokens stand for.
        live: knows who is still registered, enabled and trusted.
    """

    def __init__(
        self,
        *,
        issuer: str,
        keys: KeyRing,
        references: ReferenceTokens,
        live: LiveParties,
        revocations: Revocations,
        clock: Clock,
    ) -> None:
        self._issuer = issuer
        self._keys = keys
        self._references = references
        self._live = live
        self._revocations = revocations
        self._clock = clock

    @property
    def token_type(self) -> TokenType:
        return ACCESS_TOKEN

    async def validate(self, token: PresentedToken) -> Party:
        text = token.value.reveal()
        try:
            return await self._proven(text)
        except BadToken as bad:
            if bad.claims is not None:
                bad.told = told_by(bad.claims, digest=self._keys.digest(text), token_type=ACCESS_TOKEN)
            raise

    async def _proven(self, text: str) -> Party:
        if begins_like(text, REFERENCE):
            claims = await self._references.claims(text)
        elif begins_like(text, REFRESH):
            raise BadToken("it is a refresh token, and was declared as an access token")
        else:
            claims = self._signed(text)
        party = self._party(claims, text)
        with Telling(party):
            require_unrevoked(party, self._revocations)
            self._live.require(party)
        return party

    def _signed(self, text: str) -> jose.SignedClaims:
        jws = jose.parse(text)
        kid = jws.unverified_kid
        key = None if kid is None else self._keys.public_key(kid, purpose="token")
        if key is None:
            raise BadToken("no key of ours signed it")
        return jose.verify(jws, key=key, types=_TYPES, issuer=self._issuer, now=self._clock.now(), leeway=0)

    def _party(self, claims: jose.SignedClaims, text: str) -> Party:
        subject, client_id, token_id, txn = read.several(claims, "sub", "client_id", "jti", "txn")
        identity = Identity(self._issuer, subject)
        origin = origin_of(claims) or identity
        return Party(
            identity=identity,
            origin=origin,
            origin_name=self._live.name_of(origin.issuer),
            groups=read.names(claims, "groups"),
            kind=kind_of(claims),
            issuer_name=OURSELVES,
            token_type=ACCESS_TOKEN,
            audience=read.audience(claims),
            client_id=client_id,
            expires_at=read.instant(claims, "exp"),
            issued_at=read.instant(claims, "iat"),
            claims=claims,
            scope=read.scope(claims),
            actors=also_called(
                actors_of(claims, issuer=self._issuer, foreign_to=None), claims.get("otherwise")
            ),
            may_act=may_act_of(claims),
            token_id=token_id,
            digest=self._keys.digest(text),
            txn=txn,
            impersonation=txn if impersonation_ids.is_one(txn, marking=self._keys) else None,
            confirmation=confirmation_of(claims),
            lineage=lineage_of(claims),
            otherwise=_otherwise(claims.get("otherwise")),
            details=_details(claims.get("authorization_details")),
        )


def origin_of(claims: Mapping[str, Json]) -> Identity | None:
    """Return who the subject is to its own issuer, which travels along as ``sub_id`` (RFC 9493)."""
    sub_id = claims.get("sub_id")
    if not isinstance(sub_id, dict):
        return None
    return Identity(*read.several(sub_id, "iss", "sub"))


def _otherwise(value: Json) -> Otherwise | None:
    if not isinstance(value, dict):
        return None
    names, groups = read.names(value, "names"), read.names(value, "groups")
    return Otherwise(names, groups) if names or groups else None


def _details(value: Json) -> Details:
    """Return what a token of ours is about beside its scopes; they were read when it was made."""
    return tuple([one for one in value if isinstance(one, dict)]) if isinstance(value, list) else ()
