"""Sessions as they are kept and sealed. What they are good for is ``sessions``' to say.

A session is found by the keyed digest of the text that the browser holds (SEC-96), and what it stands for is
sealed with that text, as what a refresh token stands for is. What its person is shown at another browser is
sealed beside it with our key alone, to its row and to whose it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import msgspec

from actas.core.errors import BadToken, StoreUnavailable
from actas.core.lineage import Marking
from actas.core.opaque import SESSION
from actas.core.party import Identity
from actas.core.sign_in import SignIn
from actas.crypto.seal import SealBroken
from actas.keys.opaque import NewToken, OpaqueTexts
from actas.subjects.authorization_code import mark_of_offline, mark_of_session
from actas.subjects.revoked import mark_of_party, marks_of_person


class SessionOutline(msgspec.Struct, frozen=True, kw_only=True):
    """What its person is shown of a session, also at another browser.

    Attributes:
        sid: names it, to apps too.
        began: when, seconds since the epoch.
        seen_at: when it was used last, to the minute, seconds since the epoch.
        ends_at: when it ends however much it is used, seconds since the epoch.
        source: the address that it began from.
        browser: what the browser calls itself.
    """

    sid: str
    began: int
    seen_at: int
    ends_at: int
    source: str
    browser: str


class Session(SessionOutline, frozen=True, kw_only=True):
    """A session.

    Attributes:
        sign_in: who signed in, when and how.
    """

    sign_in: SignIn


class _Beside(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a session without its text.

    Attributes:
        marks: of everything that would end it.
    """

    outline: SessionOutline
    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSession:
    """A session as it is kept.

    Attributes:
        digest: the keyed digest of its text.
        sid: names it to apps.
        whose: the mark of its person.
        sealed: what it stands for; opens with the text.
        outline: what its person is shown; opens without.
        seen_at: as in ``SessionOutline``; ``ends_at`` likewise. What is sealed says when it ends, and counts.
    """

    digest: str
    sid: str
    whose: str
    sealed: bytes = field(repr=False)
    outline: bytes = field(repr=False)
    seen_at: int
    ends_at: int


class SessionStore(Protocol):
    """Keeps sessions, for all nodes. Each step is one, whoever else does what at the same moment.

    All raise ``StoreUnavailable`` when it is not known whether it was done.
    """

    async def keep(self, session: KeptSession, *, replaces: str | None) -> bool:
        """Keep a session, durably.

        Args:
            replaces: the digest of one that is gone from then on.

        Returns:
            False, and nothing is changed, when that one is not there.
        """
        ...

    async def find(self, digest: str) -> KeptSession | None:
        """Return the session of this digest, or None."""
        ...

    async def named(self, sid: str) -> KeptSession | None:
        """Return the session that apps call so, or None."""
        ...

    async def touch(self, digest: str, *, at: int) -> None:
        """Note when a session was used; nothing, when it is gone or was used later."""
        ...

    async def end(self, sid: str) -> None:
        """Remove the session that apps call so."""
        ...

    async def of(self, whose: str) -> Sequence[KeptSession]:
        """Return the sessions of the person of this mark."""
        ...

    async def sweep(self) -> int:
        """Remove sessions that have ended, in small steps, and return how many there were."""
        ...


class SessionRecords:
    """Keeps sessions sealed, and opens them, good or not.

    Args:
        issuer: our own issuer identifier.
        store: where they are kept.
        texts: makes their texts, and seals what they stand for.
        marking: makes marks.
    """

    def __init__(self, *, issuer: str, store: SessionStore, texts: OpaqueTexts, marking: Marking) -> None:
        self._issuer = issuer
        self._store = store
        self._texts = texts
        self._marking = marking

    def new(self) -> NewToken:
        """Return the text of a new session, which opens nothing until it is kept."""
        return self._texts.new(SESSION)

    async def keep(self, session: Session, token: NewToken, *, replaces: str | None) -> bool:
        """Keep a session, as ``SessionStore.keep`` does. Once for each text."""
        whose = mark_of_party(self._marking, session.sign_in.person)
        outline = SessionOutline(
            sid=session.sid,
            began=session.began,
            seen_at=session.seen_at,
            ends_at=session.ends_at,
            source=session.source,
            browser=session.browser,
        )
        beside = msgspec.json.encode(_Beside(outline=outline, marks=self.marks(session.sign_in)))
        kept = KeptSession(
            digest=token.digest,
            sid=session.sid,
            whose=whose,
            sealed=self._texts.sealed(token, msgspec.json.encode(session)),
            outline=self._texts.sealed_beside(_place(token.digest, whose), beside),
            seen_at=session.seen_at,
            ends_at=session.ends_at,
        )
        return await self._store.keep(kept, replaces=replaces)

    async def opened(self, text: str) -> tuple[str, Session] | None:
        """Return the digest of a text and the session that it opens; None when it opens none.

        Raises:
            StoreUnavailable: nobody knows.
        """
        try:
            kept = await self._store.find(self._texts.require_whole(text, SESSION))
            if kept is None:
                return None
            session = msgspec.json.decode(self._texts.opened(text, kept.sealed), type=Session)
        except (BadToken, msgspec.DecodeError):
            return None
        beside = (session.sid, session.ends_at, mark_of_party(self._marking, session.sign_in.person))
        if (kept.sid, kept.ends_at, kept.whose) != beside:
            return None
        return kept.digest, msgspec.structs.replace(session, seen_at=kept.seen_at)

    async def outlines(self, subject: str) -> list[tuple[SessionOutline, tuple[str, ...]]]:
        """Return what a person's sessions are outlined by, and the marks of everything that ends each.

        Raises:
            StoreUnavailable: nobody knows, or what was kept is not what was sealed.
        """
        whose = mark_of_party(self._marking, Identity(self._issuer, subject))
        found: list[tuple[SessionOutline, tuple[str, ...]]] = []
        for kept in await self._store.of(whose):
            try:
                content = self._texts.opened_beside(_place(kept.digest, kept.whose), kept.outline)
                beside = msgspec.json.decode(content, type=_Beside)
            except (SealBroken, msgspec.DecodeError) as broken:
                raise StoreUnavailable(f"the outline of a session does not open: {broken}") from broken
            if (beside.outline.sid, beside.outline.ends_at) != (kept.sid, kept.ends_at):
                raise StoreUnavailable("what is kept beside the outline of a session is not what was sealed")
            found.append((msgspec.structs.replace(beside.outline, seen_at=kept.seen_at), beside.marks))
        return found

    async def ends_at(self, sid: str) -> int | None:
        """Return when the session ends that apps call so; None when there is none.

        Raises:
            StoreUnavailable: nobody knows.
        """
        kept = await self._store.named(sid)
        return None if kept is None else kept.ends_at

    async def touch(self, digest: str, *, at: int) -> None:
        """Note when a session was used, as ``SessionStore.touch`` does."""
        await self._store.touch(digest, at=at)

    async def remove(self, sid: str) -> None:
        """Remove a session, as ``SessionStore.end`` does."""
        await self._store.end(sid)

    def mark(self, sid: str) -> str:
        """Return the mark of everything that ends when a session does."""
        return mark_of_session(self._marking, self._issuer, sid)

    def offline(self, subject: str) -> str:
        """Return the mark of everything that apps hold for a person while they are signed out."""
        return mark_of_offline(self._marking, self._issuer, subject)

    def marks(self, sign_in: SignIn) -> tuple[str, ...]:
        """Return the marks of everything that ends a session when it is revoked."""
        people = marks_of_person(self._marking, sign_in.person, sign_in.origin)
        return (self.mark(sign_in.sid), *people)


def _place(digest: str, whose: str) -> str:
    """Return what an outline is sealed to."""
    return msgspec.json.encode(("sessions", digest, whose)).decode()
