"""Step 3, when nobody's token is presented: whom a request names, and the impersonation behind a token.

A name proves nothing. What it is worth is for one kind of exchange and its rules to say; here it is only
looked up. An impersonated token is proven by its signature like any other, and then against what is kept of
its impersonation, because that may have ended, and so may who is behind it (SEC-23, SEC-52).
"""

from __future__ import annotations

from typing import Final, NamedTuple

from actas.core.errors import BadToken, InvalidRequest
from actas.core.impersonation import Impersonation, ImpersonationStore, Named, NamedPerson
from actas.core.lineage import LATER, Lineage, Marking
from actas.core.party import OURSELVES, Identity, Party
from actas.core.person import People, Person
from actas.core.ports import Clock
from actas.core.wire import SUBJECT
from actas.subjects.live import LiveParties
from actas.subjects.revoked import mark_of_party


class LookedUp(NamedTuple):
    """Whom a request names; nothing, when it names nobody.

    Attributes:
        party: the same as a subject, whether or not there is such a person.
    """

    party: Party | None = None
    person: NamedPerson | None = None


NOBODY: Final = LookedUp()


def party_of_name(
    identity: Identity, person: Person | None, *, at: int, expires_at: int, lineage: Lineage
) -> Party:
    """Return somebody who is only named, as the subject that the policy weighs.

    Args:
        identity: who it would be.
        person: None when there is nobody of that name.
        at: now, seconds since the epoch.
        expires_at: until when what is made of it may live, seconds since the epoch.
        lineage: what would end it.
    """
    return Party(
        identity=identity,
        origin=identity,
        kind="person",
        issuer_name=OURSELVES,
        token_type=SUBJECT,
        audience=(),
        expires_at=expires_at,
        issued_at=at,
        claims={"iss": identity.issuer, "sub": identity.subject},
        groups=() if person is None else tuple(person.groups),
        lineage=lineage,
    )


class NamedPeople:
    """Looks up people who are only named, and the impersonations that tokens were made under.

    Args:
        issuer: our own issuer identifier.
        people: those of ours.
        kept: the impersonations.
        live: knows who is still registered, enabled and trusted.
        marking: makes the marks by which what is made is revoked.
    """

    def __init__(
        self,
        *,
        issuer: str,
        people: People,
        kept: ImpersonationStore,
        live: LiveParties,
        marking: Marking,
        clock: Clock,
    ) -> None:
        self._issuer = issuer
        self._people = people
        self._kept = kept
        self._live = live
        self._marking = marking
        self._clock = clock

    def look_up(self, named: Named | None) -> LookedUp:
        """Return whom a request names. Whom nobody knows, the judge refuses, after the rules."""
        if named is None:
            return NOBODY
        ours = named.issuer in (None, self._issuer)
        person = self._people.person(named.subject) if ours else None
        identity = Identity(self._issuer, named.subject)
        lineage = Lineage((mark_of_party(self._marking, identity),))
        now = int(self._clock.now())
        party = party_of_name(identity, person, at=now, expires_at=LATER, lineage=lineage)
        return LookedUp(party, NamedPerson(form=named.form, person=person))

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
            self._require_live(found)
        except BadToken as gone:
            raise _ended(party, gone.detail) from gone
        return found

    def _require_live(self, found: Impersonation) -> None:
        administrator = found.administrator
        self._live.require_client(found.client)
        if found.vouched_by != self._issuer:
            self._live.trusted(found.vouched_by)
        if administrator.kind != "person":
            self._live.require_client(administrator.identity.subject)
        for subject in (administrator.identity.subject, found.subject.subject):
            self._live.require_person(subject)


def _ended(party: Party, detail: str) -> InvalidRequest:
    """Return the refusal of a token whose impersonation has ended."""
    refusal = InvalidRequest("impersonation_ended", detail=detail)
    refusal.impersonation = party.impersonation
    return refusal
