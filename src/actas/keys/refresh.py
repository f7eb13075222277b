"""Refresh tokens: made, kept, found, and followed by the next.

A token is found by the keyed digest of its whole text (SEC-96), and what it stands for is sealed with the
text (``crypto.paired``), anew for each token of a family. What is left of one that was used is its digest, so
that it is known again: who presents it shows that there are two copies.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Protocol

from actas.core.confirmation import Confirmation
from actas.core.errors import BadToken
from actas.core.family import Family, Renewal, Spent
from actas.core.opaque import REFRESH
from actas.keys.family import read_family, write_family
from actas.keys.opaque import NewToken, OpaqueTexts

RETRY_WITHIN: Final = 10
"""Seconds after its use in which a refresh token that comes again is refused and ends nothing: two threads of
an honest client do that. Later it is a copy (RFC 9700 section 4.14.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFamily:
    """A family as it is kept: what must be known of it without any of its tokens.

    Attributes:
        key: the digest of the key that its tokens are bound to, as ``jkt:…`` or ``x5t:…``; empty for none.
        marks: of everything that would end it; ``since`` as in ``core.lineage``.
        ends_at: when it ends however often it is used, seconds since the epoch.
    """

    id: str
    client: str
    key: str
    marks: tuple[str, ...]
    since: int
    ends_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRefresh:
    """A refresh token as it is kept.

    Attributes:
        generation: how many came before it.
        sealed: what it stands for; empty once its successor was used.
        until: its end when it is not used, seconds since the epoch. What is sealed says so too, and counts.
    """

    digest: str
    family: str
    generation: int
    sealed: bytes = field(repr=False)
    until: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRefresh:
    """A refresh token that was found, and how its family stands.

    Attributes:
        newest: the generation that is good now.
        renewed_at: when that took the place of the one before, seconds since the epoch.
        ended: whether the family was revoked.
        ends_at: of the family; ``client`` and ``key`` likewise.
    """

    token: KeptRefresh
    newest: int
    renewed_at: int
    ended: bool
    client: str
    key: str
    ends_at: int


class RefreshStore(Protocol):
    """Keeps refresh tokens, for all nodes. Each step is one, whoever else does what at the same moment.

    All raise ``StoreUnavailable`` when it is not known whether it was done.
    """

    async def begin(self, family: KeptFamily, token: KeptRefresh, *, at: int) -> bool:
        """Keep a family and its first token; False, and nothing is kept, when it was revoked already."""
        ...

    async def find(self, digest: str) -> FoundRefresh | None:
        """Return the token of this digest, or None."""
        ...

    async def follow(self, used: str, successor: KeptRefresh, *, at: int) -> bool:
        """Have one token take the place of the one that is good now.

        Args:
            used: the digest of that one, whose generation is that of the successor less one.

        Returns:
            False, and nothing is changed, when it is not the one that is good, or its family was revoked.
        """
        ...

    async def put_back(self, successor: KeptRefresh, *, renewed_at: int) -> None:
        """Undo ``follow`` while nobody has seen the successor; nothing, when it was used since."""
        ...


class RefreshTokens:
    """Makes refresh tokens, and opens them.

    Args:
        store: keeps them.
        texts: makes and seals them.
    """

    def __init__(self, store: RefreshStore, texts: OpaqueTexts) -> None:
        self._store = store
        self._texts = texts

    async def begin(self, family: Family) -> NewToken | None:
        """Return the first token of a family, which is kept; None when what it comes from was revoked.

        Raises:
            StoreUnavailable: it was not kept, or nobody knows whether it was.
        """
        token, kept = self._sealed(family, generation=0, until=family.idle_until(family.began))
        whole = KeptFamily(
            id=family.id,
            client=family.client,
            key=_key_text(family.confirmation),
            marks=family.lineage.marks,
            since=family.lineage.since,
            ends_at=family.ends_at,
        )
        return token if await self._store.begin(whole, kept, at=family.began) else None

    async def follow(self, used: Renewal, *, at: int) -> tuple[NewToken, int] | None:
        """Return the token that takes the place of one that was proven, and its end; None when another did.

        Args:
            at: seconds since the epoch.

        Raises:
            StoreUnavailable: nobody knows whether it does.
        """
        until = used.family.idle_until(at)
        token, kept = self._sealed(used.family, generation=used.generation + 1, until=until)
        done = await self._store.follow(used.digest, kept, at=at)
        return (token, until) if done else None

    async def put_back(self, used: Renewal, successor: str) -> None:
        """Make a token good again whose successor, of that digest, never left.

        Raises:
            StoreUnavailable: nobody knows whether it is.
        """
        kept = KeptRefresh(
            digest=successor, family=used.family.id, generation=used.generation + 1, sealed=b"", until=0
        )
        await self._store.put_back(kept, renewed_at=used.renewed_at)

    async def found(self, text: str) -> FoundRefresh:
        """Return what is kept of a token, good or not.

        Raises:
            BadToken: there is no such token.
            StoreUnavailable: nobody knows.
        """
        found = await self._store.find(self._texts.require_whole(text, REFRESH))
        if found is None:
            raise BadToken("no such refresh token is kept: it was never issued, or its family ended long ago")
        return found

    async def renewal(self, text: str, *, now: float) -> Renewal:
        """Return what a token stands for that is good now. Whose it is, is still to be asked.

        Raises:
            Spent: another took its place.
            BadToken: it is not good, for another reason.
            StoreUnavailable: nobody knows.
        """
        found = await self.found(text)
        token = found.token
        if found.ended:
            raise BadToken("its family was revoked", why="revoked")
        if token.generation != found.newest:
            raise _spent(found, now)
        family, generation, until = read_family(self._texts.opened(text, token.sealed))
        if generation != token.generation or family.id != token.family:
            raise BadToken("what is kept beside it is not what was sealed")
        if family.ends_at <= now or until <= now:
            raise BadToken("it has ended", why="expired")
        return Renewal(
            family=family,
            digest=token.digest,
            generation=token.generation,
            until=until,
            renewed_at=found.renewed_at,
        )

    def _sealed(self, family: Family, *, generation: int, until: int) -> tuple[NewToken, KeptRefresh]:
        token = self._texts.new(REFRESH)
        sealed = self._texts.sealed(token, write_family(family, generation=generation, until=until))
        return token, KeptRefresh(
            digest=token.digest, family=family.id, generation=generation, sealed=sealed, until=until
        )


def _spent(found: FoundRefresh, now: float) -> Spent:
    token = found.token
    ago = int(now) - found.renewed_at
    repeated = token.generation == found.newest - 1 and ago <= RETRY_WITHIN
    return Spent(
        f"it was used {max(ago, 0)} s ago, and the next one was not used yet: use that, or sign in again"
        if repeated
        else f"it is a copy: {found.newest - token.generation} more came after it",
        why="refresh_repeated" if repeated else "refresh_reused",
        family=token.family,
        client=found.client,
        confirmation=_key_of(found.key),
        ends_at=found.ends_at,
    )


def _key_text(key: Confirmation | None) -> str:
    if key is None:
        return ""
    return f"jkt:{key.jkt}" if key.jkt is not None else f"x5t:{key.x5t}"


def _key_of(text: str) -> Confirmation | None:
    kind, _, digest = text.partition(":")
    if not digest:
        return None
    return Confirmation(jkt=digest) if kind == "jkt" else Confirmation(x5t=digest)
