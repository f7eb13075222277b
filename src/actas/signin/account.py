"""What people see of themselves: where they are signed in, what may act for them, and a way to stop each.

Only who is signed in at the browser sees or changes anything here, and only their own: a token opens none of
it, so nobody who acts as them sees or hides that they do (SEC-48).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from actas.audit.event import person_document
from actas.audit.log import Minutes, draw_up, write_kept
from actas.audit.refusal import refused
from actas.core.client import Client
from actas.core.errors import OAuthError
from actas.core.person import Person
from actas.core.ports import Chance, Clock
from actas.core.records import Record
from actas.signin.acting import Acting, ActingAsMe
from actas.signin.consents import Consent, Consents
from actas.signin.credentials import Credentials, Held
from actas.signin.ending import Endings
from actas.signin.holdings import Kind
from actas.signin.proving import Directory, Visitor
from actas.signin.sessions import Session, SessionOutline, Sessions


class Mine(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to see.

    Attributes:
        session: the one of this browser.
        person: None when an issuer vouches for them.
        sessions: where they are signed in, newest first.
        apps: what they let apps do, each with the app as it is now; None when it is no more.
        acting: who acts and acted as them.
        names: what people of ours who had to do with that are called, by ``sub``, where it is another name.
        has: what they can prove who they are with; nothing when an issuer vouches for them.
        held: what there is of it.
        now: seconds since the epoch.
    """

    session: Session
    person: Person | None
    sessions: tuple[SessionOutline, ...]
    apps: tuple[tuple[Consent, Client | None], ...]
    acting: Acting
    names: Mapping[str, str] = {}
    has: frozenset[Kind] = frozenset()
    held: tuple[Held, ...] = ()
    now: int

    @property
    def subject(self) -> str:
        """Who it is."""
        name: str = self.session.sign_in.person.subject
        return name

    @property
    def called(self) -> str:
        """Their name for people to read: of somebody from an issuer, as it said it, else their subject."""
        if self.person is not None:
            display: str = self.person.display
            return display
        name: str = self.session.sign_in.called
        return name


class Account:
    """Shows people what is theirs, and ends what they want ended.

    Args:
        issuer: our own issuer identifier.
    """

    def __init__(
        self,
        *,
        issuer: str,
        directory: Directory,
        sessions: Sessions,
        endings: Endings,
        consents: Consents,
        acting: ActingAsMe,
        credentials: Credentials,
        audit: Minutes,
        chance: Chance,
        clock: Clock,
        fresh: Callable[[], None],
    ) -> None:
        self._issuer = issuer
        self._directory = directory
        self._sessions = sessions
        self._endings = endings
        self._consents = consents
        self._acting = acting
        self._credentials = credentials
        self._audit = audit
        self._chance = chance
        self._clock = clock
        self._fresh = fresh

    async def mine(self, visitor: Visitor, *, earlier: str | None = None) -> Mine | None:
        """Return what there is to see; None when nobody is signed in at this browser.

        Args:
            earlier: the cursor of an earlier page of who acted as them.

        Raises:
            OAuthError: nobody knows. So for the other methods.
        """
        try:
            session = await self._session(visitor)
            if session is None:
                return None
            subject = session.sign_in.person.subject
            given = await self._consents.of(subject)
            own = session.sign_in.origin.issuer == self._issuer
            person = self._directory.person(subject) if own else None
            has: frozenset[Kind] = frozenset()
            if person is not None:
                has = await self._credentials.has(subject, initial=person.initial)
            acting = await self._acting.of(session.sign_in.person, cursor=earlier)
            return Mine(
                session=session,
                person=person,
                has=has,
                held=() if person is None else await self._credentials.list(subject),
                sessions=await self._sessions.of(subject),
                apps=tuple((one, self._directory.client(one.client)) for one in given),
                acting=acting,
                names=self._names(acting),
                now=int(self._clock.now()),
            )
        except Exception as exc:
            raise await self._refused(visitor, exc) from exc

    async def end_session(self, visitor: Visitor, sid: str) -> bool:
        """End a session of the person at this browser; False when they have none such, or are nobody."""
        try:
            session = await self._session(visitor)
            if session is None:
                return False
            subject = session.sign_in.person.subject
            if sid not in [one.sid for one in await self._sessions.of(subject)]:
                return False
            await self._endings.end(sid, subject, source=visitor.source)
        except Exception as exc:
            raise await self._refused(visitor, exc) from exc
        return True

    async def stop_app(self, visitor: Visitor, client: str) -> bool:
        """End what an app holds for the person at this browser; False when it holds nothing."""
        try:
            session = await self._session(visitor)
            if session is None:
                return False
            subject = session.sign_in.person.subject
            if client not in [one.client for one in await self._consents.of(subject)]:
                return False
            record = self._record(
                "consent:withdrawn", visitor, subject, client=client, sid=session.sid, by="the person"
            )
            await self._consents.withdraw(subject, client, record=record)
            await write_kept(self._audit, record, kept=self._consents)
        except Exception as exc:
            raise await self._refused(visitor, exc) from exc
        return True

    async def end_impersonation(self, visitor: Visitor, name: str) -> bool:
        """End what somebody does as the person at this browser; False when nobody does any more."""
        try:
            session = await self._session(visitor)
            return session is not None and await self._acting.end(session.sign_in.person, name)
        except Exception as exc:
            raise await self._refused(visitor, exc) from exc

    def _names(self, acting: Acting) -> dict[str, str]:
        """Return what people are called who acted, approved it, or ended it; those of ours who are known."""
        subjects = {one.administrator.identity.subject for one in (*acting.running, *acting.past)}
        for one in (*acting.running, *acting.past):
            subjects |= {by.partition(" ")[2] for by in (one.decided_by, one.ended_by)}
        people = {subject: self._directory.person(subject) for subject in subjects}
        return {
            subject: person.display
            for subject, person in people.items()
            if person is not None and person.display not in (subject, person.name)
        }

    async def _session(self, visitor: Visitor) -> Session | None:
        self._fresh()
        return await self._sessions.find(visitor.session)

    def _record(self, event: Any, visitor: Visitor, subject: str, **members: Any) -> Record:
        whose = person_document(self._issuer, subject)
        now, source = self._clock.now(), visitor.source
        return draw_up(event, now=now, chance=self._chance, source=source, subject=whose, **members)

    async def _refused(self, visitor: Visitor, exc: Exception) -> OAuthError:
        return await refused(self._audit, self._audit.open(visitor.source, door="account"), exc)
