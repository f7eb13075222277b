"""Administrators take away what somebody signs in with, who has lost it; and what deleted people had goes.

Nothing is given: what is taken away, the person sets up again. Whoever resets somebody's second step and
knows their password can be them, so it is the owner's to do, with a reason, and it is in the audit log.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from actas.audit.event import person_document
from actas.audit.log import Minutes, draw_up, write_kept
from actas.core.ports import Chance, Clock, JsonObject
from actas.core.records import Record
from actas.signin.credentials import Credentials
from actas.signin.holdings import Kind
from actas.signin.sessions import Sessions

Lost = Literal["codes", "passkeys", "everything"]
"""What is taken away: codes of apps with recovery codes, passkeys, or all there is. When the password is
among it, the one of the configuration is good again."""

OF: Final[dict[Lost, frozenset[Kind]]] = {
    "codes": frozenset({"code", "recovery"}),
    "passkeys": frozenset({"passkey"}),
    "everything": frozenset({"password", "code", "recovery", "passkey"}),
}
"""The kinds of what each word takes away."""


class Resetting:
    """Takes away what people sign in with.

    Args:
        issuer: our own issuer identifier.
    """

    def __init__(
        self,
        *,
        issuer: str,
        credentials: Credentials,
        sessions: Sessions,
        audit: Minutes,
        chance: Chance,
        clock: Clock,
    ) -> None:
        self._issuer = issuer
        self._credentials = credentials
        self._sessions = sessions
        self._audit = audit
        self._chance = chance
        self._clock = clock

    async def reset(
        self, subject: str, lost: Iterable[Lost], *, by: JsonObject, why: str
    ) -> tuple[Kind, ...]:
        """Take away what somebody has lost, end their sessions, and return what there was of it.

        Args:
            by: who wants it, as entries say it.
            why: for the entry.

        Raises:
            AuditUnavailable: it was done, and is written down later.
            StoreUnavailable: nobody knows whether it was done; to try again does no harm.
        """
        words = frozenset(lost)
        kinds = frozenset[Kind]().union(*(OF[one] for one in words))
        there = await self._taken(subject, words, kinds, by=by, why=why)
        # A session that was alive until then may have added something meanwhile.
        if any(one.kind in kinds for one in await self._credentials.list(subject)):
            await self._taken(subject, words, kinds, by=by, why=why)
        return there

    async def _taken(
        self, subject: str, words: frozenset[Lost], kinds: frozenset[Kind], *, by: JsonObject, why: str
    ) -> tuple[Kind, ...]:
        held = [one for one in await self._credentials.list(subject) if one.kind in kinds]
        found: dict[Kind, None] = {one.kind: None for one in held}
        there = tuple(found)
        record = self._record("credentials:reset", subject, what=sorted(there), by=by, why=why)
        if "everything" in words:
            await self._credentials.forget(subject, record=record)
        else:
            await self._credentials.remove(subject, *(one.id for one in held), record=record)
        await self._write(record)  # also when there was nothing: somebody wanted it
        ending = self._record("session:others_ended", subject, sid=None, by="a reset")
        await self._sessions.end_others(subject, but=None, record=ending)
        await self._write(ending)
        return there

    async def forget(self, subject: str) -> bool:
        """Take everything from somebody who was deleted; False when they have nothing (SEC-97).

        Raises:
            AuditUnavailable: it was done, and is written down later.
            StoreUnavailable: nobody knows whether it was done.
        """
        held = await self._credentials.list(subject)
        what = sorted({one.kind for one in held})
        record = self._record(
            "credentials:reset", subject, what=what, by={"via": "server"}, why="the user was deleted"
        )
        gone = await self._credentials.forget(subject, record=record)
        if gone:
            await self._write(record)
        return gone

    def _record(
        self, event: Literal["credentials:reset", "session:others_ended"], subject: str, **members: object
    ) -> Record:
        whose = person_document(self._issuer, subject)
        return draw_up(event, now=self._clock.now(), chance=self._chance, subject=whose, **members)

    async def _write(self, record: Record) -> None:
        await write_kept(self._audit, record, kept=self._sessions)
