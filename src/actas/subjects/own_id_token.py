"""Our own ID tokens, checked like a stranger's and then against live state.

One tells its client who signed in. That client, and nobody else, may therefore show that this person is there
(SEC-21). It is told from everything else that we sign by its key, which signs ID tokens only (SEC-91), and by
its ``typ`` (SEC-22); it holds no scopes, so a rule says what it is good for.
"""

from __future__ import annotations

from typing import Final, Protocol

from actas.core import claims as read
from actas.core.errors import BadToken
from actas.core.lineage import Revocations, lineage_of
from actas.core.party import OURSELVES, Identity, Party, PresentedToken
from actas.core.ports import Clock
from actas.crypto import jose
from actas.keys.ring import Purpose
from actas.subjects.access_token import origin_of
from actas.subjects.confirmation import confirmation_of
from actas.subjects.jwt import ACCESS_TOKEN_ONLY, LOGOUT_TOKEN_ONLY
from actas.subjects.live import LiveParties
from actas.subjects.proven import told_by
from actas.subjects.revoked import require_unrevoked

_TYPES: Final[frozenset[str | None]] = frozenset({"JWT"})
_FORBIDDEN: Final = ACCESS_TOKEN_ONLY | LOGOUT_TOKEN_ONLY | {"act", "may_act"}


class OwnKeys(Protocol):
    """Knows the keys that are ours. Answers from memory."""

    def public_key(self, kid: str, *, purpose: Purpose) -> jose.PublicKey | None:
        """Return the key that verifies, or None when there is none of that ``kid`` and purpose."""
        ...

    def digest(self, token: str) -> str:
        """Return the keyed digest by which the minutes name ``token``."""
        ...


class OwnIdTokens:
    """Proves ID tokens that this server issued.

    Args:
        issuer: our own issuer identifier.
        live: knows who is still registered, enabled and trusted.
    """

    def __init__(
        self, *, issuer: str, keys: OwnKeys, live: LiveParties, revocations: Revocations, clock: Clock
    ) -> None:
        self._issuer = issuer
        self._keys = keys
        self._live = live
        self._revocations = revocations
        self._clock = clock

    def is_claimed_by(self, jws: jose.ParsedJws) -> bool:
        """Whether a token says that it is ours. That proves nothing, and decides who is asked to prove it."""
        return jws.unverified_claims.get("iss") == self._issuer

    def prove(self, token: PresentedToken, jws: jose.ParsedJws) -> Party:
        """Return who signed in, as they are now.

        Args:
            jws: the token, taken apart.

        Raises:
            BadToken: it is not an ID token of ours, or what it tells of has ended.
        """
        kid = jws.unverified_kid
        key = None if kid is None else self._keys.public_key(kid, purpose="id_token")
        if key is None:
            raise BadToken("no key of ours for ID tokens signed it")
        claims: jose.SignedClaims | None = None
        try:
            claims = jose.verify(
                jws, key=key, types=_TYPES, issuer=self._issuer, now=self._clock.now(), leeway=0
            )
            return self._live_party(token, claims)
        except BadToken as bad:
            genuine = bad.claims if claims is None else claims
            if genuine is not None:
                digest = self._keys.digest(token.value.reveal())
                bad.told = told_by(genuine, digest=digest, token_type=token.type, kind="person")
            raise

    def _live_party(self, token: PresentedToken, claims: jose.SignedClaims) -> Party:
        for name in _FORBIDDEN:
            if name in claims:
                raise BadToken(f"the claim {name} says that it is not an ID token")
        party = self._party(token, claims)
        require_unrevoked(party, self._revocations)
        self._live.require_registered(party.audience[0])
        return self._live.signed_in(party)

    def _party(self, token: PresentedToken, claims: jose.SignedClaims) -> Party:
        subject, client, token_id, txn = read.several(claims, "sub", "aud", "jti", "txn")
        identity = Identity(self._issuer, subject)
        origin = origin_of(claims) or identity
        return Party(
            identity=identity,
            origin=origin,
            origin_name=self._live.name_of(origin.issuer),
            kind="person",
            issuer_name=OURSELVES,
            token_type=token.type,
            audience=(client,),
            presenters=frozenset({client}),
            client_id=client,
            expires_at=read.instant(claims, "exp"),
            issued_at=read.instant(claims, "iat"),
            claims=claims,
            groups=read.names(claims, "groups"),
            confirmation=confirmation_of(claims),
            token_id=token_id,
            digest=self._keys.digest(token.value.reveal()),
            txn=txn,
            lineage=lineage_of(claims),
        )
