"""Redeeming grants for clients: what is done once a grant is decided, made and written down (IDC-60).

The grant never leaves for the client. It is sent to the server that it is for, by whom we are there, and what
comes back is looked at as a stranger's (``their_answer``), written down in an entry of its own, and handed
on. The two entries name the ``jti`` of the grant. Until the second is written, nobody knows what became of
the grant, and the log says so of the first after a crash (REL-03).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, Protocol
from urllib.parse import urlencode

from actas.audit.log import AuditLog
from actas.audit.refusal import refused
from actas.audit.stream import Receipt
from actas.audit.trail import Trail
from actas.core.abroad import Abroad, Redeemed
from actas.core.errors import OAuthError
from actas.core.errors_of_cross_app import BadGateway
from actas.core.issued import Issued
from actas.core.metrics import REDEEMED_THERE, Meter
from actas.core.permit import Permit
from actas.core.places import waiting_for_others
from actas.core.ports import FetchFailed, JsonObject, Post
from actas.core.wire import JWT_BEARER
from actas.issuers.client_assertion import Shown, ShowsWhoWeAre, There
from actas.kinds.their_answer import Came, Declined, Wanted, read_answer, silent
from actas.policy.connections import Connection
from actas.trust.counterpart import Counterpart, NotTheirs
from actas.trust.redeemers import Attempt

NOT_SENT: Final = "the grant was not sent"
"""How the detail of a refusal ends where it did not leave this server."""

_FORM: dict[str, str] = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}


class Finds(Protocol):
    """Knows where other domains' servers redeem grants (``trust.redeemers``)."""

    async def find(self, issuer: str, *, hosts: frozenset[str], by: str) -> tuple[Counterpart, str]:
        """Return a server, and the address of its token endpoint.

        Args:
            by: the name of the connection that leads there.

        Raises:
            NotTheirs: what answers there is another server, or takes grants nowhere that is on record.
            FetchFailed: it does not answer.
        """
        ...

    def attempt(self, issuer: str, *, by: str) -> AbstractAsyncContextManager[Attempt]:
        """Send a grant to it inside, and say what came of it.

        Raises:
            LeftAlone: it is not asked now. Nothing is sent.
        """
        ...


class Connects(Protocol):
    """Finds connections. Answers from memory."""

    def connection(self, name: str) -> Connection | None:
        """Return that connection, or None."""
        ...


class Ready(NamedTuple):
    """A server that takes a grant now, by which connection, and what shows it who we are."""

    to: Abroad
    there: There
    shown: Shown


class HandedOn(NamedTuple):
    """What a client gets: the members of the answer, and the entry that tells of it."""

    body: JsonObject
    entry: str


class Redeems(Protocol):
    """Redeems grants for clients.

    Attributes:
        holds: raises ``OAuthError`` when what was permitted would not be any more: somebody else was waited
            for meanwhile.
    """

    @property
    def holds(self) -> Callable[[Permit], None]: ...

    async def ready(self, permit: Permit) -> Ready | None:
        """Return the server that is to redeem what is permitted; None where we redeem nothing.

        Raises:
            OAuthError: it cannot be asked now.
            StoreUnavailable: no key of ours is ready.
        """
        ...

    async def redeem(
        self, permit: Permit, issued: Issued, *, at: Ready, trail: Trail, receipt: Receipt | None
    ) -> HandedOn:
        """Redeem a grant, write down what came of it, and return that.

        Args:
            at: the server.
            trail: of the attempt that gave the grant, which is written.
            receipt: of its entry.

        Raises:
            OAuthError: nothing is handed on. It stands in the minutes.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RedeemsForClients:
    """Implements ``Redeems``, under one configuration.

    Attributes:
        servers: where grants are redeemed; ``post`` is the way there.
        showing: shows them who we are.
        holds: asked before anything leaves, and again when there is an answer.
        digest: names tokens in the minutes.
        settled: told of the entry of a grant once it is known what became of it.
    """

    servers: Finds
    connections: Connects
    post: Post
    showing: ShowsWhoWeAre
    holds: Callable[[Permit], None]
    digest: Callable[[str], str]
    audit: AuditLog
    settled: Callable[[Receipt], None]
    meter: Meter

    async def ready(self, permit: Permit) -> Ready | None:
        """Return the server that is to redeem what is permitted, before there is a grant for it."""
        if permit.abroad is None or not permit.abroad.to.redeems:
            return None
        to = permit.abroad.to
        connection = self.connections.connection(to.connection)
        if connection is None or connection.ourselves is None:
            raise ValueError(f"{to.connection} redeems as nobody")
        try:
            found, endpoint = await self.servers.find(to.issuer, hosts=connection.hosts, by=to.connection)
        except NotTheirs as other:
            raise BadGateway("bad_answer_there", detail=other.detail) from None
        except FetchFailed as failed:
            raise silent(to.issuer, failed.detail) from None
        there = There(issuer=to.issuer, token_endpoint=endpoint, by_form=found.by_form)
        return Ready(to, there, await self.showing.to(there, connection.ourselves))

    async def redeem(
        self, permit: Permit, issued: Issued, *, at: Ready, trail: Trail, receipt: Receipt | None
    ) -> HandedOn:
        """Redeem a grant, write down what came of it, and return that."""
        after = self.audit.open(trail.source, door="abroad")
        after.follow(trail)
        told = Redeemed(entry=trail.entry, jti=issued.id, grant=issued.digest, server=at.there.issuer)
        after.redeemed = told
        name = at.to.connection
        try:
            came = await self._answered(permit, issued, at)
            if isinstance(came, Declined):
                after.redeemed = replace(told, said=came.said)
                raise came.error
            after.redeemed = replace(
                told,
                digest=self.digest(came.token.reveal()),
                scheme=came.scheme,
                scope=came.scope,
                expires_in=came.expires_in,
                dropped=came.dropped,
            )
            self.holds(permit)
            await self.audit.close(after)
        except Exception as exc:
            refusal = await refused(self.audit, after, exc)
            self.meter.count(REDEEMED_THERE, name, refusal.reason)
            if receipt is not None and refusal.entry is not None:
                self.settled(receipt)
            raise refusal from exc
        self.meter.count(REDEEMED_THERE, name, "granted")
        return HandedOn(came.body(), after.entry)

    async def _answered(self, permit: Permit, issued: Issued, at: Ready) -> Came | Declined:
        """Return what comes back.

        Raises:
            OAuthError: nothing does, or the grant was not sent.
        """
        grant, there = issued.token.reveal(), at.there
        wanted = Wanted(
            server=there.issuer,
            scope=issued.scope,
            bound=permit.confirmation is not None,
            secrets=(grant, *at.shown.secrets),
        )
        form = [("grant_type", JWT_BEARER), ("assertion", grant), *_places(at.to), *at.shown.form.items()]
        body = urlencode(form).encode("ascii")
        try:
            async with self.servers.attempt(there.issuer, by=at.to.connection) as attempt:
                self.holds(permit)  # the last moment at which nothing has left
                with waiting_for_others():
                    answer = await self.post.post(
                        there.token_endpoint, body, headers={**_FORM, **at.shown.headers}
                    )
                found = read_answer(answer, wanted)
                if isinstance(found, Declined) and found.error.reason == "upstream_down":
                    attempt.later = f"it answers with status {answer.status}"
                return found
        except FetchFailed as failed:
            raise _unanswered(there.issuer, failed) from None


def _places(to: Abroad) -> list[tuple[str, str]]:
    """Return the APIs that are named beside a grant which says none itself (identity chaining 2.4.1)."""
    return [] if to.grant == "id_jag" else [("resource", one) for one in to.resources]


def _unanswered(server: str, failed: FetchFailed) -> OAuthError:
    if failed.status is not None and failed.status < 500:
        detail = f"what {server} answered is not handed on: {failed.detail}"
        return BadGateway("bad_answer_there", detail=detail)
    if not failed.sent:
        return silent(server, f"{failed.detail}; {NOT_SENT}")
    return silent(server, f"{failed.detail}; whether it gave a token for the grant is not known")
