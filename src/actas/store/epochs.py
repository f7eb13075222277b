"""Epochs: a backup that is restored begins a new one, and nothing from before it is believed (REL-28).

What was restored is older than what happened. Which assertions were used since, and which tokens were
revoked, nobody knows any more. So the restore revokes **everything** that was issued until then
(``core.lineage.EVERYTHING``, one row among the revocations, which every node and every follower of the feed
reads within seconds), and what may happen once is refused when it could have happened before.

The row is kept for good; how many there are says which epoch it is.
"""

from __future__ import annotations

from typing import Final, NamedTuple, Protocol

from actas.core.errors import BadToken

AHEAD: Final = 35
"""Seconds after a restore in which what was issued may have been used before it: 30 by which the clock of
whoever issues may run ahead (SEC-19), and 5 by which nodes may differ (REL-13)."""


class Epoch(NamedTuple):
    """How often the database was restored, and when last.

    Attributes:
        number: 1 until the first time.
        since: when it was restored, seconds since the epoch; 0 when it never was.
        entry: the audit entry that says who did it; empty when it never was.
    """

    number: int = 1
    since: int = 0
    entry: str = ""

    def after(self, *, up_to: int, entry: str) -> Epoch:
        """Return the epoch that began when everything up to then was revoked."""
        since, by = (up_to, entry) if up_to > self.since else (self.since, self.entry)
        return Epoch(self.number + 1, since, by)


class HasEpoch(Protocol):
    """Knows the epoch. Answers from memory."""

    @property
    def epoch(self) -> Epoch:
        """The epoch as it was read last."""
        ...


class Claims(Protocol):
    """Remembers what may happen once."""

    async def claim(self, *, purpose: str, issuer: str, token_id: str, expires_at: int) -> bool:
        """Return True the first time, False ever after."""
        ...


class MarksOfEpoch:
    """Implements ``core.ports.MarkStore`` over marks, which a restore may have lost.

    What was issued before it may have been used, and so may what was issued a little later by a clock that
    runs ahead as far as it may (SEC-19). Neither lives long; whoever asks again with a fresh one is served.
    """

    def __init__(self, marks: Claims, revoked: HasEpoch) -> None:
        self._marks = marks
        self._revoked = revoked

    async def claim(
        self, *, purpose: str, issuer: str, token_id: str, issued_at: int, expires_at: int
    ) -> bool:
        first = await self._marks.claim(
            purpose=purpose, issuer=issuer, token_id=token_id, expires_at=expires_at
        )
        epoch = self._revoked.epoch
        if first and epoch.since and issued_at <= epoch.since + AHEAD:
            raise BadToken(
                f"it may have been used before: it was issued before, or just when, a backup of the database"
                f" was restored (epoch {epoch.number}, entry {epoch.entry})"
            )
        return first
