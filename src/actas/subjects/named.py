"""Step 3, when nobody's token is presented: whom a request names, and the impersonation behind a token.

A name proves nothing. What it is worth is for one kind of exchange and its rules to say; here it is only
looked up. An impersonated token is proven by its signature like any other, and then against what is kept of
its impersonation, because that may have ended, and so may who is behind it (SEC-23, SEC-52).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple, Protocol

from actas.core.administrators import Administrators, covers
from actas.core.errors import BadToken, InvalidRequest
from actas.core.impersonation import Impersonation, ImpersonationStore, Named, NamedPerson
from actas.core.lineage import LATER, Lineage, Marking
from actas.core.party import OURSELVES, Identity, Party
from actas.core.person import People, Person, VouchedPerson, subject_from, told_apart
from actas.core.ports import Clock
from actas.core.wire import SUBJECT
from actas.subjects.known import KnownPeople
from actas.subjects.live import LiveParties
from actas.subjects.revoked import marks_of_person
from actas.trust.registry import TrustedIssuer


class LookedUp(NamedTuple):
    """Whom a request names; nothing, when it names nobody.

    Attributes:
        party: the same as a subject, whether or not there is such a person.
    """

    party: Party | None = None
    person: NamedPerson | None = None


NOBODY: Final = LookedUp()


def party_of_name(
    identity: Identity,
    person: Person | VouchedPerson | None,
    *,
    at: int,
    expires_at: int,
    lineage: Lineage,
    issuer_name: str = OURSELVES,
) -> Party:
    """Return somebody who is only named, as the subject that the policy weighs.

    Args:
        identity: who it would be.
        person: None when there is nobody of that name.
        at: now, seconds since the epoch.
        expires_at: until when what is made of it may live, seconds since the epoch.
        lineage: what would end it.
        issuer_name: what the configuration calls whoever vouches for them.
    """
    return Party(
        identity=identity,
        origin=person.origin if isinstance(person, VouchedPerson) else identity,
        kind="person",
        issuer_name=issuer_name,
        origin_name=issuer_name,
        token_type=SUBJECT,
        audience=(),
        expires_at=expires_at,
        issued_at=at,
        claims={"iss": identity.issuer, "sub": identity.subject},
        groups=() if person is None else tuple(person.groups or ()),
        lineage=lineage,
    )


class Issuers(Protocol):
    """Knows issuers. Answers from memory."""

    @property
    def issuers(self) -> Mapping[str, TrustedIssuer]:
        """The trusted issuers."""
        ...


class _Meant(NamedTuple):
    """Who is meant by a name.

    Attributes:
        subject: what we call them.
        issuer_name: what the configuration calls whoever vouches for them.
        origin: who they are to it, where the name says it.
    """

    subject: str
    issuer_name: str = OURSELVES
    origin: Identity | None = None


class Directory(People, Protocol):
    """Finds people of ours, and who holds a role. Answers from memory."""

    @property
    def administrators(self) -> Administrators:
        """Who manages this server."""
        ...


class NamedPeople:
    """Looks up people who are only named, and the impersonations that tokens were made under.

    Args:
        issuer: our own issuer identifier.
        people: those of ours, and who of them holds a role.
        known: those who sign in through another issuer.
        issuers: all of them.
        kept: the impersonations.
        live: knows who is still registered, enabled and trusted.
        marking: makes the marks by which what is made is revoked.
    """

    def __init__(
        self,
        *,
        issuer: str,
        people: Directory,
        known: KnownPeople,
        issuers: Issuers,
        kept: ImpersonationStore,
        live: LiveParties,
        marking: Marking,
        clock: Clock,
    ) -> None:
        self._issuer = issuer
        self._people = people
        self._known = known
        self._issuers = issuers
        self._kept = kept
        self._live = live
        self._marking = marking
        self._clock = clock

    async def look_up(self, named: Named | None) -> LookedUp:
        """Return whom a request names. Whom nobody knows, the judge refuses, after the rules.

        Raises:
            InvalidRequest: it is a bare name. No person has one (``core.person``), so that says nothing
                of who there is.
            StoreUnavailable: nobody knows whether there is such a person.
        """
        if named is None:
            return NOBODY
        if named.issuer in (None, self._issuer) and ":" not in named.subject:
            detail = f"{named.subject[:200]!r} is a bare name; a person of ours is {OURSELVES}:NAME"
            raise InvalidRequest("unqualified_subject", detail=detail)
        meant = self._meant(named)
        person = None if meant is None else await self._person(meant)
        identity = Identity(self._issuer, named.subject if meant is None else meant.subject)
        origin = person.origin if isinstance(person, VouchedPerson) else identity
        marks = marks_of_person(self._marking, identity, origin)
        party = party_of_name(
            identity,
            person,
            at=int(self._clock.now()),
            expires_at=LATER,
            lineage=Lineage(marks),
            issuer_name=OURSELVES if meant is None else meant.issuer_name,
        )
        return LookedUp(party, NamedPerson(form=named.form, person=person))

    def _meant(self, named: Named) -> _Meant | None:
        """Return who is meant; None for nobody who could sign in here."""
        registered = [one for one in self._issuers.issuers.values() if one.sign_in is not None]
        if named.issuer in (None, self._issuer):
            vouches, colon, _ = named.subject.partition(":")
            if vouches == OURSELVES or not colon:
                return _Meant(named.subject)
            known = any(one.name == vouches for one in registered)
            return _Meant(named.subject, vouches) if known else None
        for one in registered:
            if one.issuer == named.issuer:
                origin = Identity(one.issuer, told_apart(named.subject))
                return _Meant(subject_from(one.name, named.subject), one.name, origin)
        return None

    async def _person(self, meant: _Meant) -> Person | VouchedPerson | None:
        if meant.issuer_name == OURSELVES:
            return self._people.person(meant.subject)
        found = await self._known.find(meant.subject)
        return None if found is None or meant.origin not in (None, found.origin) else found

    async def behind(self, party: Party | None) -> Impersonation | None:
        """Return the impersonation that a party's token was made under; None for any other token.

        Raises:
            InvalidRequest: it runs no more, or whoever acts is nobody any more.
            StoreUnavailable: nobody knows.
        """
        if party is None or party.impersonation is None:
            return None
        found = await self._kept.find(party.impersonation)
        if found is None or not found.runs(self._clock.now()):
            raise _ended(party, f"the impersonation {party.impersonation} runs no more")
        try:
            self._require_live(found, party)
        except BadToken as gone:
            raise _ended(party, gone.detail) from gone
        return found

    def _require_live(self, found: Impersonation, party: Party) -> None:
        administrator = found.administrator
        if party.origin.issuer != self._issuer:
            self._live.vouching(party.origin.issuer)
        self._live.require_client(found.client)
        if found.vouched_by != self._issuer:
            self._live.trusted(found.vouched_by)
        if administrator.kind != "person":
            self._live.require_client(administrator.identity.subject)
        for subject in (administrator.identity.subject, found.subject.subject):
            self._live.require_person(subject)
        self._require_not_above(found)

    def _require_not_above(self, found: Impersonation) -> None:
        """Return when a person holds no more than who acts as them, also if they were given a role since.

        Of an administrator whom another issuer knows, the groups were looked at when they asked.
        """
        who, administrator = self._people.administrators, found.administrator
        held = who.subjects.get(found.subject.subject)
        if held is None or found.vouched_by != self._issuer:
            return
        name = administrator.identity.subject
        own = (who.subjects if administrator.kind == "person" else who.clients).get(name)
        if not covers(own, held):
            raise BadToken(
                f"{found.subject.subject} is {held} by now, and {name} is {own or 'no administrator'}"
            )


def _ended(party: Party, detail: str) -> InvalidRequest:
    """Return the refusal of a token whose impersonation has ended."""
    refusal = InvalidRequest("impersonation_ended", detail=detail)
    refusal.impersonation = party.impersonation
    return refusal
