"""Whoever may change what they sign in with, and how each change is written down.

That is who is signed in at the browser, proved it a few minutes ago, and is a person of ours: ``Owner``
stands for all of it, and every change takes one. A token opens none of it (SEC-48).

What is changed is kept together with its audit entry, which says what was changed and never what to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal

import msgspec

from actas.audit.event import person_document
from actas.audit.log import Minutes, draw_up, write_kept
from actas.audit.refusal import refused
from actas.core.errors import OAuthError
from actas.core.person import Person
from actas.core.ports import Chance, Clock
from actas.core.records import Record
from actas.signin.holdings import Kind
from actas.signin.proving import Directory, Proving, Visitor
from actas.signin.sessions import Session, Sessions
from actas.signin.steps import AskWho, Then

FRESH: Final = 300
"""Seconds after somebody proved who they are in which they may change what they sign in with."""

Change = Literal["set", "added", "made", "renamed", "removed"]


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who proved a few minutes ago who they are."""

    person: Person
    session: Session

    @property
    def subject(self) -> str:
        """Who it is."""
        return self.person.subject


class Keeping:
    """What every change has in common: who may make it, and how it is written down.

    Args:
        issuer: our own issuer identifier.
        proving: asks who somebody is.
        fresh: raises when what this process knows of the shared state may be out of date.
    """

    def __init__(
        self,
        *,
        issuer: str,
        directory: Directory,
        proving: Proving,
        sessions: Sessions,
        audit: Minutes,
        chance: Chance,
        clock: Clock,
        fresh: Callable[[], None],
    ) -> None:
        self.issuer = issuer
        self.sessions = sessions
        self.audit = audit
        self._directory = directory
        self._proving = proving
        self._chance = chance
        self._clock = clock
        self._fresh = fresh

    async def owner(self, visitor: Visitor, *, then: Then) -> Owner | AskWho | None:
        """Return who may change what they sign in with at this browser.

        Args:
            then: the page to which they go on once they have proved again who they are.

        Returns:
            The question who they are, when nobody is signed in or it was too long ago; None when another
            issuer vouches for them, so that they have nothing here to sign in with.

        Raises:
            OAuthError: nobody knows.
        """
        try:
            self._fresh()
            session = await self.sessions.find(visitor.session)
        except Exception as exc:
            raise await self.refused(visitor, exc) from exc
        if session is None:
            return self._proving.anew(then, visitor, name="")
        signed_in = session.sign_in
        person = self._directory.person(signed_in.person.subject)
        if person is None or signed_in.origin.issuer != self.issuer:
            return None
        if self._clock.now() - signed_in.at >= FRESH:
            return self._proving.anew(then, visitor, name=person.name)
        return Owner(person=person, session=session)

    def record(self, owner: Owner, visitor: Visitor, what: Kind, change: Change) -> Record:
        """Return the audit entry of a change."""
        return draw_up(
            "credentials:changed",
            **self._told(owner, visitor),
            sid=owner.session.sid,
            what=what,
            change=change,
            by="the person",
        )

    def ending(self, owner: Owner, visitor: Visitor, *, by: str) -> Record:
        """Return the audit entry of what ends everywhere else."""
        return draw_up("session:others_ended", **self._told(owner, visitor), sid=owner.session.sid, by=by)

    def _told(self, owner: Owner, visitor: Visitor) -> dict[str, Any]:
        """Return what every entry says."""
        whose = person_document(self.issuer, owner.subject)
        now, source = self._clock.now(), visitor.source
        return {"now": now, "chance": self._chance, "source": source, "subject": whose}

    async def write(self, record: Record) -> None:
        """Write the entry of a change that was made.

        Raises:
            AuditUnavailable: not now; it is kept with the change, and written later.
        """
        await write_kept(self.audit, record, kept=self.sessions)

    async def refused(self, visitor: Visitor, exc: Exception) -> OAuthError:
        """Write a refusal down, and return it."""
        return await refused(self.audit, self.audit.open(visitor.source, door="account"), exc)
