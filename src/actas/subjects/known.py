"""People who signed in here through another issuer, as they were seen last: so that they can be named.

No configuration lists them. Whoever signed in within the last ``KNOWN_FOR`` is known, by what their issuer
said then; whoever was revoked since is not, until they sign in again (SEC-52). What is kept of them is sealed
with our key to its row and to one sign-in.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Protocol

import msgspec

from actas.core.errors import BadToken, InvalidGrant, StoreUnavailable
from actas.core.lineage import Lineage, Marking, Revocations
from actas.core.party import Identity
from actas.core.person import VouchedPerson
from actas.core.ports import Chance, Clock
from actas.crypto.seal import SealBroken
from actas.keys.opaque import OpaqueTexts
from actas.subjects.identified import otherwise
from actas.subjects.live import LiveParties
from actas.subjects.revoked import mark_of_issuer, mark_of_party

KNOWN_FOR: Final = 90 * 86_400
"""Seconds after a sign-in for which somebody is known: what their issuer said then says little later."""

_PLACE_BYTES: Final = 16
_TRIES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPerson:
    """Somebody as they are kept.

    Attributes:
        subject: who they are to us.
        mark: the mark of that, ``origin_mark`` of who they are to their issuer.
        place: names the sign-in that it is sealed to, once.
        sealed: what was seen then.
        seen_at: when that was, seconds since the epoch.
    """

    subject: str
    mark: str
    origin_mark: str
    place: str
    sealed: bytes = field(repr=False)
    seen_at: int


class KnownStore(Protocol):
    """Keeps people, for all nodes. Everything raises ``StoreUnavailable`` when nobody knows."""

    async def keep(self, person: KeptPerson) -> None:
        """Keep somebody in the place of what was kept of them."""
        ...

    async def replace(self, person: KeptPerson, *, place: str | None) -> bool:
        """Keep somebody where that is what is kept of them, and return whether it was. Of several at once
        that replace the same, one does.

        Args:
            place: of what is kept; None for nothing.
        """
        ...

    async def find(self, subject: str) -> KeptPerson | None:
        """Return whoever is called so, or None."""
        ...


class KnownPeople:
    """Remembers people who sign in through another issuer, and finds them.

    Args:
        store: where they are kept.
        texts: seals what is kept.
        live: knows through whom people may sign in now.
        revocations: knows what was revoked.
        marking: makes marks.
    """

    def __init__(
        self,
        *,
        store: KnownStore,
        texts: OpaqueTexts,
        live: LiveParties,
        revocations: Revocations,
        marking: Marking,
        chance: Chance,
        clock: Clock,
    ) -> None:
        self._store = store
        self._texts = texts
        self._live = live
        self._revocations = revocations
        self._marking = marking
        self._chance = chance
        self._clock = clock

    async def remember(self, person: VouchedPerson) -> None:
        """Keep how somebody was seen who signs in now.

        Raises:
            StoreUnavailable: nobody knows whether it was kept.
        """
        await self._store.keep(self._sealed(person))

    async def match(self, person: VouchedPerson) -> None:
        """Keep whom of ours the grants of somebody mean, unless they meant somebody else before.

        What was read of it when the grant was proven may be out of date: another grant may have come since,
        or come now, on any node. So what is kept takes the place of what was looked at here, or of nothing.

        Args:
            person: whom they mean, as ``origin``; ``subject`` is what it is kept under.

        Raises:
            InvalidGrant: they meant somebody else.
            StoreUnavailable: nobody knows, or others are always first.
        """
        new = self._sealed(person)
        for _ in range(_TRIES):
            kept = await self._store.find(person.subject)
            before = None if kept is None else self._opened(person.subject, kept)
            if before is not None and before.origin.subject != person.origin.subject:
                detail = f"subject token: {otherwise(person.origin.subject, before.origin.subject)}"
                raise InvalidGrant("unknown_person", detail=detail)
            if before is not None and before.seen_at >= person.seen_at:
                return
            if await self._store.replace(new, place=None if kept is None else kept.place):
                return
        raise StoreUnavailable(f"whom {person.subject} means changes all the time")

    def _sealed(self, person: VouchedPerson) -> KeptPerson:
        place = self._chance.token(_PLACE_BYTES)
        sealed = self._texts.sealed_beside(_place(person.subject, place), msgspec.json.encode(person))
        mark, origin_mark = self._marks(person)
        return KeptPerson(
            subject=person.subject,
            mark=mark,
            origin_mark=origin_mark,
            place=place,
            sealed=sealed,
            seen_at=person.seen_at,
        )

    async def find(self, subject: str) -> VouchedPerson | None:
        """Return whoever we call so, as they were seen last; None when nobody is known by that, or any more.

        Raises:
            StoreUnavailable: nobody knows, or what was kept is not what was sealed.
        """
        person = await self._seen(subject)
        return person if person is not None and self._signs_in(person) else None

    async def was_here(self, subject: str, issuer: str) -> bool:
        """Return whether somebody whom we call so was here, and was not ended since: who signed in, and who
        came with a grant of their issuer's (``issuers[].accepts: [id_jag]``).

        Args:
            issuer: the identifier of who vouches for them. Another issuer may be called by now as theirs was,
                and its people are others.

        Raises:
            StoreUnavailable: nobody knows, or what was kept is not what was sealed.
        """
        person = await self._seen(subject)
        return person is not None and person.origin.issuer == issuer

    async def matched(self, key: str) -> str | None:
        """Return whom of ours the grants of somebody were matched to before, until that person is revoked.

        Args:
            key: what it is kept under, as the ``subject`` of who is remembered.

        Raises:
            StoreUnavailable: nobody knows, or what was kept is not what was sealed.
        """
        person = await self._seen(key)
        return None if person is None else person.origin.subject

    async def _seen(self, subject: str) -> VouchedPerson | None:
        kept = await self._store.find(subject)
        return None if kept is None else self._opened(subject, kept)

    def _opened(self, subject: str, kept: KeptPerson) -> VouchedPerson | None:
        """Return who was kept of somebody whom we call so, while they are known."""
        try:
            content = self._texts.opened_beside(_place(subject, kept.place), kept.sealed)
            person = msgspec.json.decode(content, type=VouchedPerson)
        except (SealBroken, msgspec.DecodeError) as broken:
            raise StoreUnavailable(f"what is kept of {subject} does not open: {broken}") from broken
        mark, origin_mark = self._marks(person)
        if (person.subject, person.seen_at, origin_mark) != (kept.subject, kept.seen_at, kept.origin_mark):
            raise StoreUnavailable(f"what is kept beside {subject} is not what was sealed")
        if mark != kept.mark:
            # They were here when this server was called otherwise, and what ended them then is not found now.
            return None
        return person if self._is_known(person) else None

    def _is_known(self, person: VouchedPerson) -> bool:
        if person.seen_at + KNOWN_FOR <= self._clock.now():
            return False
        marks = (*self._marks(person), mark_of_issuer(self._marking, person.origin.issuer))
        return self._revocations.against(Lineage(marks, person.seen_at)) is None

    def _signs_in(self, person: VouchedPerson) -> bool:
        try:
            issuer = self._live.vouching(person.origin.issuer)
        except BadToken:
            return False
        # Another issuer may be called as theirs was by now, or theirs otherwise: whose is it then?
        return person.subject.startswith(f"{issuer.name}:")

    def _marks(self, person: VouchedPerson) -> tuple[str, str]:
        ours = Identity(self._live.ourselves, person.subject)
        return mark_of_party(self._marking, ours), mark_of_party(self._marking, person.origin)


def _place(subject: str, place: str) -> str:
    return msgspec.json.encode(("known_people", subject, place)).decode()
