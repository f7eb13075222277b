"""Who somebody of another domain is here, when that domain's server vouches for them (ID-JAG section 3.1).

How people are matched is said by the connection by which the grant is redeemed. As a rule they are who the
issuer's registration names, as in every token of it, and are known when they were here before. An address,
the name that the grant says they have here (``aud_sub``) or what they are called elsewhere (``sub_id``) makes
somebody a person of ours only where the connection says so: then they are who that is, groups and all, and
disabled or gone the grant is good for nothing (SEC-62).
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from actas.core.abroad import REDEEMED, Acceptance, Redeeming
from actas.core.errors import BadToken
from actas.core.lineage import Lineage, Marking
from actas.core.party import Identity, Party
from actas.core.person import Person, also_known
from actas.subjects.identified import KnownElsewhere, identified, key_of, otherwise
from actas.subjects.revoked import mark_of_party
from actas.subjects.tenants import in_tenant, require_tenant


class PeopleHere(KnownElsewhere, Protocol):
    """Finds people of ours. Answers from memory."""

    def person(self, subject: str) -> Person | None:
        """Return whose ``sub`` that is, also when they are disabled; None when it is nobody's here."""
        ...

    def person_at(self, address: str) -> Person | None:
        """Return whose address that is, also when they are disabled; None if nobody's, or several's."""
        ...


class Known(Protocol):
    """Knows who was here before."""

    async def matched(self, key: str) -> str | None:
        """Return whom of ours it was matched to what is kept under that key; None when nobody knows of any.

        Raises:
            StoreUnavailable: nobody knows.
        """
        ...

    async def was_here(self, subject: str, issuer: str) -> bool:
        """Return whether somebody of that issuer whom we call so was here, and was not ended since.

        Raises:
            StoreUnavailable: nobody knows.
        """
        ...


class Residents:
    """Knows who people of other domains are here.

    Args:
        ourselves: our own issuer identifier.
        people: those of ours.
        known: knows the others.
        ways: says how they are matched.
        marking: makes the mark of a person of ours, by which everything of theirs can be ended.
    """

    def __init__(
        self, *, ourselves: str, people: PeopleHere, known: Known, ways: Redeeming, marking: Marking
    ) -> None:
        self._marking = marking
        self._ourselves = ourselves
        self._people = people
        self._known = known
        self._ways = ways

    async def as_known_here(self, party: Party) -> Party:
        """Return somebody as who they are here.

        Args:
            party: as its issuer's registration names them.

        Raises:
            BadToken: it is a person of ours who is disabled, or nobody is whom the grant would have to name.
        """
        return also_known(await self._here(party), party)

    async def _here(self, party: Party) -> Party:
        client, grant = party.claims.get("client_id"), REDEEMED[party.token_type]
        if client is None:  # of such a one, all ways of its issuer match alike
            ways = self._ways.naming_no_client(party.issuer_name)
        else:
            ways = self._ways.redeeming(str(client), issuer=party.issuer_name, grant=grant)
        if ways:  # all of one client and issuer match people alike (settings.check_ways)
            require_tenant(party.claims, ways[0])
        match = ways[0].match if ways else "subject"
        party, subject = in_tenant(party)
        if match == "subject":
            known = await self._known.was_here(subject, party.origin.issuer)
            return self._called(party, subject, known=known)
        if match == "sub_id":
            return await self._identified(party, ways[0])
        person = self._named(party) if match == "aud_sub" else self._addressed(party)
        if person is None:
            said = party.claims.get("aud_sub") if match == "aud_sub" else party.identity.subject
            detail = f"nobody here is whom the grant names by {match}: {str(said)[:200]!r}"
            raise BadToken(detail if said is not None else f"the grant has no {match}", why="unknown_person")
        return self._as_person(party, person)

    def _as_person(self, party: Party, person: Person) -> Party:
        if person.disabled:
            # Told as of nobody: whom we lock out, no issuer finds out by asking for everybody.
            raise BadToken(f"{person.subject} is disabled", why="unknown_person")
        return msgspec.structs.replace(self._called(party, person.subject), groups=person.groups)

    async def _identified(self, party: Party, accepted: Acceptance) -> Party:
        """Return the person of ours whom ``sub_id`` means, the same as the ``sub`` beside it meant before."""
        form, key = accepted.sub_id, key_of(party)
        person = None if form is None else identified(party.claims, form, self._people)
        if person is None:
            raise BadToken("nobody here is whom the grant names by sub_id", why="unknown_person")
        before = await self._known.matched(key)
        if before is not None and before != person.subject:
            raise BadToken(otherwise(person.subject, before), why="unknown_person")
        return msgspec.structs.replace(self._as_person(party, person), matched=key)

    def _called(self, party: Party, subject: str, *, known: bool = True) -> Party:
        """Return somebody by their name here, whose mark is in what comes of it: so it ends with them."""
        identity = Identity(self._ourselves, subject)
        marks = (*party.lineage.marks, mark_of_party(self._marking, identity))
        lineage = Lineage(tuple(dict.fromkeys(marks)), party.lineage.since)
        return msgspec.structs.replace(party, identity=identity, lineage=lineage, known=known)

    def _named(self, party: Party) -> Person | None:
        named = party.claims.get("aud_sub")
        return self._people.person(named) if isinstance(named, str) else None

    def _addressed(self, party: Party) -> Person | None:
        # The mapping of an issuer with e-mail domains names people by a verified address in one of them, and
        # only such an issuer may be matched so (settings.check_connections).
        return self._people.person_at(party.identity.subject)
