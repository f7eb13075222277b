"""The tokens at hand: how long they serve, and that those who want the same one share one request."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from actas_sdk.errors import Refused, SignInAgain, Unreachable
from actas_sdk.flow import Flow, World, together
from actas_sdk.token import Token

__all__ = ["TokenCache", "obtained"]

_MOST_KEPT: Final = 1024
_MARGIN: Final = 30.0
_MARGIN_SHARE: Final = 0.2
_LAST_MOMENT: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    token: Token
    kept_at: float
    renew_at: float
    expires_at: float


class TokenCache:
    """The tokens at hand, least recently used out first. Safe to use from several threads.

    Args:
        most: how many are kept.
    """

    def __init__(self, *, most: int = _MOST_KEPT) -> None:
        self._most = most
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def fresh(self, key: bytes, *, now: float) -> Token | None:
        """Return the token under ``key`` while it need not be renewed yet."""
        kept = self._find(key)
        # A clock that was set back must not make a token live longer.
        return kept.token if kept is not None and kept.kept_at <= now < kept.renew_at else None

    def usable(self, key: bytes, *, now: float) -> Token | None:
        """Return the token under ``key`` while it would still reach an API alive."""
        kept = self._find(key)
        return (
            kept.token if kept is not None and kept.kept_at <= now < kept.expires_at - _LAST_MOMENT else None
        )

    def keep(self, key: bytes, token: Token, *, asked_at: float, until: float | None) -> None:
        """Keep a token whose life is known.

        Args:
            key: what it is kept under.
            token: the token.
            asked_at: seconds since the epoch.
            until: when the token it was exchanged for ends, when that is known: nothing bought
                with a token outlives it here, whatever the server says.
        """
        if token.expires_at is None:
            return
        expires_at = token.expires_at if until is None else min(token.expires_at, until)
        life = expires_at - asked_at
        if life <= 0:
            return
        margin = min(_MARGIN, life * _MARGIN_SHARE)
        with self._lock:
            self._kept[key] = _Kept(
                token=token, kept_at=asked_at, renew_at=expires_at - margin, expires_at=expires_at
            )
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)

    def drop(self, key: bytes) -> None:
        """Forget the token under ``key``."""
        with self._lock:
            self._kept.pop(key, None)

    def __len__(self) -> int:
        return len(self._kept)

    def _find(self, key: bytes) -> _Kept | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)


def obtained(
    cache: TokenCache, key: bytes, request: Callable[[], Flow[Token]], *, world: World
) -> Flow[Token]:
    """Return the token under ``key``: the one at hand, or a new one shared by all who wait for it.

    Args:
        cache: where it is looked for.
        key: what it is kept under.
        request: asks for a new one, and keeps it.
        world: time and chance.

    Raises:
        Refused: and what else ``request`` raises; `Unreachable` only when no token at hand is still good.
    """

    def first() -> Flow[Token]:
        # Another thread may have landed with it since we looked.
        landed = cache.fresh(key, now=world.now())
        return landed if landed is not None else (yield from request())

    at_hand = cache.fresh(key, now=world.now())
    if at_hand is not None:
        return at_hand
    try:
        return (yield from together(key, first))
    except Unreachable:
        # The very token that was granted for this subject token is still within its life: an
        # outage of the server need not become one of ours before it ends.
        usable = cache.usable(key, now=world.now())
        if usable is None:
            raise
        return usable
    except (Refused, SignInAgain):
        cache.drop(key)
        raise
