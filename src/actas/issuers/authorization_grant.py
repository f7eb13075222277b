"""Plain JWT grants for other domains' servers (identity chaining section 2.3.3).

The specification fixes neither their type nor their claims, so both are narrow here: a type of its own, one
audience, what every grant must say, and beyond that only what its connection lists. The keys are those of
ID-JAGs, which sign grants and nothing else (SEC-56).
"""

from __future__ import annotations

from typing import ClassVar, Final

from actas.core.abroad import Abroad, GrantAbroad, GrantWord
from actas.core.party import Actor, Identity
from actas.core.permit import Permit
from actas.core.person import Person
from actas.core.ports import JsonObject
from actas.core.wire import GRANT_JWT, JWT, TokenType
from actas.crypto import base64url
from actas.crypto.keyed import keyed_digest
from actas.issuers.id_jag import IdJagIssuer

_PAIRWISE_ACTORS: Final = b"actas: pairwise names of actors"


class AuthorizationGrantIssuer(IdJagIssuer):
    """Mints plain grants for other domains' servers."""

    typ: ClassVar[str] = GRANT_JWT
    grant: ClassVar[GrantWord] = "jwt"

    @property
    def token_type(self) -> TokenType:
        return JWT

    def _more(
        self, permit: Permit, _grant: GrantAbroad, _person: Person | None, _email: str | None, /
    ) -> JsonObject:
        return dict(permit.claims)

    def _told_of(self, actors: tuple[Actor, ...], to: Abroad, /) -> tuple[Actor, ...]:
        """Return the chain as that server may see it. The permit, and so the log, has it whole."""
        if to.chain == "keep":
            return actors
        if to.chain == "prune":
            return actors[:1]
        return tuple([self._renamed(one, to) for one in actors])

    def _renamed(self, actor: Actor, to: Abroad) -> Actor:
        """Return an actor by a name for that server alone, which says neither who it is nor whose it is."""
        who = actor.identity
        name = keyed_digest(f"{to.issuer}\n{who.issuer}\n{who.subject}".encode(), key=self._of_actors)
        return Actor(Identity(self._issuer, base64url.encode(name).decode("ascii")), actor.kind)

    @property
    def _of_actors(self) -> bytes:
        return keyed_digest(_PAIRWISE_ACTORS, key=self._pairwise)
