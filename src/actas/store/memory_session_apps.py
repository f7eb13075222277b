"""Which apps sessions have served, in memory only: for tests, held to the same suite as the real store."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import msgspec

from actas.core.errors import StoreUnavailable
from actas.core.lineage import Lineage, Revoked
from actas.core.ports import Clock
from actas.signin.served import DueNotice, Leaver, ServedApp, Trouble
from actas.store.session_app_rows import KEPT_DUE
from actas.store.session_apps import KEPT_LONGER


@dataclass(slots=True)
class _Row:
    app: ServedApp
    ended_at: int = 0
    entry: str = ""
    tries: int = 0
    next_at: int = 0
    until: int = 0
    trouble: str = ""


class MemorySessionApps:
    """Implements ``signin.served.SessionApps``.

    Args:
        revoked: says what was revoked.

    Attributes:
        broken: whether the database is away.
    """

    def __init__(self, *, clock: Clock, revoked: Callable[[Lineage], Revoked | None]) -> None:
        self._clock = clock
        self._revoked = revoked
        self._rows: dict[str, _Row] = {}
        self._made = 0
        self.broken = False

    async def serve(self, app: ServedApp) -> bool:
        self._require()
        if self._revoked(Lineage((app.session, app.person, app.origin), app.since)) is not None:
            return False
        for row in self._rows.values():
            if (row.app.session, row.app.client, row.ended_at) == (app.session, app.client, 0):
                row.app = msgspec.structs.replace(row.app, ends_at=max(row.app.ends_at, app.ends_at))
                return True
        self._made += 1
        self._rows[f"notice-{self._made}"] = _Row(app)
        return True

    def end(self, revoked: Collection[Revoked]) -> None:
        """Have the apps told whose sessions revocations end."""
        for one in revoked:
            for row in self._rows.values():
                app = row.app
                if one.mark in (app.session, app.person, app.origin) and app.since <= one.up_to:
                    self._end(row, entry=one.entry)

    async def signed_in(self, *, at: int) -> set[Leaver]:
        self._require()
        standing = [row.app for row in self._rows.values() if not row.ended_at and row.app.ends_at > at]
        return {Leaver(one.subject, one.vouched_by) for one in standing}

    async def end_of(self, leavers: Collection[Leaver], *, at: int) -> int:
        self._require()
        theirs = [
            row
            for row in self._rows.values()
            if Leaver(row.app.subject, row.app.vouched_by) in leavers and not row.ended_at
        ]
        return sum(self._end(row, entry="") for row in theirs if row.app.ends_at > at)

    async def waiting(self, *, at: int) -> Sequence[str]:
        self._require()
        return sorted({row.app.client for row in self._rows.values() if row.ended_at and row.next_at <= at})

    async def claim(self, client: str, *, most: int, at: int, until: int) -> Sequence[DueNotice]:
        self._require()
        due = [
            (name, row)
            for name, row in self._rows.items()
            if row.app.client == client and row.ended_at and row.next_at <= at
        ]
        for _, row in due[:most]:
            row.tries, row.next_at = row.tries + 1, until
        return [
            DueNotice(
                id=name,
                sid=row.app.sid,
                client=client,
                subject=row.app.subject,
                ended_at=row.ended_at,
                entry=row.entry,
                tries=row.tries,
            )
            for name, row in due[:most]
        ]

    async def postpone(self, notice: DueNotice, *, next_at: int, detail: str) -> None:
        self._require()
        row = self._rows.get(notice.id)
        if row is not None and row.tries == notice.tries:
            row.next_at, row.trouble = next_at, detail

    async def settle(self, notices: Collection[DueNotice]) -> None:
        self._require()
        for notice in notices:
            row = self._rows.get(notice.id)
            if row is not None and row.tries == notice.tries:
                del self._rows[notice.id]

    async def troubles(self) -> Sequence[Trouble]:
        self._require()
        found: list[Trouble] = []
        failed = [row for row in self._rows.values() if row.ended_at and row.trouble]
        for client in sorted({row.app.client for row in failed}):
            theirs = [row for row in failed if row.app.client == client]
            worst = max(theirs, key=lambda row: row.tries)
            found.append(Trouble(client, len(theirs), worst.tries, worst.trouble))
        return found

    async def sweep(self) -> int:
        self._require()
        before = int(self._clock.now()) - KEPT_LONGER
        old = [name for name, row in self._rows.items() if (row.until or row.app.ends_at) < before]
        for name in old:
            del self._rows[name]
        return len(old)

    def _end(self, row: _Row, *, entry: str) -> bool:
        now = int(self._clock.now())
        if row.ended_at or row.app.ends_at <= now:
            return False
        row.ended_at, row.next_at, row.until, row.entry = now, now, now + KEPT_DUE, entry
        return True

    def _require(self) -> None:
        if self.broken:
            raise StoreUnavailable("the database is away")
