"""Checking tokens, without I/O: when to fetch keys, when to believe the ones at hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from actas_sdk.caller import Caller
from actas_sdk.errors import BadAnswer, InvalidToken, Unreachable
from actas_sdk.flow import Flow, World, together
from actas_sdk.issuer import Issuer, ask
from actas_sdk.jws import UnverifiedJws
from actas_sdk.keys import KeySet, VerifyingKey
from actas_sdk.requests import document, scope_set
from actas_sdk.responses import key_set
from actas_sdk.verify import Expected, bearer_token, read, verified

__all__ = ["Checking"]

_FRESH: Final = 300.0
_STALE: Final = 3600.0
_NOT_AGAIN_FOR: Final = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Keys:
    keys: KeySet
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Miss:
    error: Unreachable | BadAnswer
    at: float


class Checking:
    """An API that believes one issuer.

    Keys are fetched again after five minutes, and at once for a key that is not known, but never
    more than once in thirty seconds: otherwise anybody could make us call the issuer by sending
    tokens with invented key names. While the issuer is down, keys are believed for an hour.

    Args:
        issuer: whose tokens are believed.
        expected: what a token must be.
        world: time and chance.
    """

    def __init__(self, issuer: Issuer, *, expected: Expected, world: World) -> None:
        self.issuer = issuer
        self.expected = expected
        self._world = world
        self._known: _Keys | None = None
        self._missed: _Miss | None = None

    def check(
        self, headers: Mapping[str, str] | Iterable[tuple[str, str]], *, scopes: Iterable[str]
    ) -> Flow[Caller]:
        """Return who sends a request with these headers, as `check_token` does."""
        caller = yield from self.check_token(bearer_token(headers), scopes=scopes)
        return caller

    def check_token(self, token: str, *, scopes: Iterable[str]) -> Flow[Caller]:
        """Return who is calling.

        Raises:
            InvalidToken: the token does not hold.
            MissingScope: it holds but lacks one of ``scopes``.
            Unreachable: the keys could not be had, so nothing is known about the token.
            BadAnswer: the issuer's metadata or keys are not what they must be.
        """
        needed = scope_set(scopes)
        jws = read(token, expected=self.expected)
        keys = yield from self._keys_for(jws)
        caller = verified(token, jws=jws, keys=keys, expected=self.expected, now=self._world.now())
        caller.require(needed)
        return caller

    def _keys_for(self, jws: UnverifiedJws) -> Flow[tuple[VerifyingKey, ...]]:
        now, known = self._world.now(), self._known
        found: tuple[VerifyingKey, ...] = ()
        problem: Unreachable | BadAnswer | None = None
        if known is not None and known.at <= now < known.at + _FRESH:
            found = known.keys.candidates(jws)
        if not found and not self._just_fetched(now):
            problem = yield from self._renew(now)
            newest = self._known
            if newest is not None and newest.at <= self._world.now() < newest.at + _STALE:
                found = newest.keys.candidates(jws)
        if found:
            return found
        # Not knowing the key is not the same as knowing that there is no such key: a good token
        # signed with a new one must not be thrown away by its owner.
        if problem is not None:
            raise problem
        raise InvalidToken("the issuer has no such key")

    def _renew(self, now: float) -> Flow[Unreachable | BadAnswer | None]:
        """Fetch the keys, unless that failed a moment ago. Return what is in the way, if anything."""
        missed = self._missed
        if missed is not None and missed.at <= now < missed.at + _NOT_AGAIN_FOR:
            return missed.error.with_traceback(None)
        try:
            yield from together(("keys", self.issuer.address), self._fetch)
        except (Unreachable, BadAnswer) as problem:
            return problem.with_traceback(None)
        return None

    def _just_fetched(self, now: float) -> bool:
        return self._known is not None and self._known.at <= now < self._known.at + _NOT_AGAIN_FOR

    def _fetch(self) -> Flow[None]:
        if self._just_fetched(self._world.now()):  # by another thread, since we looked
            return
        try:
            described = yield from self.issuer.describe()
            if described.jwks_uri is None:
                raise BadAnswer(f"{self.issuer.address} publishes no keys")
            fetch = partial(document, described.jwks_uri)
            answer = yield from ask(fetch, world=self._world, repeatable=True)
            keys = key_set(answer)
        except (Unreachable, BadAnswer) as problem:
            self._missed = _Miss(error=problem, at=self._world.now())
            raise
        self._known = _Keys(keys=keys, at=self._world.now())
        self._missed = None
