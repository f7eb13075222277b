"""Ends tokens at the wish of the client they were issued to (RFC 7009), and says what was ended.

Revoking a token ends everything that was exchanged from it, on every node: see ``core.lineage``. A client
ends its own tokens only; for anybody else's the answer is the same as for one that nobody knows, and nothing
happens (SEC-85).

What is revoked is revoked before it is in the minutes: when the minutes cannot be written, the caller hears
so and asks again, and meanwhile a token too many is dead rather than alive. Its entry is kept with it, so it
comes into the minutes whatever happens to this process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol

import msgspec

from actas.audit.event import record_of
from actas.audit.log import AuditLog
from actas.audit.refusal import refused
from actas.audit.trail import Trail
from actas.clients.authenticator import ClientAuthenticator
from actas.core.client import Client
from actas.core.errors import BadToken, InvalidRequest
from actas.core.lineage import LATER, Marking, Revoked, Revoking
from actas.core.opaque import REFRESH, begins_like
from actas.core.params import Params
from actas.core.party import PresentedToken
from actas.core.ports import JsonObject
from actas.core.secret import Secret
from actas.core.wire import ACCESS_TOKEN
from actas.desk import Desk
from actas.subjects.refresh_token import Renewals
from actas.subjects.revoked import note_written
from actas.subjects.validator import SubjectTokenValidator

MOST_TOLD: Final = 1000
"""Revocations in one answer of the feed."""

_MOST_DIGITS: Final = 15


class RevocationStore(Revoking, Protocol):
    """Keeps what was revoked."""

    @property
    def last(self) -> int:
        """The number of the last revocation that is known here."""
        ...

    def after(self, seq: int, *, most: int) -> Sequence[tuple[int, Revoked]]:
        """Return what was revoked after a number, in order."""
        ...


class Ended(msgspec.Struct, frozen=True):
    """What the caller hears.

    Attributes:
        entry: the audit entry, when there is one.
    """

    entry: str | None


class Revocation(Desk[Ended]):
    """Answers the revocation endpoint. A public client may end its tokens too.

    Args:
        issuer: our own issuer identifier.
        clients: as for ``Desk``; ``fresh`` likewise.
        tokens: proves access tokens of ours.
        renewals: knows refresh tokens of ours.
        revoked: keeps what was revoked.
        marking: makes marks.
        audit: takes what was revoked, and the refusals.
    """

    door = "revocation"
    proven = False

    def __init__(
        self,
        *,
        issuer: str,
        clients: ClientAuthenticator,
        tokens: SubjectTokenValidator,
        renewals: Renewals,
        revoked: RevocationStore,
        marking: Marking,
        audit: AuditLog,
        fresh: Callable[[], None],
    ) -> None:
        super().__init__(clients=clients, audit=audit, fresh=fresh)
        self._issuer = issuer
        self._tokens = tokens
        self._renewals = renewals
        self._revoked = revoked
        self._marking = marking

    async def _answer(self, client: Client, form: Params, trail: Trail) -> Ended:
        token = form.require("token")
        if begins_like(token, REFRESH):
            return await self._refresh_token(client, token, trail)
        try:
            party = await self._tokens.validate(PresentedToken(ACCESS_TOKEN, Secret(token), "subject"))
        except BadToken:
            return Ended(None)  # RFC 7009 section 2.2: what is no live token needs no ending
        trail.subject = party
        if party.client_id != client.name:
            detail = f"the token was issued to {party.client_id}; only that client may revoke it"
            await refused(self._audit, trail, InvalidRequest("wrong_audience", detail=detail))
            return Ended(None)
        mark = self._marking.mark("token", self._issuer, party.token_id or "")
        trail.revoked = (f"token:{party.token_id}",)
        await self._revoked.add(
            [Revoked(mark=mark, up_to=LATER, until=party.expires_at, entry=trail.entry)],
            record=record_of(trail, "revocation:granted"),
        )
        return await self._written(trail)

    async def _refresh_token(self, client: Client, token: str, trail: Trail) -> Ended:
        """End the family of a refresh token, good or used, and all that was made from it."""
        try:
            owner, family, ends_at = await self._renewals.owner(token)
        except BadToken:
            return Ended(None)
        if owner != client.name:
            detail = f"the refresh token was given to {owner}; only that client may revoke it"
            await refused(self._audit, trail, InvalidRequest("wrong_audience", detail=detail))
            return Ended(None)
        trail.revoked = (f"token:{family}",)
        record = record_of(trail, "revocation:granted")
        await self._renewals.end_family(family, ends_at=ends_at, record=record)
        return await self._written(trail)

    async def _written(self, trail: Trail) -> Ended:
        """Write the entry of what was revoked, which waits with it until then."""
        await self._audit.close(trail)
        await note_written(self._revoked, trail.entry)
        return Ended(trail.entry)


class Feed(Desk[JsonObject]):
    """Says what was revoked since somebody asked last, to clients that prove who they are.

    Whoever checks tokens by their signature follows it, and refuses a token one of whose marks it has named.
    The form holds, beside the client's proof, ``after``: the number that the last answer ended with, or
    nothing for everything. The answer holds ``revoked``: each with its ``mark``, ``up_to`` and ``until``
    (``core.lineage.Revoked``); ``last``, what to ask from next; ``more``, whether to ask at once; and
    ``age``, how many seconds ago this process read what other nodes had revoked. It is no entry.

    Where ``last`` is less than ``after``, this node has not read so far yet, or a backup was restored: what
    comes then is numbered from there.

    Args:
        clients: as for ``Desk``; ``audit`` and ``fresh`` likewise.
        revoked: knows what was revoked.
        age: seconds since what other nodes had revoked was read.
    """

    door = "revocation"
    room = "feed"

    def __init__(
        self,
        *,
        clients: ClientAuthenticator,
        revoked: RevocationStore,
        age: Callable[[], float],
        audit: AuditLog,
        fresh: Callable[[], None],
    ) -> None:
        super().__init__(clients=clients, audit=audit, fresh=fresh)
        self._revoked = revoked
        self._age = age

    async def _answer(self, client: Client, form: Params, trail: Trail) -> JsonObject:
        del client, trail
        after = _number(form.get("after"))
        age = self._age()
        rows = self._revoked.after(after, most=MOST_TOLD)
        more = len(rows) == MOST_TOLD
        return {
            "revoked": [{"mark": one.mark, "up_to": one.up_to, "until": one.until} for _, one in rows],
            "last": rows[-1][0] if rows else self._revoked.last,
            "more": more,
            "age": round(age, 3),
        }


def _number(text: str | None) -> int:
    if text is None:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise InvalidRequest(
            "malformed_request", detail="after is not a number that an earlier answer ended with"
        )
    return int(text)
