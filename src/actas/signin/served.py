"""Which apps a session has served, so that each can be told when it ends (Back-Channel Logout 1.0).

An app is noted before its first token leaves, in the turn of those who revoke: a session that ends at that
moment either knows of the app, or the app gets nothing. Whatever ends the session, its person or the issuer
that vouches for them ends it here in the same transaction (``store.session_apps``), and from then on the app
is to be told, whichever process dies.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple, Protocol

import msgspec

from actas.core.errors import InvalidGrant
from actas.core.lineage import Marking
from actas.core.party import Identity
from actas.core.sign_in import Authorization
from actas.subjects.authorization_code import mark_of_session
from actas.subjects.live import LiveClients
from actas.subjects.revoked import mark_of_party


class ServedApp(msgspec.Struct, frozen=True, kw_only=True):
    """An app that got tokens in a session.

    Attributes:
        sid: the session, as apps know it.
        subject: who signed in, as the app knows them.
        vouched_by: the issuer that vouches for them; our own for a person of ours.
        session: the mark of the session; ``person`` and ``origin`` those of who signed in, here and there.
        since: when they proved who they are, seconds since the epoch.
        ends_at: when the session ends by itself, seconds since the epoch.
    """

    sid: str
    client: str
    subject: str
    vouched_by: str
    session: str
    person: str
    origin: str
    since: int
    ends_at: int


class Leaver(NamedTuple):
    """Somebody who is signed in: their subject here, and the issuer that vouches for them."""

    subject: str
    vouched_by: str


class DueNotice(msgspec.Struct, frozen=True, kw_only=True):
    """An app that is to be told that a session ended.

    Attributes:
        id: names it in the store.
        ended_at: when the session ended, seconds since the epoch.
        entry: the audit entry of what ended it; empty for a change of the configuration.
        tries: how often it was tried, this time included.
    """

    id: str
    sid: str
    client: str
    subject: str
    ended_at: int
    entry: str
    tries: int


class Trouble(NamedTuple):
    """What stands between an app and what it is to be told.

    Attributes:
        waiting: notices that were tried and did not arrive.
        tries: how often the one was that was tried most.
        detail: why the one tried most failed last.
    """

    client: str
    waiting: int
    tries: int
    detail: str


class SessionApps(Protocol):
    """Keeps which apps sessions have served, and which of them are to be told.

    Times are seconds since the epoch. Every method raises ``StoreUnavailable``.
    """

    async def serve(self, app: ServedApp) -> bool:
        """Note that an app is served; False, and nothing is kept, when the session has ended already."""
        ...

    async def signed_in(self, *, at: int) -> Collection[Leaver]:
        """Return everybody whose sessions served an app and have not ended at that time."""
        ...

    async def end_of(self, leavers: Collection[Leaver], *, at: int) -> int:
        """End what these people's sessions served, and return how many apps are to be told."""
        ...

    async def waiting(self, *, at: int) -> Sequence[str]:
        """Return the clients for which a notice is due."""
        ...

    async def claim(self, client: str, *, most: int, at: int, until: int) -> Sequence[DueNotice]:
        """Take notices for a client that are due; nobody else does before ``until``."""
        ...

    async def postpone(self, notice: DueNotice, *, next_at: int, detail: str) -> None:
        """Note that a notice did not arrive, and when it is tried again. Nothing when another took it."""
        ...

    async def settle(self, notices: Collection[DueNotice]) -> None:
        """Forget notices: they arrived, or nobody is to get them. Those that another took since stay."""
        ...

    async def troubles(self) -> Sequence[Trouble]:
        """Return which clients cannot be told, by name."""
        ...

    async def sweep(self) -> int:
        """Forget the apps of sessions that ended, in small steps, and return how many."""
        ...


class Serving:
    """Implements ``kinds.fulfilment.Serves``.

    Args:
        issuer: our own issuer identifier.
        clients: those in force.
    """

    def __init__(self, *, issuer: str, clients: LiveClients, store: SessionApps, marking: Marking) -> None:
        self._issuer = issuer
        self._clients = clients
        self._store = store
        self._marking = marking

    async def serve(self, authorization: Authorization) -> None:
        """Note that a session serves an app, if that wants to be told when it ends.

        Of any other nothing is noted, and nobody waits for the turn of all that is revoked: what it is given
        bears the marks of the session, and ends with it.

        Raises:
            InvalidGrant: the session has ended.
            StoreUnavailable: nobody knows, or it could not be noted.
        """
        client = self._clients.client(authorization.client)
        if client is None or client.sign_in is None or not client.sign_in.told_at:
            return
        signed_in = authorization.sign_in
        app = ServedApp(
            sid=signed_in.sid,
            client=authorization.client,
            subject=signed_in.person.subject,
            vouched_by=signed_in.origin.issuer,
            session=mark_of_session(self._marking, self._issuer, signed_in.sid),
            person=self._mark(signed_in.person),
            origin=self._mark(signed_in.origin),
            since=signed_in.at,
            ends_at=signed_in.ends_at,
        )
        if not await self._store.serve(app):
            raise InvalidGrant("revoked", detail="the session that the code was given in has ended")

    def _mark(self, identity: Identity) -> str:
        return mark_of_party(self._marking, identity)
