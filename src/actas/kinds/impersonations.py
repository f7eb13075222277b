"""Step 5 of an administrative impersonation: it begins, or goes on, before a token of it is made.

What becomes of it is kept with its entry, which is written at once, ahead of the token's own: so the minutes
have the administrator, the reason and the ticket even of a token that never left.
"""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import Final

import msgspec

from actas.audit.impersonations import record_of
from actas.audit.log import Writes, write_kept
from actas.core.errors import ApprovalPending, InvalidRequest, StoreUnavailable, TooManyRequests
from actas.core.impersonation import (
    Begun,
    Impersonation,
    ImpersonationStore,
    MarksRevoked,
    Telling,
    TooMany,
    Wanted,
    covers,
)
from actas.core.lineage import Lineage, Marking
from actas.core.permit import Permit
from actas.core.ports import Chance, Clock, Json
from actas.core.records import Record
from actas.crypto import impersonation_ids

MOST_NAMED: Final = 20
"""Running impersonations that a refusal names, those that end first."""


class Impersonations:
    """Begins impersonations, and takes back what nobody has.

    Args:
        issuer: our own issuer identifier.
        kept: where they are.
        marking: makes their names, and the marks by which they end.
        minutes: takes the entries.
    """

    def __init__(
        self,
        *,
        issuer: str,
        kept: ImpersonationStore,
        marking: Marking,
        minutes: Writes,
        chance: Chance,
        clock: Clock,
    ) -> None:
        self._issuer = issuer
        self._kept = kept
        self._marking = marking
        self._minutes = minutes
        self._chance = chance
        self._clock = clock

    async def begin(self, permit: Permit, wanted: Wanted) -> tuple[Permit, Begun]:
        """Return the permit of a token of it, and what runs now.

        Raises:
            ApprovalPending: somebody has to approve it first.
            TooManyRequests: the administrator has as many as they may.
            InvalidRequest: something that it comes from was revoked at this very moment.
            AuditUnavailable, StoreUnavailable: it could not be kept; nothing may be issued.
        """
        begun = await self._begun(wanted, permit.issued_at)
        one = begun.impersonation
        if one.state == "waiting":
            detail = f"the impersonation {one.id} waits for somebody of {', '.join(one.approval)}"
            raise ApprovalPending(waiting=one.id, detail=detail)
        if not covers(one, wanted):
            detail = (
                f"the impersonation {one.id} was approved for {' '.join(one.scope)} at {' '.join(one.apis)}"
            )
            raise InvalidRequest("approval_needed", detail=detail)
        known = permit.lineage
        # It may go on under a rule that lets it last less.
        ends = min(one.until, one.began_at + wanted.lasts)
        if ends <= permit.issued_at:
            detail = f"the impersonation {one.id} has lasted for the {wanted.lasts} s that a rule allows"
            raise InvalidRequest("impersonation_ended", detail=detail)
        return msgspec.structs.replace(
            permit,
            txn=one.id,
            expires_at=min(permit.expires_at, ends),
            not_after=ends if permit.not_after is None else min(permit.not_after, ends),
            lineage=Lineage((one.mark, *known.marks), known.since),
        ), begun

    async def decide(self, name: str, *, approved: bool, by: str, why: str = "") -> Impersonation | None:
        """Approve one that waits, or refuse to; None when it does not wait any more.

        Args:
            by: who decides, as ``ISSUER NAME``.
            why: what whoever refuses says.

        Raises:
            AuditUnavailable: it is decided, and stands in the minutes later.
            StoreUnavailable: nobody knows.
        """
        drawn: list[Record] = []
        at = int(self._clock.now())
        found = await self._kept.decide(
            name, approved=approved, by=by, why=why, at=at, telling=self._noting(drawn)
        )
        await self._write(drawn)
        return found

    async def end(self, name: str, *, by: str, why: str) -> Impersonation | None:
        """End one with every token that came of it; None when it had ended.

        Args:
            by: who ends it, as ``ISSUER NAME``.
            why: what they say.

        Raises:
            AuditUnavailable: it has ended, and stands in the minutes later.
            StoreUnavailable: nobody knows.
        """
        drawn: list[Record] = []
        at = int(self._clock.now())
        found = await self._kept.end(name, by=by, why=why, at=at, telling=self._noting(drawn))
        if found is not None:
            await self._write(drawn)
        return found

    async def take_back(self, begun: Begun) -> None:
        """End one that began for a token that never left, as far as that can be done."""
        if not begun.fresh:
            return
        why, at = "its first token could not be given, and never left", int(self._clock.now())
        with contextlib.suppress(StoreUnavailable):  # then it lapses by itself, and nobody has a token of it
            await self._kept.end(begun.impersonation.id, by="", why=why, at=at, telling=self._told)

    async def _begun(self, wanted: Wanted, at: int) -> Begun:
        name = impersonation_ids.make(chance=self._chance, marking=self._marking)
        mark = self._marking.mark("token", self._issuer, name)
        drawn: list[Record] = []
        try:
            begun = await self._kept.begin(wanted, name, mark, at=at, telling=self._noting(drawn))
        except TooMany as many:
            raise _too_many(many) from many
        except MarksRevoked as gone:
            detail = "what the impersonation comes from was revoked at this very moment"
            raise InvalidRequest("revoked", detail=detail) from gone
        try:
            await self._write(drawn)
        except Exception:
            await self.take_back(begun)
            raise
        return begun

    def _noting(self, drawn: list[Record]) -> Telling:
        """Return what draws up an entry, and notes which."""

        def telling(one: Impersonation) -> Record:
            drawn.append(self._told(one))
            return drawn[-1]

        return telling

    async def _write(self, drawn: list[Record]) -> None:
        for record in drawn:
            await write_kept(self._minutes, record, kept=self._kept)

    def _told(self, one: Impersonation) -> Record:
        return record_of(one, now=self._clock.now(), chance=self._chance)


def _too_many(many: TooMany) -> TooManyRequests:
    """Return the refusal of one more. It names those that run: they are the administrator's own to end."""
    named = many.running[:MOST_NAMED]
    said = [f"{one.id} as {one.subject.subject} until {_instant(one.until)}" for one in named]
    detail = f"{many.detail}: {', '.join(said)}" if said else many.detail
    refusal = TooManyRequests("too_many_impersonations", detail=detail, retry_after=many.retry_after)
    if named:
        running: list[Json] = [
            {
                "id": one.id,
                "subject": {"iss": one.subject.issuer, "sub": one.subject.subject},
                "until": one.until,
            }
            for one in named
        ]
        refusal.members = {"impersonations": running}
    return refusal


def _instant(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
