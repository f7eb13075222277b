"""Who signed in through another issuer, in memory only: for tests, held to the suite of the real store."""

from __future__ import annotations

from actas.core.errors import StoreUnavailable
from actas.subjects.known import KeptPerson


class MemoryKnownPeople:
    """Implements ``subjects.known.KnownStore``.

    Attributes:
        kept: people by subject.
        broken: whether the database is away.
    """

    def __init__(self) -> None:
        self.kept: dict[str, KeptPerson] = {}
        self.broken = False

    async def keep(self, person: KeptPerson) -> None:
        self._require()
        self.kept[person.subject] = person

    async def replace(self, person: KeptPerson, *, place: str | None) -> bool:
        self._require()
        there = self.kept.get(person.subject)
        if (None if there is None else there.place) != place:
            return False
        self.kept[person.subject] = person
        return True

    async def find(self, subject: str) -> KeptPerson | None:
        self._require()
        return self.kept.get(subject)

    def _require(self) -> None:
        if self.broken:
            raise StoreUnavailable("the database is away")
