"""Stores that keep nothing beyond the process: for tests, held to the same suites as the real ones."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from actas.core.errors import StoreUnavailable
from actas.core.lineage import Lineage, Revoked
from actas.core.ports import Clock
from actas.core.records import Record
from actas.keys.kept import Stored, StoredKey, StoredSecret
from actas.keys.opaque import KeptToken
from actas.keys.refresh import FoundRefresh, KeptFamily, KeptRefresh
from actas.keys.store import Kept, Otherwise
from actas.signin.holdings import KeptHoldings
from actas.store.marks import MarksUnavailable, mark_of, needed_until
from actas.store.refresh import KEPT_LONGER


class MemoryKeyStore:
    """Implements ``keys.store.KeyStore`` and ``keys.store.SealedStore``.

    Attributes:
        records: the audit entries that were kept with changes.
    """

    def __init__(self) -> None:
        self.records: list[Record] = []
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

    async def replace(self, keys: Sequence[StoredKey], *, seen: int, records: Sequence[Record] = ()) -> bool:
        changed = self._keys | {one.kid: one for one in keys}
        if seen != self._generation or not _fits(changed.values()):
            return False
        self._keys = changed
        self._generation += 1
        self.records += records
        return True

    async def secrets(self) -> list[StoredSecret]:
        return list(self._secrets.values())

    async def add_secret(self, secret: StoredSecret) -> bool:
        return self._secrets.setdefault(secret.name, secret) is secret

    async def otherwise(self, header: bytes) -> Otherwise:
        return Otherwise(ours=len(await self.some_otherwise(header, most=sys.maxsize)), later=0)

    async def some_otherwise(self, header: bytes, *, most: int) -> list[Stored]:
        rows: list[Stored] = [*self._keys.values(), *self._secrets.values()]
        return [one for one in rows if one.sealed and not one.sealed.startswith(header)][:most]

    async def seal_again(
        self,
        rows: Sequence[tuple[Stored, bytes]],
        *,
        record: Callable[[int], Record] | None = None,
    ) -> int:
        changed = 0
        for before, sealed in rows:
            if isinstance(before, StoredKey) and self._keys[before.kid].sealed == before.sealed:
                self._keys[before.kid] = replace(self._keys[before.kid], sealed=sealed)
                changed += 1
            elif isinstance(before, StoredSecret) and self._secrets[before.name].sealed == before.sealed:
                self._secrets[before.name] = replace(before, sealed=sealed)
                changed += 1
        self._generation += 1
        if changed and record is not None:
            self.records.append(record(changed))
        return changed


def _fits(keys: Iterable[StoredKey]) -> bool:
    """Return whether at most one key is active, and one prepared, for each use."""
    places = [(one.slot, one.state) for one in keys if one.state in ("prepared", "active")]
    return len(places) == len(set(places))


class MemoryCredentials:
    """Implements ``signin.records.CredentialStore``.

    Args:
        beside: sealed values that every node can open.

    Attributes:
        records: the entries that were kept with what they tell.
    """

    def __init__(self, beside: Sequence[bytes] = ()) -> None:
        self.beside = list(beside)
        self.records: tuple[Record, ...] = ()
        self._kept: dict[str, KeptHoldings] = {}

    async def read(self, subject: str) -> KeptHoldings | None:
        return self._kept.get(subject)

    async def find(self, handle: str) -> KeptHoldings | None:
        return next((one for one in self._kept.values() if one.handle == handle), None)

    async def write(
        self,
        kept: KeptHoldings,
        *,
        seen: KeptHoldings | None,
        beside: Sequence[bytes],
        record: Record | None = None,
    ) -> bool:
        if self._kept.get(kept.subject) != seen or (seen is None and list(beside) != self.beside):
            return False
        holder = await self.find(kept.handle)
        if holder is not None and holder.subject != kept.subject:
            return False
        self._kept[kept.subject] = kept
        self.records += () if record is None else (record,)
        return True

    async def forget(self, subject: str, *, record: Record | None = None) -> bool:
        gone = self._kept.pop(subject, None) is not None
        self.records += (record,) if gone and record is not None else ()
        return gone

    async def seals(self) -> int:
        return sum(one.version for one in self._kept.values())

    async def neighbours(self) -> list[bytes]:
        return list(self.beside)


class MemoryMarks:
    """Implements ``store.epochs.Claims``."""

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


class MemoryOpaqueTokens:
    """Implements ``keys.opaque.OpaqueTokenStore``."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, KeptToken] = {}

    async def keep(self, token: KeptToken) -> None:
        if token.digest in self._kept:
            raise StoreUnavailable("there is a token of this digest")
        self._kept[token.digest] = token

    async def find(self, digest: str) -> KeptToken | None:
        return self._kept.get(digest)

    async def sweep(self) -> int:
        """Remove what has ended, and return how many there were."""
        past = [one.digest for one in self._kept.values() if one.expires_at <= self._clock.now()]
        for digest in past:
            del self._kept[digest]
        return len(past)


class MemoryRefreshTokens:
    """Implements ``keys.refresh.RefreshStore``.

    Args:
        revoked: says whether something ends a lineage, as ``core.lineage.Revocations`` does.
    """

    def __init__(self, *, clock: Clock, revoked: Callable[[Lineage], Revoked | None]) -> None:
        self._clock = clock
        self._revoked = revoked
        self._families: dict[str, tuple[KeptFamily, int, int]] = {}
        self._tokens: dict[str, KeptRefresh] = {}

    async def begin(self, family: KeptFamily, token: KeptRefresh, *, at: int) -> bool:
        if family.id in self._families or token.digest in self._tokens:
            raise StoreUnavailable("there is a refresh token or a family of this name already")
        if self._ended(family):
            return False
        self._families[family.id] = (family, token.generation, at)
        self._tokens[token.digest] = token
        return True

    async def find(self, digest: str) -> FoundRefresh | None:
        token = self._tokens.get(digest)
        if token is None:
            return None
        family, newest, renewed_at = self._families[token.family]
        return FoundRefresh(
            token=token,
            newest=newest,
            renewed_at=renewed_at,
            ended=self._ended(family),
            client=family.client,
            key=family.key,
            ends_at=family.ends_at,
        )

    async def follow(self, used: str, successor: KeptRefresh, *, at: int) -> bool:
        family, newest, _ = self._families[successor.family]
        token = self._tokens.get(used)
        if token is None or token.family != family.id or self._ended(family):
            return False
        if not token.generation == newest == successor.generation - 1:
            return False
        for one in self._of(family.id):
            if one.generation < newest:
                self._tokens[one.digest] = replace(one, sealed=b"")
        self._families[family.id] = (family, successor.generation, at)
        self._tokens[successor.digest] = successor
        return True

    async def put_back(self, successor: KeptRefresh, *, renewed_at: int) -> None:
        family, newest, _ = self._families[successor.family]
        if newest == successor.generation:
            self._families[family.id] = (family, newest - 1, renewed_at)
            self._tokens.pop(successor.digest, None)

    async def sweep(self) -> int:
        """Remove families that have ended, and return how many tokens they had."""
        before = self._clock.now() - KEPT_LONGER
        removed = 0
        for name in list(self._families):
            tokens = self._of(name)
            if max(one.until for one in tokens) < before:
                del self._families[name]
                removed += len(tokens)
                self._tokens = {key: one for key, one in self._tokens.items() if one.family != name}
        return removed

    def _of(self, family: str) -> list[KeptRefresh]:
        return [one for one in self._tokens.values() if one.family == family]

    def _ended(self, family: KeptFamily) -> bool:
        return self._revoked(Lineage(family.marks, family.since)) is not None
