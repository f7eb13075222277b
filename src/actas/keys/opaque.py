"""Opaque tokens: made, kept and found again.

What is kept is the keyed digest of the whole text, by which alone a token is found (SEC-96), and what it
stands for, sealed so that it opens with the token and our key together (``crypto.paired``). A token that was
kept and never sent, because a server died in between, is known to nobody: only its digest is there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from actas.core.errors import BadToken
from actas.core.opaque import Prefix, is_whole, new_text
from actas.core.ports import Chance
from actas.core.secret import Secret
from actas.crypto.paired import open_beside, open_with, seal_beside, seal_with
from actas.crypto.seal import SealBroken


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptToken:
    """An opaque token as it is kept.

    Attributes:
        digest: the keyed digest of its text.
        sealed: what it stands for.
        expires_at: when it may be forgotten, seconds since the epoch. What is sealed says when it ends.
    """

    digest: str
    sealed: bytes = field(repr=False)
    expires_at: int


class OpaqueTokenStore(Protocol):
    """Keeps opaque tokens, for all nodes."""

    async def keep(self, token: KeptToken) -> None:
        """Keep a token, durably.

        Raises:
            StoreUnavailable: it was not kept, or nobody knows whether it was.
        """
        ...

    async def find(self, digest: str) -> KeptToken | None:
        """Return the token of this digest, or None.

        Raises:
            StoreUnavailable: nobody knows.
        """
        ...


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that nobody knows of yet.

    Attributes:
        digest: its keyed digest.
    """

    text: Secret
    digest: str

    @property
    def id(self) -> str:
        """Its ``jti``."""
        return id_of(self.digest)


def id_of(digest: str) -> str:
    """Return what the minutes and everybody who may ask call the token of a digest: its first 132 bits."""
    return digest[:22]


class OpaqueTexts:
    """Makes texts of opaque tokens, and seals what they stand for.

    Args:
        key: seals what they stand for, 32 bytes.
        digest: the keyed digest by which the minutes name tokens too.
    """

    def __init__(self, *, key: bytes, digest: Callable[[str], str], chance: Chance) -> None:
        self._key = key
        self._chance = chance
        self.digest = digest

    def new(self, prefix: Prefix) -> NewToken:
        """Return a new token. It stands for nothing until it is kept."""
        text = new_text(prefix, self._chance)
        return NewToken(Secret(text), self.digest(text))

    def sealed(self, token: NewToken, content: bytes) -> bytes:
        """Return what a new token stands for, sealed. Once for each token."""
        return seal_with(token.text.reveal(), content, key=self._key)

    def require_whole(self, text: str, prefix: Prefix) -> str:
        """Return the digest of a token that is neither cut off nor misspelt.

        Raises:
            BadToken: it is.
        """
        if not is_whole(text, prefix):
            raise BadToken("it is cut off or misspelt: its checksum is not that of its text")
        return self.digest(text)

    def opened(self, text: str, sealed: bytes) -> bytes:
        """Return what a token stands for.

        Raises:
            BadToken: what was kept is not what was sealed.
        """
        try:
            return open_with(text, sealed, key=self._key)
        except SealBroken as broken:
            raise BadToken(str(broken)) from broken

    def sealed_beside(self, place: str, content: bytes) -> bytes:
        """Return what must be known of a token without it, sealed. Once for each place.

        Args:
            place: names the row and whatever of it must not be changed.
        """
        return seal_beside(place, content, key=self._key)

    def opened_beside(self, place: str, sealed: bytes) -> bytes:
        """Return what is known of a token without it.

        Raises:
            SealBroken: what was kept is not what was sealed.
        """
        return open_beside(place, sealed, key=self._key)


class OpaqueTokens:
    """Makes opaque tokens that stand for one thing as long as they live, and finds it.

    Args:
        store: keeps them.
        texts: makes and seals them.
    """

    def __init__(self, store: OpaqueTokenStore, texts: OpaqueTexts) -> None:
        self._store = store
        self._texts = texts

    def new(self, prefix: Prefix) -> NewToken:
        """Return a new token. It stands for nothing until it is kept."""
        return self._texts.new(prefix)

    async def keep(self, token: NewToken, content: bytes, *, expires_at: int) -> None:
        """Keep what a new token stands for, durably. Once for each token.

        Raises:
            StoreUnavailable: it was not kept, or nobody knows whether it was; then the token must not leave.
        """
        sealed = self._texts.sealed(token, content)
        await self._store.keep(KeptToken(digest=token.digest, sealed=sealed, expires_at=expires_at))

    async def content(self, text: str, prefix: Prefix) -> bytes:
        """Return what a token stands for.

        Raises:
            BadToken: there is no such token.
            StoreUnavailable: nobody knows.
        """
        kept = await self._store.find(self._texts.require_whole(text, prefix))
        if kept is None:
            raise BadToken("no such token is kept: it was never issued, or ended long ago")
        return self._texts.opened(text, kept.sealed)
