"""Ends tokens at the wish of the client they were issued to (RFC 7009), and says what was ended.

Revoking a token ends everything that was exchanged from it, on every node: see ``core.lineage``. A client
ends its own tokens only; for anybody else's the answer is the same as for one that nobody knows, and nothing
happens (SEC-85).

What is revoked is revoked before it is in the minutes: when the minutes cannot be written, the caller hears
so and asks again, and meanwhile a token too many is dead rather than alive.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

import msgspec

from actas.audit.log import AuditLog
from actas.audit.refusal import refused
from actas.audit.trail import Trail
from actas.clients.authenticator import ClientAuthenticator
from actas.core.client import Client
from actas.core.errors import BadToken, InvalidClient, InvalidRequest, OAuthError
from actas.core.lineage import LATER, Marking, Revoked
from actas.core.params import Params
from actas.core.party import Caller, Party, PresentedToken
from actas.core.ports import JsonObject
from actas.core.secret import Secret
from actas.core.wire import ACCESS_TOKEN

MOST_TOLD: Final = 1000
"""Revocations in one answer of the feed."""

_MOST_DIGITS: Final = 15


class Tokens(Protocol):
    """Proves tokens of ours."""

    async def validate(self, token: PresentedToken) -> Party:
        """Return whom a token speaks of.

        Raises:
            BadToken: it is not proven, or has ended.
        """
        ...


class RevocationStore(Protocol):
    """Keeps what was revoked."""

    @property
    def last(self) -> int:
        """The number of the last revocation that is known here."""
        ...

    def after(self, seq: int, *, most: int) -> Sequence[tuple[int, Revoked]]:
        """Return what was revoked after a number, in order."""
        ...

    async def add(self, revoked: Iterable[Revoked]) -> None:
        """Revoke, durably, and know it here at once.

        Raises:
            StoreUnavailable: it could not be written.
        """
        ...


class Ended(msgspec.Struct, frozen=True):
    """What the caller hears.

    Attributes:
        entry: the audit entry, when there is one.
    """

    entry: str | None


class Revocation:
    """Answers the revocation endpoint.

    Args:
        issuer: our own issuer identifier.
        clients: says who asks.
        tokens: proves tokens of ours.
        revoked: keeps what was revoked.
        marking: makes marks.
        audit: takes what was revoked, and the refusals.
        fresh: raises when what this process knows of the shared state may be out of date.
    """

    def __init__(
        self,
        *,
        issuer: str,
        clients: ClientAuthenticator,
        tokens: Tokens,
        revoked: RevocationStore,
        marking: Marking,
        audit: AuditLog,
        fresh: Callable[[], None],
    ) -> None:
        self._issuer = issuer
        self._clients = clients
        self._tokens = tokens
        self._revoked = revoked
        self._marking = marking
        self._audit = audit
        self._fresh = fresh

    async def __call__(self, body: bytes, caller: Caller) -> Ended:
        """Answer one request.

        Args:
            body: the form, as received.
            caller: who sent it.

        Raises:
            OAuthError: the request is malformed, the caller did not prove who it is, or nothing could be
                written. The refusal stands in the minutes, under ``entry``.
        """
        trail = self._audit.open(caller.address, door="revocation")
        try:
            form = trail.form = Params.parse(body)
            self._fresh()
            known = await self._clients.authenticate(form, caller)
            client = trail.client = known.client
            trail.method = known.method
            return await self._end(client, form.require("token"), trail)
        except Exception as exc:
            raise await refused(self._audit, trail, exc) from exc

    async def turn_away(self, caller: Caller, error: OAuthError) -> OAuthError:
        """Record a request that is not even a form, and return what to tell the caller."""
        return await refused(self._audit, self._audit.open(caller.address, door="revocation"), error)

    async def _end(self, client: Client, token: str, trail: Trail) -> Ended:
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
        await self._revoked.add([Revoked(mark=mark, up_to=LATER, until=party.expires_at, entry=trail.entry)])
        trail.revoked = (f"token:{party.token_id}",)
        await self._audit.close(trail)
        return Ended(trail.entry)


class Feed:
    """Says what was revoked since somebody asked last, to clients that prove who they are.

    Whoever checks tokens by their signature follows it, and refuses a token one of whose marks it has named.

    Args:
        clients: says who asks.
        revoked: knows what was revoked.
        audit: takes the refusals; an answer is no entry.
        fresh: raises when what this process knows of the shared state may be out of date.
    """

    def __init__(
        self,
        *,
        clients: ClientAuthenticator,
        revoked: RevocationStore,
        audit: AuditLog,
        fresh: Callable[[], None],
    ) -> None:
        self._clients = clients
        self._revoked = revoked
        self._audit = audit
        self._fresh = fresh

    async def __call__(self, body: bytes, caller: Caller) -> JsonObject:
        """Answer one request.

        Args:
            body: the form, as received: the client's proof, and ``after``, the number that the last answer
                ended with; everything when it is left out.
            caller: who sent it.

        Returns:
            ``revoked``: each with its ``mark``, ``up_to`` and ``until`` (``core.lineage.Revoked``); ``last``,
            what to ask from next; and ``more``, whether to ask at once.

        Raises:
            OAuthError: as for ``Revocation``.
        """
        trail = self._audit.open(caller.address, door="revocation")
        try:
            form = trail.form = Params.parse(body)
            self._fresh()
            known = await self._clients.authenticate(form, caller)
            trail.client, trail.method = known.client, known.method
            if known.method == "none":
                raise InvalidClient(detail=f"{known.client.name} did not prove who it is")
            return self._told(_number(form.get("after")))
        except Exception as exc:
            raise await refused(self._audit, trail, exc) from exc

    async def turn_away(self, caller: Caller, error: OAuthError) -> OAuthError:
        """Record a request that is not even a form, and return what to tell the caller."""
        return await refused(self._audit, self._audit.open(caller.address, door="revocation"), error)

    def _told(self, after: int) -> JsonObject:
        rows = self._revoked.after(after, most=MOST_TOLD)
        more = len(rows) == MOST_TOLD
        return {
            "revoked": [{"mark": one.mark, "up_to": one.up_to, "until": one.until} for _, one in rows],
            "last": rows[-1][0] if rows else max(after, self._revoked.last),
            "more": more,
        }


def _number(text: str | None) -> int:
    if text is None:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise InvalidRequest(
            "malformed_request", detail="after is not a number that an earlier answer ended with"
        )
    return int(text)
