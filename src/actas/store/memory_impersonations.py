"""Impersonations that are kept nowhere beyond the process: for tests, held to the suite of the real ones."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Any

import msgspec

from actas.core.impersonation import (
    Begun,
    Impersonation,
    MarksRevoked,
    Place,
    Telling,
    TooMany,
    Wanted,
    the_same,
)
from actas.core.lineage import LATER, Lineage, Revoked
from actas.core.party import Identity
from actas.core.records import Record
from actas.store.impersonations import HOUR
from actas.store.memory_notices import MemoryNotices

Revoke = Callable[[Iterable[Revoked]], Awaitable[None]]


class MemoryImpersonations:
    """Implements ``core.impersonation.ImpersonationStore``.

    Args:
        revoked: says what was revoked.
        revoke: takes what is.

    Attributes:
        kept: by id.
        records: the audit entries that were kept with changes, and are not written.
        notices: what is to be told of them.
    """

    def __init__(self, *, revoked: Callable[[Lineage], Revoked | None], revoke: Revoke) -> None:
        self.records: list[Record] = []
        self.notices = MemoryNotices()
        self.kept: dict[str, Impersonation] = {}
        self._lineages: dict[str, Lineage] = {}
        self._revoked = revoked
        self._revoke = revoke

    def put(self, one: Impersonation) -> None:
        """Keep one as it is."""
        self.kept[one.id] = one
        self._lineages[one.id] = Lineage((one.mark,), one.requested_at)

    async def find(self, name: str) -> Impersonation | None:
        one = self.kept.get(name)
        lineage = self._lineages.get(name)
        if one is None or lineage is None:
            return one
        ended = self._revoked(lineage)
        if ended is not None and one.state in ("waiting", "approved", "running"):
            # The real ones are ended by whoever revokes.
            one = self._changed(one, state="ended", ended_why=f"revoked: entry {ended.entry}")
        return one

    async def begin(self, wanted: Wanted, name: str, mark: str, *, at: int, telling: Telling) -> Begun:
        lineage = Lineage((mark, *wanted.marks), wanted.since)
        if self._revoked(lineage) is not None:
            raise MarksRevoked
        there = the_same([one for one in reversed(self._of(wanted)) if one.is_live(at)], wanted)
        if there is not None and there.state in ("running", "waiting"):
            return Begun(impersonation=there, fresh=False)
        self._require_room(wanted, at=at, approved=there is not None)
        if there is not None:
            one = self._changed(there, state="running", began_at=at, until=at + there.lasts)
        else:
            one = self.kept[name] = _new(wanted, name, mark, at=at)
            self._lineages[name] = lineage
        self.records.append(telling(one))
        if one.state == "running":
            self.notices.begun(one.id, began_at=at, until=one.until)
        return Begun(impersonation=one, fresh=True)

    async def decide(
        self, name: str, *, approved: bool, by: str, why: str = "", at: int, telling: Telling
    ) -> Impersonation | None:
        one = await self.find(name)
        if one is None or one.state != "waiting" or at >= one.until:
            return None
        state, until = ("approved", at + one.approval_within) if approved else ("refused", at)
        said = "" if approved else why
        one = self._changed(one, state=state, until=until, decided_by=by, decided_at=at, ended_why=said)
        self.records.append(telling(one))
        return one

    async def end(self, name: str, *, by: str, why: str, at: int, telling: Telling) -> Impersonation | None:
        one = await self.find(name)
        if one is None or not one.is_live(at):
            return None
        until = max(one.until, at + one.lasts)
        one = self._changed(one, state="ended", until=at, ended_by=by, ended_why=why)
        self.notices.ended(name, at=at)
        self.records.append(telling(one))
        await self._revoke([Revoked(mark=one.mark, up_to=LATER, until=until, entry=self.records[-1].entry)])
        return one

    async def of_subject(
        self, subject: Identity, *, most: int, after: Place | None = None
    ) -> list[Impersonation]:
        found = [one for one in self.kept.values() if one.subject == subject and one.began_at > 0]
        return _page(found, most=most, after=after)

    async def running_as(self, subject: Identity, *, at: int) -> list[Impersonation]:
        running = [one for one in self.kept.values() if one.subject == subject and one.runs(at)]
        return _page(running, most=len(running), after=None)

    async def concerning(
        self, who: Identity, groups: Collection[str], *, most: int, after: Place | None = None
    ) -> list[Impersonation]:
        found = [
            one
            for one in self.kept.values()
            if who in (one.administrator.identity, one.subject) or set(one.approval[:1]) & set(groups)
        ]
        return _page(found, most=most, after=after)

    async def newest(self, *, most: int, after: Place | None = None) -> list[Impersonation]:
        return _page(self.kept.values(), most=most, after=after)

    async def written(self, entry: str) -> None:
        self.records = [one for one in self.records if one.entry != entry]

    def _changed(self, one: Impersonation, **changes: Any) -> Impersonation:
        changed = self.kept[one.id] = msgspec.structs.replace(one, **changes)
        return changed

    def _of(self, wanted: Wanted) -> list[Impersonation]:
        identity = wanted.administrator.identity
        return [one for one in self.kept.values() if one.administrator.identity == identity]

    def _require_room(self, wanted: Wanted, *, at: int, approved: bool) -> None:
        running = sorted(
            (one for one in self._of(wanted) if one.runs(at)), key=lambda one: (one.until, one.id)
        )
        if len(running) >= wanted.at_once:
            raise TooMany("too many at once", retry_after=max(1, running[0].until - at), running=running)
        lately = [one.requested_at for one in self._of(wanted) if one.requested_at > at - HOUR]
        if not approved and len(lately) >= wanted.per_hour:
            raise TooMany("too many within an hour", retry_after=max(1, min(lately) + HOUR - at))


def _page(found: Iterable[Impersonation], *, most: int, after: Place | None) -> list[Impersonation]:
    ordered = sorted(found, key=lambda one: (-one.requested_at, one.id))
    if after is not None:
        start = (-after.requested_at, after.id)
        ordered = [one for one in ordered if (-one.requested_at, one.id) > start]
    return ordered[:most]


def _new(wanted: Wanted, name: str, mark: str, *, at: int) -> Impersonation:
    waits = bool(wanted.approval)
    return Impersonation(
        id=name,
        mark=mark,
        state="waiting" if waits else "running",
        form=wanted.form,
        administrator=wanted.administrator,
        vouched_by=wanted.vouched_by,
        client=wanted.client,
        subject=wanted.subject,
        why=wanted.why,
        apis=wanted.apis,
        scope=wanted.scope,
        rules=wanted.rules,
        names_actor=wanted.names_actor,
        approval=wanted.approval,
        approval_within=wanted.approval_within,
        lasts=wanted.lasts,
        requested_at=at,
        until=at + (wanted.approval_within if waits else wanted.lasts),
        began_at=0 if waits else at,
    )
