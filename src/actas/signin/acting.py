"""Who acts and acted as a person, as the person sees it; and the end that they put to it (SEC-48).

What is shown is what is kept of each impersonation. It is kept for the person, so nobody else can take any of
it away: neither who acted, nor an operator of the server.
"""

from __future__ import annotations

from typing import Final

import msgspec

from actas.core.impersonation import Impersonation, ImpersonationStore, name_of
from actas.core.party import Identity
from actas.core.ports import Clock
from actas.kinds.impersonation_pages import Paging
from actas.kinds.impersonations import Impersonations

MOST: Final = 20
"""Past ones on a page."""


class Acting(msgspec.Struct, frozen=True, kw_only=True):
    """What a person sees of it.

    Attributes:
        running: all that run now, the newest first.
        past: a page of the others, the newest first; ``earlier`` is the cursor of the next page.
    """

    running: tuple[Impersonation, ...] = ()
    past: tuple[Impersonation, ...] = ()
    earlier: str | None = None


class ActingAsMe:
    """Finds what runs and ran for a person, and ends it for them."""

    def __init__(
        self, *, kept: ImpersonationStore, impersonations: Impersonations, paging: Paging, clock: Clock
    ) -> None:
        self._kept = kept
        self._impersonations = impersonations
        self._paging = paging
        self._clock = clock

    async def of(self, person: Identity, *, cursor: str | None = None) -> Acting:
        """Return who acts and acted as a person.

        Args:
            cursor: of the page of past ones; None for the first.

        Raises:
            InvalidRequest: the cursor is none of ours, or another person's.
            StoreUnavailable: nobody knows.
        """
        of, now = f"acted as {name_of(person)}", int(self._clock.now())
        after = self._paging.start(cursor, of=of)
        running = await self._kept.running_as(person, at=now)
        found = await self._kept.of_subject(person, most=MOST + 1, after=after)
        page, earlier = self._paging.cut(found, most=MOST, of=of)
        return Acting(
            running=tuple(running),
            past=tuple(one for one in page if not one.runs(now)),
            earlier=earlier,
        )

    async def end(self, person: Identity, name: str) -> bool:
        """End one, with every token that came of it, on every node; False when none of theirs is so called.

        Raises:
            AuditUnavailable: it has ended, and stands in the minutes later.
            StoreUnavailable: nobody knows.
        """
        one = await self._kept.find(name)
        if one is None or one.subject != person:
            return False
        return await self._impersonations.end(one.id, by=name_of(person), why="") is not None
