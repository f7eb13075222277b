"""Sessions that end before their time, each with an entry of its own: what was bound to it dies with it."""

from __future__ import annotations

from actas.audit.event import person_document
from actas.audit.log import Minutes, write_kept
from actas.core.records import Record
from actas.signin.sessions import Session, Sessions


class Endings:
    """Ends sessions, and says so in the minutes.

    Args:
        issuer: our own issuer identifier.
        audit: takes the entries.
    """

    def __init__(self, *, issuer: str, sessions: Sessions, audit: Minutes) -> None:
        self._issuer = issuer
        self._sessions = sessions
        self._audit = audit

    async def end(self, sid: str, subject: str, *, source: str, client: str | None = None) -> None:
        """End a session at the wish of its person, with everything that is bound to it.

        Args:
            subject: whose it is.
            source: the address of the browser.
            client: the app that asked for it.

        Raises:
            StoreUnavailable: it could not be ended.
            AuditUnavailable: it has ended, and stands in the minutes later.
        """
        record = self.draw_up(sid, subject, source=source, client=client, by="the person")
        await self._sessions.end(sid, record=record)
        await self.write(record)

    def of_replaced(self, *, by: str, source: str) -> Replaced:
        """Return what speaks of the session that a browser had before somebody else signed in there.

        Args:
            by: who signed in: their subject.
            source: the address of the browser.
        """
        return Replaced(self, by=f"{by}, who signed in at the same browser", source=source)

    def draw_up(self, sid: str, subject: str, *, source: str, client: str | None, by: str) -> Record:
        """Return the entry of a session that ends, to be kept with what ends it, then written.

        Args:
            by: who ends it.
        """
        return self._audit.draw_up(
            "session:ended",
            source=source,
            subject=person_document(self._issuer, subject),
            sid=sid,
            client=client,
            by=by,
        )

    async def write(self, record: Record) -> None:
        """Write the entry of a session that has ended.

        Raises:
            AuditUnavailable: it could not be written, and is later.
        """
        await write_kept(self._audit, record, kept=self._sessions)


class Replaced:
    """The entries of sessions that another's sign-in replaces: drawn up as ``Sessions.begin`` ends them."""

    def __init__(self, endings: Endings, *, by: str, source: str) -> None:
        self._endings = endings
        self._by = by
        self._source = source
        self._drawn: list[Record] = []

    def __call__(self, before: Session) -> Record:
        """Return the entry of the session that is ended."""
        whose = before.sign_in.person.subject
        record = self._endings.draw_up(before.sid, whose, source=self._source, client=None, by=self._by)
        self._drawn.append(record)
        return record

    async def write(self) -> None:
        """Write what was drawn up.

        Raises:
            AuditUnavailable: it could not be written, and is later.
        """
        for record in self._drawn:
            await self._endings.write(record)
