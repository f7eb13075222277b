"""Asking the server about tokens that mean nothing by themselves (RFC 7662), without I/O.

A token that is no JWT can be read by the server alone. What it answers is believed for a few seconds and for
the very token, never longer than the token lives, and never once the server cannot be asked: there is nothing
to fall back on. A signed answer (RFC 9701) is checked as a token is, with the same keys and its own type.

Left to others: what the claims mean for this API (`verify`), and whether the token's key is held
(`possession`).
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final
from urllib.parse import urlencode

from actas_sdk.credentials import Credentials
from actas_sdk.errors import BadAnswer, InvalidToken, Misconfigured, Refused, SignInAgain, Unreachable
from actas_sdk.flow import Answer, Ask, Flow, World, together
from actas_sdk.issuer import Issuer, ask
from actas_sdk.jws import LONGEST_TOKEN, UnverifiedJws, parse
from actas_sdk.keys import VerifyingKey
from actas_sdk.responses import B64TOKEN, json_of, refusal
from actas_sdk.revoked import Instant
from actas_sdk.strict_json import Json, JsonObject, NotStrict, parse_object, text

__all__ = ["Introspecting", "is_jwt", "kept_for"]

LONGEST_KEPT: Final = 5.0
"""Seconds for which an answer may be believed: a token that was revoked must not be taken for longer."""

_MOST_KEPT: Final = 10_000
_MOST_DEAD: Final = 1_000
_DEAD_FOR: Final = 1.0
"""Seconds for which *not active* is believed. A token in a loop then costs one question a second."""

_PATIENCE: Final = 3.0
_LARGEST: Final = 256 * 1024
_SIGNED: Final = "token-introspection+jwt"
_SIGNED_MEDIA: Final = f"application/{_SIGNED}"
_OLDEST_ANSWER: Final = 60.0
_EARLY: Final = 30.0


@dataclass(frozen=True, slots=True)
class _Kept:
    claims: JsonObject | None = field(repr=False)
    at: Instant


class Answers:
    """Answers at hand, by a digest of the token, least recently used out first.

    Args:
        most: how many are kept.
        kept: seconds for which one is believed.
    """

    def __init__(self, *, most: int, kept: float) -> None:
        self._most = most
        self._kept = kept
        self._found: OrderedDict[bytes, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, key: bytes, *, now: Instant) -> _Kept | None:
        """Return an answer that is still believed."""
        with self._lock:
            found = self._found.get(key)
            if found is None:
                return None
            # By the clock that says longer, and not at all after one that was set back.
            if now.wall < found.at.wall or found.at.seconds_to(now) >= self._kept:
                del self._found[key]
                return None
            self._found.move_to_end(key)
            return found

    def keep(self, key: bytes, claims: JsonObject | None, *, at: Instant) -> None:
        """Keep an answer that was asked for at a moment."""
        if self._kept <= 0:
            return
        with self._lock:
            self._found[key] = _Kept(claims, at)
            self._found.move_to_end(key)
            while len(self._found) > self._most:
                self._found.popitem(last=False)

    def __len__(self) -> int:
        return len(self._found)


class Introspecting:
    """Asks one server about tokens.

    Args:
        issuer: the server.
        credentials: how this service proves who it is: the server answers the token's own API alone.
        kept: seconds for which an answer is believed; 0 asks each time.
        signed: whether answers must be signed (RFC 9701).
        keys: finds the issuer's keys that may have signed something.
        algorithms: what an answer may be signed with.
        world: time and chance.
    """

    def __init__(
        self,
        issuer: Issuer,
        *,
        credentials: Credentials,
        kept: float,
        signed: bool,
        keys: Callable[[UnverifiedJws], Flow[tuple[VerifyingKey, ...]]],
        algorithms: frozenset[str],
        world: World,
    ) -> None:
        self._issuer = issuer
        self._credentials = credentials
        self._signed = signed
        self._keys = keys
        self._algorithms = algorithms
        self._world = world
        self._live = Answers(most=_MOST_KEPT, kept=kept)
        self._dead = Answers(most=_MOST_DEAD, kept=min(kept, _DEAD_FOR))

    def claims_of(self, token: str) -> Flow[JsonObject]:
        """Return what the server says of a token that is active.

        Raises:
            InvalidToken: it is not active, or not for this service to know of.
            Unreachable: the server does not say.
            BadAnswer: it says something else.
        """
        if len(token) > LONGEST_TOKEN or not B64TOKEN.fullmatch(token):
            raise InvalidToken("the token is not text that could be one")
        key = hashlib.sha256(token.encode("ascii")).digest()
        found = self._at_hand(key)
        if found is None:
            found = yield from together(("introspect", key), lambda: self._asked(token, key))
        if found.claims is None:
            who = self._credentials.client_id
            raise InvalidToken(f"the server says that the token is not active, or not for {who} to know of")
        return found.claims

    def _at_hand(self, key: bytes) -> _Kept | None:
        now = Instant(self._world.now(), self._world.monotonic())
        return self._live.find(key, now=now) or self._dead.find(key, now=now)

    def _asked(self, token: str, key: bytes) -> Flow[_Kept]:
        at_hand = self._at_hand(key)
        if at_hand is not None:  # another thread landed with it since we looked
            return at_hand
        described = yield from self._issuer.describe()
        endpoint = described.introspection_endpoint
        if endpoint is None:
            raise BadAnswer(f"{self._issuer.address} does not answer about tokens: no introspection_endpoint")
        at = Instant(self._world.now(), self._world.monotonic())
        question = partial(self._question, token, endpoint)
        try:
            answer = yield from ask(question, world=self._world, repeatable=True)
            claims = yield from self._read(answer)
        except (Misconfigured, Refused, SignInAgain) as no:
            # The caller of this API did nothing wrong, and its token may be good.
            raise Unreachable(f"the server does not tell us about tokens: {no}") from None
        (self._dead if claims is None else self._live).keep(key, claims, at=at)
        return _Kept(claims, at)

    def _question(self, token: str, endpoint: str) -> Ask:
        proof = self._credentials.proof(issuer=self._issuer.address, world=self._world)
        form = [("token", token), ("token_type_hint", "access_token"), *proof.form]
        return Ask(
            method="POST",
            url=endpoint,
            headers={
                "Accept": _SIGNED_MEDIA if self._signed else "application/json",
                "Accept-Encoding": "identity",
                "Content-Type": "application/x-www-form-urlencoded",
                **proof.headers,
            },
            body=urlencode(form).encode("ascii"),
            largest=_LARGEST,
            within=_PATIENCE,
        )

    def _read(self, answer: Answer) -> Flow[JsonObject | None]:
        """Return what is said of an active token, or None for one that is not."""
        if answer.status != 200:
            raise refusal(answer)
        document = (yield from self._verified(answer)) if self._signed else json_of(answer)
        active = document.get("active")
        if not isinstance(active, bool):
            raise BadAnswer(f"the answer of {answer.url} does not say whether the token is active")
        return document if active else None

    def _verified(self, answer: Answer) -> Flow[JsonObject]:
        """Return what a signed answer says (RFC 9701 section 5): one of this server, for us and of now."""
        media = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media != _SIGNED_MEDIA or answer.body is None or not answer.body.isascii():
            raise BadAnswer(f"{answer.url} did not answer with a signed answer, which was asked for")
        try:
            jws = parse(answer.body.decode("ascii").strip())
            if jws.typ not in {_SIGNED, _SIGNED_MEDIA} or jws.algorithm not in self._algorithms:
                raise NotStrict("it has another typ or algorithm")
            keys = yield from self._keys(jws)
            if not any(key.signed(jws) for key in keys):
                raise NotStrict("its signature is not the issuer's")
            claims = parse_object(jws.unverified_payload)
            self._check(claims)
            said = claims.get("token_introspection")
            if not isinstance(said, dict):
                raise NotStrict("it has no token_introspection")
        except (NotStrict, InvalidToken) as fault:
            raise BadAnswer(f"the signed answer of {answer.url} does not hold: {fault}") from None
        return said

    def _check(self, claims: Mapping[str, Json]) -> None:
        if text(claims, "iss") != self._issuer.address:
            raise NotStrict("iss is another issuer")
        if claims.get("aud") not in (self._credentials.client_id, [self._credentials.client_id]):
            raise NotStrict("aud is somebody else")
        if "sub" in claims or "exp" in claims:
            raise NotStrict("it could be taken for a token (RFC 9701 section 8.1)")
        issued_at, now = claims.get("iat"), self._world.now()
        if isinstance(issued_at, bool) or not isinstance(issued_at, int | float):
            raise NotStrict("iat is missing or not a NumericDate")
        if not now - _OLDEST_ANSWER <= issued_at <= now + _EARLY:
            raise NotStrict("it is not of now")


def is_jwt(token: str) -> bool:
    """Say whether a token is to be read as a JWT: three parts, of which the first is a JSON object."""
    return token.count(".") == 2 and token.startswith("ey")


def kept_for(seconds: float) -> float:
    """Return for how long answers are believed.

    Raises:
        Misconfigured: that is longer than a revoked token may be taken.
    """
    if not 0 <= seconds <= LONGEST_KEPT:
        raise Misconfigured(f"answers about tokens are kept for 0 to {LONGEST_KEPT:g} s (introspection_kept)")
    return seconds
