"""What ``keys`` wants kept of our own keys, and how. What a store is given is sealed; it neither opens nor
judges it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from actas.core.records import Record
from actas.keys.kept import Stored, StoredKey, StoredSecret


class Kept(NamedTuple):
    """What a store keeps.

    Attributes:
        generation: how often any key was changed.
    """

    generation: int
    keys: list[StoredKey]


class KeyStore(Protocol):
    """Keeps our keys."""

    async def generation(self) -> int:
        """Return how often any key was added or changed: equal numbers, equal keys."""
        ...

    async def read(self) -> Kept:
        """Return every key of the purposes that this release knows, in no order, and the generation.

        What is returned is at least as new as the generation that is returned.
        """
        ...

    async def all(self) -> list[StoredKey]:
        """Return every key of the purposes that this release knows, in no order."""
        ...

    async def add(self, key: StoredKey) -> bool:
        """Keep a new key.

        Returns:
            False, and nothing is kept, when there is an active or prepared key of that purpose and
            algorithm in its place, or a key of that ``kid``: of two nodes that start at once, one learns
            that it came second.
        """
        ...

    async def replace(self, keys: Sequence[StoredKey], *, seen: int, records: Sequence[Record] = ()) -> bool:
        """Keep keys in place of those of the same ``kid``, one after the other; new ones are added.

        Args:
            seen: the generation that the change was thought out on.
            records: the audit entries of the change, kept with it or not at all (REL-01).

        Returns:
            False, and nothing is changed, when anything was changed since.
        """
        ...

    async def secrets(self) -> list[StoredSecret]:
        """Return every secret whose name this release knows, in no order."""
        ...

    async def add_secret(self, secret: StoredSecret) -> bool:
        """Keep a new secret; False, and nothing is kept, when there is one of that name."""
        ...


class Otherwise(NamedTuple):
    """How many values rest under another envelope key than the one that was named.

    Attributes:
        ours: those that this release knows how to open.
        later: those of a later release that shares the database.
    """

    ours: int
    later: int


class SealedStore(Protocol):
    """Everything that is sealed, for whoever seals it again (REL-08)."""

    async def otherwise(self, header: bytes) -> Otherwise:
        """Return how much is not sealed under the key of ``header``."""
        ...

    async def some_otherwise(self, header: bytes, *, most: int) -> list[Stored]:
        """Return at most ``most`` rows that are not sealed under the key of ``header`` and known here."""
        ...

    async def seal_again(
        self,
        rows: Sequence[tuple[Stored, bytes]],
        *,
        record: Callable[[int], Record] | None = None,
    ) -> int:
        """Put other sealed bytes in the place of those of each row, all together.

        Args:
            rows: each as it was read, and what is to stand in it. A row that was changed since is left as it
                is.
            record: makes the audit entry of so many rows, which is kept with them or not at all (REL-01).

        Returns:
            How many rows were changed.
        """
        ...
