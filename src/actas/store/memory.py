"""Stores that keep nothing beyond the process: for tests, held to the same suites as the real ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from actas.core.ports import Clock
from actas.keys.kept import StoredKey, StoredSecret
from actas.keys.local import Kept
from actas.store.marks import MarksUnavailable, mark_of, needed_until


class MemoryKeyStore:
    """Implements ``keys.local.KeyStore``."""

    def __init__(self) -> None:
        self._keys: dict[str, StoredKey] = {}
        self._generation = 0
        self._secrets: dict[str, StoredSecret] = {}

    async def generation(self) -> int:
        return self._generation

    async def read(self) -> Kept:
        return Kept(self._generation, await self.all())

    async def all(self) -> list[StoredKey]:
        return list(self._keys.values())

    async def add(self, key: StoredKey) -> bool:
        if key.kid in self._keys or not _fits([*self._keys.values(), key]):
            return False
        self._keys[key.kid] = key
        self._generation += 1
        return True

    async def replace(self, keys: Sequence[StoredKey], *, seen: int) -> bool:
        changed = self._keys | {one.kid: one for one in keys}
        if seen != self._generation or not _fits(changed.values()):
            return False
        self._keys = changed
        self._generation += 1
        return True

    async def secrets(self) -> list[StoredSecret]:
        return list(self._secrets.values())

    async def add_secret(self, secret: StoredSecret) -> bool:
        return self._secrets.setdefault(secret.name, secret) is secret


def _fits(keys: Iterable[StoredKey]) -> bool:
    """Return whether at most one key is active, and one prepared, for each use."""
    places = [(one.slot, one.state) for one in keys if one.state in ("prepared", "active")]
    return len(places) == len(set(places))


class MemoryMarks:
    """Implements ``clients.assertion.MarkStore``."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[bytes, int] = {}
        self._forgotten = 0

    async def claim(self, *, purpose: str, issuer: str, token_id: str, expires_at: int) -> bool:
        key = mark_of(purpose=purpose, issuer=issuer, token_id=token_id)
        until = needed_until(expires_at)
        if until <= self._forgotten:
            raise MarksUnavailable("marks of that age are gone: nobody knows whether it was claimed before")
        first = key not in self._kept
        self._kept.setdefault(key, until)
        past = [key for key, kept in self._kept.items() if kept < self._clock.now()]
        for key in past:
            self._forgotten = max(self._forgotten, self._kept.pop(key))
        return first
