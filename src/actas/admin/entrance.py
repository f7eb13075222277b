"""Who manages: a token for managing, looked at anew at every request.

What the token says is not enough. Its holder must still have the role, so that whoever loses one loses it at
once; and nobody comes in through somebody else: a token with an actor, or of another than its client, is
refused whatever it says (SEC-48). Nor does a token come in without the key that it is bound to, and no proof
of a key is taken here: such a token is refused (RFC 9449 section 7.1, RFC 8705 section 3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from actas.admin.record import Author
from actas.admin.refusals import InsufficientScope, InvalidToken
from actas.admin.roles import Role, covers, least, management_audience, role_in
from actas.core.errors import BadToken
from actas.core.party import Party, PresentedToken
from actas.core.secret import Secret
from actas.core.wire import ACCESS_TOKEN


class Tokens(Protocol):
    """Proves tokens of ours."""

    async def validate(self, token: PresentedToken) -> Party:
        """Return whom a token speaks of.

        Raises:
            BadToken: it is not proven.
        """
        ...


class Entrance:
    """Lets administrators in.

    Args:
        issuer: our own issuer identifier.
        tokens: proves access tokens of ours.
        holders: the role that each client holds now.
        fresh: raises when what this process knows of the shared state may be out of date.
    """

    def __init__(
        self, *, issuer: str, tokens: Tokens, holders: Mapping[str, Role], fresh: Callable[[], None]
    ) -> None:
        self._issuer = issuer
        self._tokens = tokens
        self._holders = holders
        self._fresh = fresh

    async def enter(self, authorization: Secret | None, *, source: str) -> Author:
        """Return who asks, and as what.

        Args:
            authorization: the header, or None.
            source: the peer's address.

        Raises:
            InvalidToken: the caller is nobody who may manage this server.
            StoreUnavailable: this process cannot say whether it still knows who may.
        """
        self._fresh()
        scheme, _, token = ("" if authorization is None else authorization.reveal()).partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise InvalidToken(detail="there is no bearer token in the Authorization header")
        try:
            party = await self._tokens.validate(PresentedToken(ACCESS_TOKEN, Secret(token), "subject"))
        except BadToken as bad:
            raise InvalidToken(detail=bad.detail) from bad
        name = self._own_name(party)
        role = least(self._holders.get(name), role_in(party.scope))
        if role is None:
            raise InvalidToken(detail=f"{name} holds no role")
        return Author(via="api", client=name, role=role, token=party.token_id, source=source)

    def _own_name(self, party: Party) -> str:
        """Return the client that a token speaks of, when it speaks of its own client and of nobody else."""
        name = party.client_id
        if party.audience != (management_audience(self._issuer),):
            raise InvalidToken(detail="it is not for managing this server")
        if party.confirmation is not None:
            raise InvalidToken(detail="it is bound to a key, and only tokens that are not are taken here")
        if party.actors or party.may_act is not None or party.origin != party.identity:
            raise InvalidToken(detail="somebody acts for another in it")
        if name is None or party.identity.subject != name or party.kind == "person":
            raise InvalidToken(detail="it is not its client's own")
        return name


def require(author: Author, role: Role, *, doing: str) -> None:
    """Return when somebody holds a role.

    Raises:
        InsufficientScope: they do not.
    """
    if not covers(author.role, role):
        raise InsufficientScope(detail=f"{author.client} is {author.role}, and {doing} wants {role}")
