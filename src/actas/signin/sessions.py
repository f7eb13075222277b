"""Sessions: who is signed in at which browser, known on every node and ended on every node (SEC-77).

Whoever proves anew who they are gets a new text, and the one before opens nothing any more: a text that
somebody planted or overheard before is worth nothing after (fixation). To apps it stays the session that it
was, when it is the same person's: so signing out ends what they were given before, too.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Final

import msgspec

from actas.core.client import SignInLives
from actas.core.errors import BadToken, StoreUnavailable
from actas.core.lineage import LATER, Ending, Lineage, Marking, Revoked
from actas.core.ports import Clock
from actas.core.records import Record
from actas.core.secret import Secret
from actas.core.sign_in import SignIn
from actas.keys.opaque import OpaqueTexts
from actas.signin.consents import APART
from actas.signin.session_records import Session, SessionOutline, SessionRecords, SessionStore
from actas.subjects.authorization_code import LONGEST
from actas.subjects.live import LiveParties
from actas.subjects.revoked import note_written

__all__ = ["Session", "SessionOutline", "SessionStore", "Sessions"]

USUAL: Final = SignInLives()

SEEN_EVERY: Final = 60
"""Seconds in which it is noted once that a session is used."""

LONGEST_BROWSER: Final = 200
"""Characters that are kept of what a browser calls itself."""


SignInOf = Callable[[str, int], SignIn]
"""Takes what apps may call the session and when it ends, and says who signed in."""

EndedOf = Callable[[Session], Record]
"""Draws up the audit entry of a session that ends."""


class Sessions:
    """Begins sessions, finds them and ends them.

    Args:
        issuer: our own issuer identifier.
        store: keeps them.
        texts: makes their texts, and seals what they stand for.
        live: knows who is still listed, enabled and trusted.
        revocations: knows what was revoked, and takes what is.
        marking: makes marks.
        lives: how long a session lasts. What is shorter by now than when one began holds for it too.
    """

    def __init__(
        self,
        *,
        issuer: str,
        store: SessionStore,
        texts: OpaqueTexts,
        live: LiveParties,
        revocations: Ending,
        marking: Marking,
        clock: Clock,
        lives: SignInLives = USUAL,
    ) -> None:
        self._issuer = issuer
        self._records = SessionRecords(issuer=issuer, store=store, texts=texts, marking=marking)
        self._live = live
        self._revocations = revocations
        self._clock = clock
        self._idle = lives.session_idle
        self._absolute = lives.session

    async def begin(
        self, sign_in_of: SignInOf, *, source: str, browser: str, replaces: str | None, ended: EndedOf
    ) -> tuple[Secret, Session]:
        """Return a new session with the text that opens it.

        Args:
            source: the address that the person signs in from.
            browser: what the browser calls itself, as it said it.
            replaces: the text of the session that the browser had before, which opens nothing any more. When
                it was somebody else's, everything that is bound to it ends too.
            ended: draws up the audit entry of the one before, when it is ended so; it is kept with that.

        Raises:
            StoreUnavailable: it was not kept, or nobody knows whether it was; then the text must not leave.
        """
        printable = "".join(one for one in browser if one.isascii() and one.isprintable())
        while True:
            before = None if replaces is None else await self._records.opened(replaces)
            token = self._records.new()
            now = int(self._clock.now())
            sign_in = sign_in_of(token.id, now + self._absolute)
            if before is not None:
                sign_in = await self._after(before[1], sign_in, now=now, ended=ended)
            session = Session(
                sid=sign_in.sid,
                sign_in=sign_in,
                began=now,
                seen_at=now,
                ends_at=sign_in.ends_at,
                source=source,
                browser=printable[:LONGEST_BROWSER],
            )
            replaced = None if before is None else before[0]
            if await self._records.keep(session, token, replaces=replaced):
                return token.text, session
            # Another was faster, and the one before is gone: it is looked for anew, and is not found.

    async def find(self, text: str | None) -> Session | None:
        """Return the session that a text opens; None when it opens none that is good now.

        Args:
            text: None for a browser that has none.

        Raises:
            StoreUnavailable: nobody knows.
        """
        found = None if text is None else await self._records.opened(text)
        if found is None:
            return None
        digest, session = found
        if not self._is_good(session, self._records.marks(session.sign_in)) or not self._is_live(
            session.sign_in
        ):
            return None
        now = int(self._clock.now())
        ends_at = self._ends_at(session)
        sign_in = msgspec.structs.replace(session.sign_in, ends_at=ends_at)
        session = msgspec.structs.replace(session, sign_in=sign_in, ends_at=ends_at)
        if now - session.seen_at < SEEN_EVERY:
            return session
        await self._records.touch(digest, at=now)
        return msgspec.structs.replace(session, seen_at=now)

    async def end(self, sid: str, *, record: Record) -> None:
        """End a session and everything that is bound to it, on every node.

        Args:
            record: the audit entry that says so, which is kept with it.

        Raises:
            StoreUnavailable: it could not be ended.
        """
        ends_at = await self._records.ends_at(sid) or 0
        until = max(ends_at, int(self._clock.now()) + self._absolute)
        ended = Revoked(mark=self._records.mark(sid), up_to=LATER, until=until, entry=record.entry)
        await self._revocations.add([ended], record=record)
        with contextlib.suppress(StoreUnavailable):  # it is revoked, so it is dead with its row too
            await self._records.remove(sid)

    async def end_others(self, subject: str, *, but: str | None, record: Record) -> None:
        """End the sessions of a person and what is bound to them, and what apps hold for the time after.

        Args:
            but: the session that goes on, as apps call it; None when none does.
            record: the audit entry that says so, which is kept with it.

        Raises:
            StoreUnavailable: they could not be ended; to try again does no harm.
        """
        now, entry = int(self._clock.now()), record.entry
        others = [one for one, _ in await self._records.outlines(subject) if one.sid != but]
        ended = [Revoked(self._records.offline(subject), now + APART, now + LONGEST, entry)]
        for one in others:
            until = max(one.ends_at, now + self._absolute)
            ended.append(Revoked(self._records.mark(one.sid), LATER, until, entry))
        await self._revocations.add(ended, record=record)
        with contextlib.suppress(StoreUnavailable):  # as for one
            for one in others:
                await self._records.remove(one.sid)

    async def written(self, entry: str) -> None:
        """Note that the audit entry of a session that was ended stands in a stream."""
        await note_written(self._revocations, entry)

    async def of(self, subject: str) -> tuple[SessionOutline, ...]:
        """Return the sessions of a person that are good now, newest first.

        Raises:
            StoreUnavailable: nobody knows, or what was kept is not what was sealed.
        """
        found = [
            msgspec.structs.replace(one, ends_at=self._ends_at(one))
            for one, marks in await self._records.outlines(subject)
            if self._is_good(one, marks)
        ]
        return tuple(sorted(found, key=lambda one: (one.began, one.seen_at), reverse=True))

    async def _after(self, before: Session, sign_in: SignIn, *, now: int, ended: EndedOf) -> SignIn:
        """Return a sign-in as it goes on from the session before, which is ended when it is another's."""
        marks = self._records.marks(before.sign_in)
        if (
            self._ends_at(before) <= now
            or self._revocations.against(Lineage(marks, before.began)) is not None
        ):
            return sign_in
        if (before.sign_in.person, before.sign_in.origin) == (sign_in.person, sign_in.origin):
            return msgspec.structs.replace(sign_in, sid=before.sid)
        mark, record = self._records.mark(before.sid), ended(before)
        revoked = Revoked(mark=mark, up_to=LATER, until=before.ends_at, entry=record.entry)
        await self._revocations.add([revoked], record=record)
        return sign_in

    def _is_good(self, session: SessionOutline, marks: tuple[str, ...]) -> bool:
        """Return whether it has not ended, is in use, and was not revoked."""
        now = self._clock.now()
        if self._ends_at(session) <= now or now - session.seen_at >= self._idle:
            return False
        return self._revocations.against(Lineage(marks, session.began)) is None

    def _ends_at(self, session: SessionOutline) -> int:
        """Return when it ends by itself: as it was to, or sooner when sessions are shorter by now."""
        return min(session.ends_at, session.began + self._absolute)

    def _is_live(self, sign_in: SignIn) -> bool:
        try:
            if sign_in.origin.issuer != self._issuer:
                self._live.vouching(sign_in.origin.issuer)
            else:
                self._live.require_person(sign_in.person.subject)
        except BadToken:
            return False
        return True
