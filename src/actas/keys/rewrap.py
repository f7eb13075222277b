"""Sealing everything again under the envelope key at hand, some rows at a time (REL-08).

It may be killed anywhere and begun again: what is left to do is read from the rows themselves. A row is
replaced in one statement, by bytes that were opened before, on condition that it is still what was read; so
at every moment it opens under this key or the one before, and nodes that know both go on as they were.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from actas.core.ports import Json
from actas.core.records import Record
from actas.crypto.seal import Sealer
from actas.keys.kept import Stored, seal_again
from actas.keys.store import Otherwise, SealedStore

TOGETHER: Final = 1000
"""Rows in one transaction: a node that wants to write waits for no more than that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrapped:
    """Rows that were sealed again together.

    Attributes:
        rows: how many.
        envelope: the id of the envelope key that they rest under now.
        previous: that of the one before.
    """

    rows: int
    envelope: str
    previous: str

    def members(self) -> dict[str, Json]:
        """Return the members of the event."""
        return {"rows": self.rows, "envelope": self.envelope, "previous": self.previous}


class Rewrap:
    """Seals again what rests under the previous envelope key.

    Args:
        sealer: of the envelope key, with the one before.
        record: draws up the audit entry of rows that are sealed again, which is kept with them (REL-01).
        together: rows in one transaction.
    """

    def __init__(
        self,
        store: SealedStore,
        *,
        sealer: Sealer,
        record: Callable[[Rewrapped], Record],
        together: int = TOGETHER,
    ) -> None:
        self._store = store
        self._record = record
        self._sealer = sealer
        self._together = together

    @property
    def envelope(self) -> str:
        """The id of the envelope key that everything is to rest under."""
        return self._sealer.key_id

    async def left(self) -> Otherwise:
        """Return how much rests under another key."""
        return await self._store.otherwise(self._sealer.header)

    async def some(self) -> Rewrapped | None:
        """Seal some rows again, and return what was done; None when there is nothing left to do.

        Raises:
            KeysUnusable: a row opens under neither key, or the envelope key may seal no more. Nothing was
                changed then.
            Exception: the store failed.
        """
        while True:
            rows = await self._store.some_otherwise(self._sealer.header, most=self._together)
            if not rows:
                return None
            changed = await self._store.seal_again(
                await asyncio.to_thread(self._again, rows), record=lambda rows: self._record(self._done(rows))
            )
            # None: another command had the same rows, and was faster.
            if changed:
                return self._done(changed)

    def _done(self, rows: int) -> Rewrapped:
        previous = self._sealer.previous
        return Rewrapped(
            rows=rows, envelope=self.envelope, previous="" if previous is None else previous.key_id
        )

    def _again(self, rows: Sequence[Stored]) -> list[tuple[Stored, bytes]]:
        return [(one, seal_again(one, sealer=self._sealer)) for one in rows]
