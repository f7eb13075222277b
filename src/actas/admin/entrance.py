"""Who manages: a token for managing, looked at anew at every request.

What the token says is not enough. Its holder must still have the role, so that whoever loses one loses it at
once; and nobody comes in through somebody else: a token with an actor, or one under which somebody acts as
somebody else, is refused whatever it says (SEC-48). A client comes in with a token of its own; a person with
one of an app that is for managing still, through an issuer that still speaks for them there. Nor does a token
that is bound to a key come in without it: a DPoP key is proven for the very request (RFC 9449 section 7), a
certificate by the connection (RFC 8705 section 3).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from actas.admin.record import Author
from actas.admin.roles import least, role_in
from actas.core.administrators import Administrators, Role, covers, management_audience
from actas.core.client import Client
from actas.core.errors import InsufficientScope, InvalidToken
from actas.core.party import Caller, Party, is_impersonated
from actas.core.person import People
from actas.shown import Proofs, ShownTokens, Tokens
from actas.signin.providers import is_offered
from actas.trust.registry import TrustRegistry


class Directory(People, TrustRegistry, Protocol):
    """Finds clients, people and issuers, and who holds a role, as they are now. Answers from memory."""

    @property
    def administrators(self) -> Administrators:
        """Who holds which role."""
        ...

    def client(self, client_id: str) -> Client | None:
        """Return the client, or None."""
        ...


class Entrance:
    """Lets administrators in.

    Args:
        issuer: our own issuer identifier.
        tokens: proves access tokens of ours.
        proofs: proves the keys that they are bound to.
        directory: who there is, and who holds a role now.
        fresh: raises when what this process knows of the shared state may be out of date.
    """

    def __init__(
        self,
        *,
        issuer: str,
        tokens: Tokens,
        proofs: Proofs,
        directory: Directory,
        fresh: Callable[[], None],
    ) -> None:
        self._issuer = issuer
        self._shown = ShownTokens(tokens=tokens, proofs=proofs, reason="bad_token", references=False)
        self._directory = directory
        self._fresh = fresh

    async def enter(self, caller: Caller, *, method: str, url: str) -> Author:
        """Return who asks, and as what.

        Args:
            caller: who is on the other end.
            method: of the request.
            url: its public address.

        Raises:
            InvalidToken: the caller is nobody who may manage this server.
            InvalidDpopProof: the key of the token is not proven; ``UseDpopNonce`` likewise.
            StoreUnavailable: this process cannot say whether it still knows who may.
        """
        self._fresh()
        party = await self._shown.prove(caller, method=method, url=url)
        self._require_in_person(party)
        somebody = party.kind == "person"
        held = self._of_person(party) if somebody else self._of_client(party)
        role = least(held, role_in(party.scope))
        if role is None:
            raise InvalidToken("bad_token", detail=f"{party.identity.subject} holds no role")
        return Author(
            via="api",
            client=party.client_id,
            person=party.identity.subject if somebody else None,
            role=role,
            held=held,
            token=party.token_id,
            source=caller.address,
            party=party if somebody else None,
        )

    def _require_in_person(self, party: Party) -> None:
        """Return when a token is for managing, and nobody acts for another in it."""
        if is_impersonated(party):
            refusal = InvalidToken("bad_token", detail=f"somebody acts as {party.identity.subject} with it")
            refusal.impersonation = party.impersonation
            raise refusal
        if party.audience != (management_audience(self._issuer),):
            raise InvalidToken("bad_token", detail="it is not for managing this server")
        if party.actors or party.may_act is not None:
            raise InvalidToken("bad_token", detail="somebody acts for another in it")

    def _of_client(self, party: Party) -> Role | None:
        """Return the role of a client whose token speaks of itself and of nobody else."""
        name = party.client_id
        if name is None or party.identity.subject != name or party.origin != party.identity:
            raise InvalidToken("bad_token", detail="it is not its client's own")
        return self._directory.administrators.clients.get(name)

    def _of_person(self, party: Party) -> Role | None:
        """Return the role of a person who signed in to an app that is for managing.

        Who they are now says a person's of ours; of another issuer's, who is looked up nowhere, the groups
        count that they were in when they signed in.
        """
        name, subject = party.client_id or "", party.identity.subject
        client = self._directory.client(name)
        terms = None if client is None or client.registration != "configured" else client.sign_in
        if terms is None or not terms.management:
            raise InvalidToken("bad_token", detail=f"nobody manages this server with {name}")
        if party.origin.issuer == self._issuer:
            person = self._directory.person(subject)
            if person is None or person.disabled or party.origin != party.identity:
                raise InvalidToken("bad_token", detail=f"{subject} is nobody who signs in here")
        else:
            issuer = self._directory.issuer(party.origin.issuer)
            if issuer is None or not is_offered(issuer, client):
                detail = f"nobody signs in to {name} through {party.origin_name}"
                raise InvalidToken("bad_token", detail=detail)
        return self._directory.administrators.of_party(party)


def require(author: Author, role: Role, *, doing: str) -> None:
    """Return when somebody holds a role.

    Raises:
        InsufficientScope: they do not.
    """
    if not covers(author.role, role):
        detail = f"{author.called} is {author.role}, and {doing} wants {role}{author.mended(role)}"
        raise InsufficientScope("role_too_small", detail=detail)
