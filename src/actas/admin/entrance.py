"""Who manages: a token for managing, looked at anew at every request.

What the token says is not enough. Its holder must still have the role, so that whoever loses one loses it at
once; and nobody comes in through somebody else: a token with an actor, or of another than its client, is
refused whatever it says (SEC-48). Nor does a token that is bound to a key come in without it: a DPoP key is
proven for the very request (RFC 9449 section 7), a certificate by the connection (RFC 8705 section 3).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from actas.admin.record import Author
from actas.admin.roles import Role, covers, least, management_audience, role_in
from actas.core.errors import InsufficientScope, InvalidToken
from actas.core.party import Caller, Party, is_impersonated
from actas.shown import Proofs, ShownTokens, Tokens


class Entrance:
    """Lets administrators in.

    Args:
        issuer: our own issuer identifier.
        tokens: proves access tokens of ours.
        proofs: proves the keys that they are bound to.
        holders: the role that each client holds now.
        fresh: raises when what this process knows of the shared state may be out of date.
    """

    def __init__(
        self,
        *,
        issuer: str,
        tokens: Tokens,
        proofs: Proofs,
        holders: Mapping[str, Role],
        fresh: Callable[[], None],
    ) -> None:
        self._issuer = issuer
        self._shown = ShownTokens(tokens=tokens, proofs=proofs, reason="bad_token", references=False)
        self._holders = holders
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
        try:
            name = self._own_name(party)
        except InvalidToken as refusal:
            refusal.impersonation = party.impersonation
            raise
        role = least(self._holders.get(name), role_in(party.scope))
        if role is None:
            raise InvalidToken("bad_token", detail=f"{name} holds no role")
        return Author(via="api", client=name, role=role, token=party.token_id, source=caller.address)

    def _own_name(self, party: Party) -> str:
        """Return the client that a token speaks of, when it speaks of its own client and of nobody else."""
        name = party.client_id
        if is_impersonated(party):
            raise InvalidToken("bad_token", detail=f"somebody acts as {party.identity.subject} with it")
        if party.audience != (management_audience(self._issuer),):
            raise InvalidToken("bad_token", detail="it is not for managing this server")
        if party.actors or party.may_act is not None or party.origin != party.identity:
            raise InvalidToken("bad_token", detail="somebody acts for another in it")
        if name is None or party.identity.subject != name or party.kind == "person":
            raise InvalidToken("bad_token", detail="it is not its client's own")
        return name


def require(author: Author, role: Role, *, doing: str) -> None:
    """Return when somebody holds a role.

    Raises:
        InsufficientScope: they do not.
    """
    if not covers(author.role, role):
        raise InsufficientScope(
            "role_too_small", detail=f"{author.client} is {author.role}, and {doing} wants {role}"
        )
