"""Refresh tokens: what one may be used for, and the line of successors that each belongs to.

A **family** begins with an exchange whose rule allows it, and is that exchange, to be done again: the same
client for the same subject, under the rules of the day. Each refresh token of a family is good once; the next
one comes with the answer. Whoever presents one that was good earlier shows that there are two copies, and the
family ends (RFC 9700 section 4.14.2).
"""

from __future__ import annotations

from typing import Literal

import msgspec

from actas.core.confirmation import Confirmation
from actas.core.errors import BadToken
from actas.core.lineage import Lineage
from actas.core.party import Actor, Party
from actas.core.sign_in import Authorization


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """An exchange that may be done again.

    Attributes:
        id: names it, as ``jti`` names a token; empty until it begins.
        client: who may do it again.
        kind: the kind of exchange.
        subject: the proven party of the subject token, as it was then.
        actors: the chain of its tokens, newest first.
        apis: the names of the APIs that its tokens may be for, and their audiences.
        scope: the scopes that its tokens may have at most.
        confirmation: the key that its refresh tokens are bound to, or None.
        lineage: what would end it.
        txn: the root of its lineage.
        began: when, seconds since the epoch.
        ends_at: when it ends, however often it is used, seconds since the epoch.
        idle: seconds after which it ends when it is not used.
        authorization: the sign-in that it began with, or None.
    """

    id: str
    client: str
    kind: str
    subject: Party
    actors: tuple[Actor, ...]
    apis: tuple[str, ...]
    audience: tuple[str, ...]
    scope: frozenset[str]
    confirmation: Confirmation | None
    lineage: Lineage
    txn: str
    began: int
    ends_at: int
    idle: int
    authorization: Authorization | None = None

    def idle_until(self, now: int) -> int:
        """Return when a refresh token that is given out now ends if nobody uses it."""
        return min(now + self.idle, self.ends_at)


class Renewal(msgspec.Struct, frozen=True, kw_only=True):
    """A refresh token that was proven to be good now.

    Attributes:
        digest: its keyed digest.
        generation: how many came before it.
        until: its end when it is not used, seconds since the epoch.
        renewed_at: when it took the place of the one before, seconds since the epoch.
    """

    family: Family
    digest: str
    generation: int
    until: int
    renewed_at: int


class Spent(BadToken):
    """A refresh token was genuine and is good no more: another took its place.

    Args:
        detail: for administrators.
        why: ``refresh_repeated`` when that was a moment ago and the successor was not used yet.
        family: the id of the family; ``client``, ``confirmation`` and ``ends_at`` as of the family.
    """

    def __init__(
        self,
        detail: str,
        *,
        why: Literal["refresh_repeated", "refresh_reused", "code_reused"],
        family: str,
        client: str,
        confirmation: Confirmation | None,
        ends_at: int,
    ) -> None:
        super().__init__(detail, why=why)
        self.family = family
        self.client = client
        self.confirmation = confirmation
        self.ends_at = ends_at
