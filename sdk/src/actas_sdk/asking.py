"""Asking for tokens, without I/O: what both clients decide, written once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from actas_sdk.credentials import Credentials
from actas_sdk.dpop import DpopKey
from actas_sdk.errors import BadAnswer, Refused, SignInAgain, Unreachable
from actas_sdk.flow import Answer, Ask, Flow, World, together
from actas_sdk.issuer import Issuer, ask
from actas_sdk.party import Party
from actas_sdk.refreshing import REFRESH_TOKEN, Refresh, RefreshToken, Renewed, begun
from actas_sdk.requests import Wanted, form_of, posted
from actas_sdk.responses import nonce_wanted
from actas_sdk.responses import token as token_response
from actas_sdk.token import Token

__all__ = ["Asking"]

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


class Asking:
    """A service that asks one server for tokens.

    Args:
        issuer: the server.
        credentials: how this service proves who it is.
        world: time and chance.
        dpop: the key that tokens shall be bound to, or None.
    """

    def __init__(
        self, issuer: Issuer, *, credentials: Credentials, world: World, dpop: DpopKey | None = None
    ) -> None:
        self.issuer = issuer
        self._dpop = dpop
        self._credentials = credentials
        self._world = world
        self._cache = TokenCache()

    def obtain(self, wanted: Wanted) -> Flow[Token]:
        """Return the wanted token: the one at hand, or a new one shared by all who wait for it.

        Raises:
            Refused: the server says no.
            SignInAgain: the subject token is too old or too weak.
            Unreachable: no answer came, and no token at hand is still good.
            BadAnswer: the server answered what it must not.
        """
        key = wanted.key
        at_hand = self._cache.fresh(key, now=self._world.now())
        if at_hand is not None:
            return at_hand
        try:
            return (yield from together(key, lambda: self._request(wanted)))
        except Unreachable:
            # The very token that was granted for this subject token is still within its life: an
            # outage of the server need not become one of ours before it ends.
            usable = self._cache.usable(key, now=self._world.now())
            if usable is None:
                raise
            return usable
        except (Refused, SignInAgain):
            self._cache.drop(key)
            raise

    def begin(self, wanted: Wanted) -> Flow[RefreshToken]:
        """Return a refresh token. It is not kept here: whoever asks has another one each time.

        Raises:
            Refused: and `SignInAgain`, `Unreachable`, `BadAnswer`, as `obtain`.
        """
        endpoint = yield from self._endpoint()
        asked_at = self._world.now()
        # Not again when it may have arrived: each answer would be a token that nobody ends.
        form = form_of(wanted, requested=REFRESH_TOKEN)
        answer = yield from self._ask(form, endpoint, repeatable=False)
        return begun(answer, wanted=wanted, asked_at=asked_at)

    def refresh(self, refresh: Refresh) -> Flow[Renewed]:
        """Do an exchange again, once for all who ask for the same with one refresh token at the same time.

        Raises:
            Refused: and `SignInAgain`, `Unreachable`, `BadAnswer`, as `obtain`.
        """
        return (yield from together(refresh.key, lambda: self._refresh(refresh)))

    def forget(self, wanted: Wanted) -> None:
        """Forget a token that an API did not accept, so that the next request gets another."""
        self._cache.drop(wanted.key)

    def _request(self, wanted: Wanted) -> Flow[Token]:
        # Another thread may have landed with it since we looked.
        at_hand = self._cache.fresh(wanted.key, now=self._world.now())
        if at_hand is not None:
            return at_hand
        endpoint = yield from self._endpoint()
        asked_at = self._world.now()
        answer = yield from self._ask(form_of(wanted), endpoint, repeatable=wanted.repeatable)
        found = token_response(
            answer,
            wanted=wanted,
            client=Party(id=self._credentials.client_id),
            asked_at=asked_at,
            dpop=self._dpop,
        )
        until = None if wanted.subject is None else wanted.subject.expires_at
        self._cache.keep(wanted.key, found, asked_at=asked_at, until=until)
        return found

    def _refresh(self, refresh: Refresh) -> Flow[Renewed]:
        endpoint = yield from self._endpoint()
        asked_at = self._world.now()
        answer = yield from self._ask(refresh.form, endpoint, repeatable=False)
        client = Party(id=self._credentials.client_id)
        return refresh.read(answer, client=client, asked_at=asked_at, dpop=self._dpop)

    def _endpoint(self) -> Flow[str]:
        described = yield from self.issuer.describe()
        if described.token_endpoint is None:
            raise BadAnswer(f"{self.issuer.address} has no token endpoint")
        return described.token_endpoint

    def _ask(self, form: list[tuple[str, str]], endpoint: str, *, repeatable: bool) -> Flow[Answer]:
        """Send the request; once more when all that was missing is a nonce (RFC 9449 section 8)."""

        def make() -> Ask:
            proof = self._credentials.proof(issuer=self.issuer.address, world=self._world)
            return posted(form, endpoint=endpoint, proof=proof, dpop=self._dpop)

        answer = yield from ask(make, world=self._world, repeatable=repeatable)
        if self._dpop is None:
            return answer
        self._dpop.learn(endpoint, answer.headers.get("dpop-nonce"))
        # Also when the nonce is known by now: another request may have learnt it since this proof was made.
        if nonce_wanted(answer):
            answer = yield from ask(make, world=self._world, repeatable=repeatable)
            self._dpop.learn(endpoint, answer.headers.get("dpop-nonce"))
        return answer
