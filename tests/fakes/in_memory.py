"""What a ``House`` keeps, in lists and sets: the audit log, used ids, revocations, an issuer's keys.

Each can be told to fail, and each shows what it was given.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from actas.audit.stream import Receipt
from actas.core.errors import AuditUnavailable, StoreUnavailable
from actas.core.lineage import Lineage, Revoked
from actas.core.records import Record
from actas.crypto import jose
from actas.trust.registry import TrustedIssuer


class ListWriter:
    """An audit stream in a list. ``broken`` makes it refuse."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.lines: list[bytes] = []
        self.broken = False
        self.out: list[Receipt] = []

    async def append(self, body: bytes) -> Receipt:
        if self.broken:
            raise AuditUnavailable("the disk is full")
        self.lines.append(body)
        self.events.append(json.loads(body))
        return Receipt("s1", len(self.events))

    def delivered(self, receipt: Receipt) -> None:
        self.out.append(receipt)


class SetMarks:
    """Single-use marks in a set."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, str, str]] = set()

    async def claim(
        self, *, purpose: str, issuer: str, token_id: str, issued_at: int, expires_at: int
    ) -> bool:
        key = (purpose, issuer, token_id)
        if key in self.seen:
            return False
        self.seen.add(key)
        return True


class FreshFollower:
    """Has just read everything; ``stale`` makes it say that it could not."""

    def __init__(self) -> None:
        self.stale: str | None = None
        self.read_ago = 0.0

    def age(self) -> float:
        return self.read_ago

    def require_fresh(self) -> None:
        if self.stale is not None:
            raise StoreUnavailable(self.stale)


class ListedRevocations:
    """What was revoked, in a list; ``broken`` makes it refuse. ``waiting`` are entries that are not written;
    ``ends`` is told what is revoked, as what ends with it is in the same transaction.
    """

    def __init__(self) -> None:
        self.listed: list[Revoked] = []
        self.waiting: list[Record] = []
        self.broken = False
        self.ends: Callable[[list[Revoked]], None] = lambda _: None

    @property
    def last(self) -> int:
        return len(self.listed)

    def against(self, lineage: Lineage) -> Revoked | None:
        for one in self.listed:
            if one.mark in lineage.marks and lineage.since <= one.up_to:
                return one
        return None

    def after(self, seq: int, *, most: int) -> list[tuple[int, Revoked]]:
        return list(enumerate(self.listed, 1))[seq : seq + most]

    async def add(self, revoked: Iterable[Revoked], *, record: Record | None = None) -> None:
        if self.broken:
            raise StoreUnavailable("the database is away")
        revoked = list(revoked)
        self.listed += revoked
        self.ends(revoked)
        self.waiting += [] if record is None else [record]

    async def written(self, entry: str) -> None:
        self.waiting = [one for one in self.waiting if one.entry != entry]


class InlineKeys:
    """The keys that a trusted issuer's registration holds."""

    async def key(self, issuer: TrustedIssuer, *, kid: str | None, algorithm: str) -> jose.PublicKey:
        from actas.core.errors import BadToken

        for jwk in issuer.keys:
            key = jose.PublicKey.from_jwk(jwk, algorithms=issuer.algorithms)
            if key.kid == kid and key.algorithm == algorithm:
                return key
        raise BadToken("the issuer has no such key")
