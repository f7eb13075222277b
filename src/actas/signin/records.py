"""Reading and changing what a person has. It is changed on condition that nobody else did since."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Protocol, TypeVar

import msgspec

from actas.core.errors import StoreUnavailable
from actas.core.ports import Chance
from actas.core.records import Record
from actas.crypto.seal import SealBroken, Sealer, SealKeySpent
from actas.signin.holdings import Holdings, KeptHoldings, Password, opened, seal

_Result = TypeVar("_Result")

Change = Callable[[Holdings], tuple[Holdings, _Result]]
"""Takes what a person has, and gives what they shall have (the same, when nothing changes) and an answer."""

_TRIES: Final = 20
_HANDLE_BYTES: Final = 32
_HASH_LENGTH: Final = 97
"""Characters of a hash as it is kept."""

_NOBODY: Final = ""
"""The subject of nobody: looked up where somebody is unknown, so that it costs the same."""


class CredentialStore(Protocol):
    """Keeps what people prove who they are with, for all nodes. Each step is one, whoever else does what.

    All raise ``StoreUnavailable`` when it is not known whether it was done.
    """

    async def read(self, subject: str) -> KeptHoldings | None:
        """Return what a person has; None when that is nothing."""
        ...

    async def find(self, handle: str) -> KeptHoldings | None:
        """Return what the person of this handle has; None when nobody has it."""
        ...

    async def write(
        self,
        kept: KeptHoldings,
        *,
        seen: KeptHoldings | None,
        beside: Sequence[bytes],
        record: Record | None = None,
    ) -> bool:
        """Keep what a person has in the place of what was seen.

        Args:
            seen: what was read; None when that was nothing.
            beside: what was read of ``neighbours``, when nothing was seen; else nothing.
            record: the audit entry of it, kept with it or not at all (REL-01).

        Returns:
            False, and nothing is changed, when something else is there now, or beside it.
        """
        ...

    async def forget(self, subject: str, *, record: Record | None = None) -> bool:
        """Remove what a person has; False when that is nothing.

        Args:
            record: as for ``write``.
        """
        ...

    async def seals(self) -> int:
        """Return how often something was sealed for what is there."""
        ...

    async def neighbours(self) -> Sequence[bytes]:
        """Return sealed values that every node must be able to open, in a fixed order (``Sealer.beside``)."""
        ...


class CredentialRecords:
    """Reads and changes what people have.

    Args:
        store: where it is kept.
        sealer: of the envelope key.
    """

    def __init__(self, store: CredentialStore, *, sealer: Sealer, chance: Chance) -> None:
        self._store = store
        self._sealer = sealer
        self._chance = chance
        self._none = self._nothing()
        # Opened where there is nothing: whoever is unknown costs what a person costs who has a password.
        decoy = msgspec.structs.replace(self._none, password=Password(hashed="x" * _HASH_LENGTH, made_at=1))
        self._decoy = seal(decoy, subject=_NOBODY, version=0, sealer=sealer)

    async def read(self, subject: str | None) -> Holdings:
        """Return what a person has.

        Args:
            subject: None for nobody, who has nothing.

        Raises:
            StoreUnavailable: nobody knows.
        """
        kept = await self._store.read(_NOBODY if subject is None else subject)
        found = self._open(kept or self._decoy)
        return self._none if kept is None else found

    async def find(self, handle: str) -> tuple[str, Holdings] | None:
        """Return whose a handle is and what they have; None when it is nobody's.

        Raises:
            StoreUnavailable: nobody knows.
        """
        kept = await self._store.find(handle)
        return None if kept is None else (kept.subject, self._open(kept))

    async def change(
        self,
        subject: str,
        change: Change[_Result],
        *,
        begin: bool = False,
        record: Record | None = None,
    ) -> _Result:
        """Change what a person has, and return the answer.

        Args:
            change: called again with what is there when somebody else was faster.
            begin: whether a handle is kept for somebody who has nothing and gets nothing.
            record: the audit entry of it, which is kept with the change, and not when nothing changes.

        Raises:
            StoreUnavailable: nobody knows whether it was changed.
        """
        for _ in range(_TRIES):
            seen = await self._store.read(subject)
            before = self._nothing() if seen is None else self._open(seen)
            after, answer = change(before)
            if after == before and not (begin and seen is None):
                return answer
            beside = await self._store.neighbours() if seen is None else ()
            kept = self._seal(after, subject=subject, seen=seen, beside=beside)
            if await self._store.write(kept, seen=seen, beside=beside, record=record):
                return answer
        raise StoreUnavailable(f"what {subject} has was changed {_TRIES} times by others meanwhile")

    async def count_seals(self) -> None:
        """Let the envelope key's count begin with what it sealed here before (SEC-93).

        Raises:
            StoreUnavailable: nobody knows.
        """
        self._sealer.count_earlier(await self._store.seals())

    async def forget(self, subject: str, *, record: Record | None = None) -> bool:
        """Remove all that a person has; False when that is nothing.

        Args:
            record: as for ``change``.

        Raises:
            StoreUnavailable: nobody knows whether it was.
        """
        if await self._store.read(subject) is None:
            return False
        return await self._store.forget(subject, record=record)

    def _nothing(self) -> Holdings:
        return Holdings(handle=self._chance.token(_HANDLE_BYTES))

    def _open(self, kept: KeptHoldings) -> Holdings:
        try:
            return opened(kept, sealer=self._sealer)
        except SealBroken as broken:
            raise StoreUnavailable(str(broken)) from broken

    def _seal(
        self, holdings: Holdings, *, subject: str, seen: KeptHoldings | None, beside: Sequence[bytes]
    ) -> KeptHoldings:
        # While the envelope key is being changed, nodes may run that know the one before only.
        sealer = self._sealer.beside(beside if seen is None else [seen.sealed])
        version = 1 if seen is None else seen.version + 1
        try:
            return seal(holdings, subject=subject, version=version, sealer=sealer)
        except SealKeySpent as spent:
            raise StoreUnavailable(str(spent)) from spent
