"""Checking tokens, without I/O: when to fetch keys, when to believe the ones at hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Final

from actas_sdk.caller import Caller
from actas_sdk.dpop import digest
from actas_sdk.errors import BadAnswer, InvalidProof, InvalidToken, Unreachable
from actas_sdk.feed import Feed
from actas_sdk.flow import Call, Flow, World, together
from actas_sdk.introspecting import Introspecting, is_jwt
from actas_sdk.issuer import Issuer, ask
from actas_sdk.jws import UnverifiedJws
from actas_sdk.keys import KeySet, VerifyingKey
from actas_sdk.possession import Binding, Possession, binding_of, proven
from actas_sdk.requests import document, scope_set
from actas_sdk.responses import key_set
from actas_sdk.verify import Expected, Presented, answered, presented, read, verified

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
        possession: what is asked of bound tokens.
        world: time and chance.
        feed: says what was revoked, or None to believe every token until it expires.

    Attributes:
        introspecting: asks about tokens that are no JWTs; None takes no such token.
    """

    def __init__(
        self,
        issuer: Issuer,
        *,
        expected: Expected,
        possession: Possession,
        world: World,
        feed: Feed | None = None,
    ) -> None:
        self.issuer = issuer
        self.feed = feed
        self.introspecting: Introspecting | None = None
        self.expected = expected
        self.possession = possession
        self._world = world
        self._known: _Keys | None = None
        self._missed: _Miss | None = None

    def check(
        self,
        headers: Mapping[str, str] | Iterable[tuple[str, str]],
        *,
        method: str,
        url: str,
        certificate: bytes | None,
        scopes: Iterable[str],
    ) -> Flow[Caller]:
        """Return who sends a request, as `check_token` does, once the key of a bound token is proven.

        Raises:
            InvalidProof: and what `check_token` raises.
        """
        needs_proof = self.possession.required
        try:
            shown = presented(headers)
            needs_proof = needs_proof or shown.scheme == "DPoP"
            caller = yield from self._verified(shown.token)
            binding = binding_of(caller.claims)
            if shown.scheme == "DPoP":
                yield from self._proven(shown, binding, method=method, url=url)
            elif binding is None:
                if self.possession.required:
                    raise InvalidToken("the token is not bound to a key, as tokens for this API must be")
            elif binding.kind == "jkt":
                # RFC 9449 section 7.2: whoever stole it could otherwise leave the proof out.
                raise InvalidToken("the token is bound to a DPoP key and shown as a bearer token")
            elif certificate is None or digest(certificate) != binding.digest:
                raise InvalidToken("the token is bound to a certificate that the connection does not prove")
        except InvalidToken as no:
            if needs_proof:
                no.scheme = "DPoP"
            raise
        caller.require(scope_set(scopes))
        return caller

    def check_token(self, token: str, *, scopes: Iterable[str]) -> Flow[Caller]:
        """Return who is calling.

        Raises:
            InvalidToken: the token does not hold, or is bound to a key, which only a request can prove.
            MissingScope: it holds but lacks one of ``scopes``.
            Unreachable: the keys, or what was revoked, could not be had, so nothing is known about the token.
            BadAnswer: the issuer's metadata or keys are not what they must be.
        """
        needed = scope_set(scopes)
        caller = yield from self._verified(token)
        if "cnf" in caller.claims or self.possession.required:
            raise InvalidToken("the token is good only with proof of a key, and no request shows one")
        caller.require(needed)
        return caller

    def _verified(self, token: str) -> Flow[Caller]:
        if self.introspecting is not None and not is_jwt(token):
            said = yield from self.introspecting.claims_of(token)
            return answered(token, said=said, expected=self.expected, now=self._world.now())
        jws = read(token, expected=self.expected)
        keys = yield from self.keys_for(jws)
        caller = verified(token, jws=jws, keys=keys, expected=self.expected, now=self._world.now())
        if self.feed is not None:
            yield from self.feed.require_live(caller.claims)
        return caller

    def _proven(self, shown: Presented, binding: Binding | None, *, method: str, url: str) -> Flow[None]:
        if binding is None or binding.kind != "jkt":
            raise InvalidToken("the token is not bound to a DPoP key and shown as if it were")
        proof = proven(
            shown.proofs,
            jkt=binding.digest,
            method=method,
            url=url,
            token=shown.token,
            nonces=self.possession.nonces,
            now=self._world.now(),
        )
        first = yield Call(lambda: self.possession.memory.claim(proof.name, until=proof.until))
        if first is not True:
            raise InvalidProof("the proof was used before")

    def keys_for(self, jws: UnverifiedJws) -> Flow[tuple[VerifyingKey, ...]]:
        """Return the issuer's keys that may have signed something, never none.

        Raises:
            InvalidToken: it has no such key.
            Unreachable: the keys could not be had; ``BadAnswer`` likewise.
        """
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
