"""Does whoever shows a bound token hold its key? Pure: a request and a verified token in, an answer or an
error out.

The checks of RFC 9449 section 4.3, in the order of `proven`; and of RFC 8705 section 3. A token with ``cnf``
is good only for the holder of a key: without this it would serve whoever stole it.
"""

from __future__ import annotations

import hmac
import threading
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from actas_sdk.address import same_target
from actas_sdk.dpop import DPOP_JWT, digest, members_of, thumbprint
from actas_sdk.errors import InvalidProof, InvalidToken, Misconfigured, StaleNonce, Unreachable
from actas_sdk.jws import parse
from actas_sdk.keys import verifying_key
from actas_sdk.strict_json import Json, JsonObject, NotStrict, parse_object, text, text_or_none

__all__ = ["Binding", "Nonces", "Possession", "ProofMemory", "Proven", "UsedProofs", "binding_of", "proven"]

_MAX_AGE: Final = 60.0
_EARLY: Final = 30.0
_LONGEST_PROOF: Final = 8 * 1024
_MOST_USED: Final = 100_000
_NONCE_LIFE: Final = 300
_DIGEST_LENGTH: Final = 43
_KINDS: Final[tuple[Literal["jkt"], Literal["x5t#S256"]]] = ("jkt", "x5t#S256")


class ProofMemory(Protocol):
    """Remembers which proofs were used. Several processes that serve one API share one."""

    def claim(self, proof: str, *, until: float) -> bool | Awaitable[bool]:
        """Return True the first time, False ever after, for one ``proof``. The async client awaits what it
        gets.

        Args:
            proof: its name: never empty, at most 400 characters.
            until: seconds since the epoch, after which it may be forgotten: such a proof is refused by its
                age.
        """
        ...


class UsedProofs:
    """Remembers in this process. When it is full nobody is let in: to forget would let a proof be used twice.

    Args:
        most: how many are remembered.
        now: returns seconds since the epoch.
    """

    def __init__(self, *, most: int = _MOST_USED, now: Callable[[], float] = time.time) -> None:
        self._most = most
        self._now = now
        self._used: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def claim(self, proof: str, *, until: float) -> bool:
        """Return True the first time, False ever after.

        Raises:
            Unreachable: more proofs than are remembered came within their lives.
        """
        with self._lock:
            if proof in self._used:
                return False
            now = self._now()
            while self._used and next(iter(self._used.values())) < now:
                self._used.popitem(last=False)
            if len(self._used) >= self._most:
                raise Unreachable("more proofs are in use than are remembered", retry_after=1)
            self._used[proof] = until
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Nonces:
    """Nonces that this API gives, so that no proof is made in advance (RFC 9449 section 9). Nothing is kept.

    Attributes:
        key: 32 random bytes, the same in every process that serves the API.
    """

    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.key) < 32:
            raise Misconfigured("the key of nonces has at least 32 bytes")

    def fresh(self, *, now: float) -> str:
        """Return a nonce that is good from ``now`` on."""
        made_at = str(int(now))
        return f"{made_at}.{self._seal(made_at)}"

    def is_good(self, nonce: str | None, *, now: float) -> bool:
        """Say whether ``nonce`` is one of ours and not older than five minutes."""
        made_at, _, seal = (nonce or "").partition(".")
        if not made_at.isascii() or not made_at.isdigit() or len(made_at) > 12 or not seal.isascii():
            return False
        known = hmac.compare_digest(seal, self._seal(made_at))
        return known and -_EARLY <= now - int(made_at) <= _NONCE_LIFE

    def _seal(self, made_at: str) -> str:
        return digest(hmac.digest(self.key, made_at.encode("ascii"), "sha256"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Possession:
    """What an API asks of whoever shows a token.

    Attributes:
        required: whether only tokens that are bound to a key are taken.
        memory: where used proofs are remembered.
        nonces: what a proof must hold one of, or None.
    """

    required: bool = False
    memory: ProofMemory = field(default_factory=UsedProofs)
    nonces: Nonces | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """The key that a token is bound to."""

    kind: Literal["jkt", "x5t#S256"]
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """A proof that holds, but for being used once.

    Attributes:
        name: what it is remembered by.
        until: when its age would refuse it anyway, seconds since the epoch.
    """

    name: str
    until: float


def binding_of(claims: Mapping[str, Json]) -> Binding | None:
    """Return the key that a token is bound to, or None when it has no ``cnf``.

    Raises:
        InvalidToken: it is bound in a way that cannot be checked here.
    """
    if "cnf" not in claims:
        return None
    cnf = claims["cnf"]
    if isinstance(cnf, dict) and len(cnf) == 1:
        for kind in _KINDS:
            value = cnf.get(kind)
            if isinstance(value, str) and len(value) == _DIGEST_LENGTH:
                return Binding(kind=kind, digest=value)
    raise InvalidToken("cnf binds the token to a key in a way that cannot be checked")


def proven(
    proofs: tuple[str, ...],
    *,
    jkt: str,
    method: str,
    url: str,
    token: str,
    nonces: Nonces | None,
    now: float,
) -> Proven:
    """Return the proof of a request, checked in everything but whether it was used before.

    Args:
        proofs: the values of its ``DPoP`` headers.
        jkt: the thumbprint of the key that must have made it.
        method: of the request.
        url: of the request, as its sender sees it; query and fragment do not count.
        token: the access token it shows.
        nonces: what it must hold one of, or None.
        now: seconds since the epoch.

    Raises:
        InvalidProof: a check failed.
        StaleNonce: it holds no nonce of ours, or an old one.
    """
    if len(proofs) != 1:
        raise InvalidProof("not exactly one DPoP header")
    try:
        claims = _made_by(proofs[0], jkt=jkt)
        if text(claims, "htm") != method or not same_target(text(claims, "htu", longest=2048), url):
            raise NotStrict("it is for another request")
        if text(claims, "ath") != digest(token.encode("ascii")):
            raise NotStrict("it is for another token")
        made_at = claims.get("iat")
        if isinstance(made_at, bool) or not isinstance(made_at, int | float):
            raise NotStrict("iat is missing or not a NumericDate")
        if not now - _MAX_AGE <= made_at <= now + _EARLY:
            raise NotStrict("it is not of now")
        name = f"{jkt}.{text(claims, 'jti', longest=255)}"
        nonce = text_or_none(claims, "nonce", longest=512)
    except (NotStrict, InvalidToken) as fault:
        raise InvalidProof(f"the proof does not hold: {fault}") from None
    if nonces is not None and not nonces.is_good(nonce, now=now):
        raise StaleNonce("the proof has no nonce of ours, or an old one", nonce=nonces.fresh(now=now))
    return Proven(name=name, until=made_at + _MAX_AGE + _EARLY)


def _made_by(proof: str, *, jkt: str) -> JsonObject:
    """Return the claims of a proof, once it has shown to be made by the key of that thumbprint."""
    if len(proof) > _LONGEST_PROOF:
        raise NotStrict("it is too long")
    jws = parse(proof, brings_key=True)
    jwk = jws.unverified_header.get("jwk")
    if jws.typ != DPOP_JWT or not isinstance(jwk, dict):
        raise NotStrict("it has another typ, or no key")
    key = verifying_key(jwk)
    if key is None:
        raise NotStrict("it has no public key that can be used")
    if not key.signed(jws) or thumbprint(members_of(jwk)) != jkt:
        raise NotStrict("it is not made by the key that the token is bound to")
    return parse_object(jws.unverified_payload)
