"""Our own access tokens (RFC 9068), checked like a stranger's and then against live state.

A token is looked at again whenever it is presented (SEC-23): nothing that it comes from may have been
revoked, and the client it was issued to, the subject when it is a client, and every client in its chain must
still be registered and enabled (SEC-52).
"""

from __future__ import annotations

from typing import Final, Protocol

from actas.core import claims as read
from actas.core.client import Client
from actas.core.errors import BadToken
from actas.core.lineage import Revocations, lineage_of
from actas.core.party import OURSELVES, Identity, Party, PresentedToken
from actas.core.ports import Clock
from actas.core.wire import ACCESS_TOKEN, AT_JWT, TokenType
from actas.crypto import jose
from actas.keys.ring import KeyRing
from actas.subjects.chain import actors_of, kind_of, may_act_of
from actas.subjects.confirmation import confirmation_of
from actas.subjects.revoked import require_unrevoked
from actas.trust.registry import TrustRegistry

_TYPES: Final[frozenset[str | None]] = frozenset({AT_JWT})


class LiveClients(Protocol):
    """Finds a client as it is now. Answers from memory."""

    def client(self, client_id: str) -> Client | None:
        """Return the client, or None."""
        ...


class AccessTokenValidator:
    """Proves access tokens that this server issued.

    Args:
        issuer: our own issuer identifier.
    """

    def __init__(
        self,
        *,
        issuer: str,
        keys: KeyRing,
        clients: LiveClients,
        trust: TrustRegistry,
        revocations: Revocations,
        clock: Clock,
    ) -> None:
        self._issuer = issuer
        self._keys = keys
        self._clients = clients
        self._trust = trust
        self._revocations = revocations
        self._clock = clock

    @property
    def token_type(self) -> TokenType:
        return ACCESS_TOKEN

    async def validate(self, token: PresentedToken) -> Party:
        text = token.value.reveal()
        jws = jose.parse(text)
        kid = jws.unverified_kid
        key = None if kid is None else self._keys.public_key(kid, purpose="token")
        if key is None:
            raise BadToken("no key of ours signed it")
        claims = jose.verify(jws, key=key, types=_TYPES, issuer=self._issuer, now=self._clock.now(), leeway=0)
        party = self._party(claims, text)
        require_unrevoked(party, self._revocations)
        self._require_live(party)
        return party

    def _party(self, claims: jose.SignedClaims, text: str) -> Party:
        subject, client_id, token_id, txn = read.several(claims, "sub", "client_id", "jti", "txn")
        identity = Identity(self._issuer, subject)
        origin = _origin(claims) or identity
        return Party(
            identity=identity,
            origin=origin,
            origin_name=self._origin_name(origin),
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
            actors=actors_of(claims, issuer=self._issuer, foreign_to=None),
            may_act=may_act_of(claims),
            token_id=token_id,
            digest=self._keys.digest(text),
            txn=txn,
            confirmation=confirmation_of(claims),
            lineage=lineage_of(claims),
        )

    def _origin_name(self, origin: Identity) -> str:
        """Return the name of the subject's own issuer, which must still be trusted (SEC-23)."""
        return OURSELVES if origin.issuer == self._issuer else self._trusted(origin.issuer)

    def _trusted(self, iss: str) -> str:
        issuer = self._trust.issuer(iss)
        if issuer is None or issuer.disabled:
            raise BadToken(f"{iss}, who vouched for a party of it, is no longer trusted")
        return issuer.name

    def _require_live(self, party: Party) -> None:
        self._require_live_client(party.client_id or "")
        if party.kind != "person":
            self._require_live_client(party.identity.subject)
        for actor in party.actors:
            if actor.identity.issuer != self._issuer:
                self._trusted(actor.identity.issuer)
            elif actor.kind != "person":
                self._require_live_client(actor.identity.subject)

    def _require_live_client(self, name: str) -> None:
        # A person's name holds "@" or ":", a client's neither, so a name tells which of them it is.
        if ":" in name or "@" in name:
            return
        client = self._clients.client(name)
        if client is None or client.disabled:
            raise BadToken(f"{name} is disabled or no longer registered")


def _origin(claims: jose.SignedClaims) -> Identity | None:
    """Return who the subject is to its own issuer, which travels along as ``sub_id`` (RFC 9493)."""
    sub_id = claims.get("sub_id")
    if not isinstance(sub_id, dict):
        return None
    return Identity(*read.several(sub_id, "iss", "sub"))
