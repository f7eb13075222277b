"""What is kept of one issuer's keys, and what may be done with it at a given time.

Holds no other issuer's keys and does no I/O: fetching is left to ``jwks``. All times are seconds since
the epoch, all spans seconds.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass, field
from typing import Final

from actas.crypto.key import PublicKey
from actas.trust.breaker import Breaker
from actas.trust.keyset import KeySet, read_key_set
from actas.trust.registry import TrustedIssuer

FRESH: Final = 300
"""From this age on the set is refreshed in the background, give or take ten per cent (REL-12)."""

STALE: Final = 600
"""From this age on a refresh comes before an answer: a key its issuer removed is refused by then (REL-09)."""

REFETCH: Final = 30
"""Between two attempts on one issuer, however many unknown keys are asked for (SEC-40)."""

FIRST_RETRY: Final = 5
"""Between two attempts while there is no set at all."""

RELOCATE: Final = 3600
"""How long the address that discovery gave is used before it is asked again."""

REMEMBER: Final = 60
"""How long a key that the issuer does not have is known to be unknown (SEC-40)."""

MAX_UNKNOWN: Final = 1000
"""Most unknown keys remembered per issuer; the oldest make room."""

MAX_WAITING: Final = 1000
"""Most callers who wait for one issuer at a time; further ones are refused at once (REL-10)."""

_WANTED = tuple[str | None, str]


@dataclass(slots=True, kw_only=True)
class Shelf:
    """One issuer's keys.

    Attributes:
        issuer: as registered when the shelf was made, or since with the same source of keys.
        keys: the last good set, or None.
        fetched_at: when the fetch that gave ``keys`` began.
        breaker: how the last attempts ended.
        located: the address discovery gave, and when.
        task: the attempt under way.
        waiting: how many callers wait for it.
    """

    issuer: TrustedIssuer
    keys: KeySet | None = None
    fetched_at: float = 0.0
    breaker: Breaker = field(default_factory=Breaker)
    located: tuple[str, float] | None = None
    task: asyncio.Task[None] | None = None
    waiting: int = 0
    succeeded: int = 0
    failed: int = 0
    _refresh_after: float = FRESH
    _unknown: dict[_WANTED, float] = field(default_factory=dict[_WANTED, float])

    @property
    def is_inline(self) -> bool:
        """Whether the keys are written in the configuration; such an issuer is never fetched from."""
        return bool(self.issuer.keys)

    def has_source_of(self, issuer: TrustedIssuer) -> bool:
        """Whether the keys of ``issuer``, as now registered, are the ones kept here."""
        return self.issuer is issuer or _source(self.issuer) == _source(issuer)

    @property
    def usable_until(self) -> float:
        """When the set is past its last use, unless a refresh succeeds before (REL-09)."""
        return self.fetched_at + self.issuer.outage_grace

    def usable(self, now: float) -> KeySet | None:
        """Return the set, unless there is none or it is past its last use."""
        return self.keys if self.is_inline or now < self.usable_until else None

    def find(self, kid: str | None, algorithm: str, now: float) -> PublicKey | None:
        """Return a key from memory."""
        keys = self.usable(now)
        return None if keys is None else keys.find(kid, algorithm)

    def is_due(self, now: float) -> bool:
        """Whether the set should be refreshed soon. A clock that was set back makes it so."""
        return not 0 <= now - self.fetched_at < self._refresh_after

    def must_wait(self, now: float) -> bool:
        """Whether a refresh comes before any answer.

        Not so while the issuer is known to be failing and is tried again and again: its last good keys
        answer at once, or a hanging issuer would cost every caller the time limit of a fetch (REL-10).
        """
        if self.usable(now) is None:
            return True
        return now - self.fetched_at >= STALE and not self.breaker.is_being_tried(now, usual=REFETCH)

    def may_try(self, now: float) -> bool:
        """Whether the last attempt is long enough ago for another."""
        return self.breaker.may_try(now, usual=self._usual_pause(now))

    def next_try(self, now: float) -> float:
        """Seconds until somebody who asks causes another attempt."""
        tried_at = self.breaker.tried_at
        return (
            0.0 if tried_at is None else max(0.0, tried_at + self.breaker.pause(self._usual_pause(now)) - now)
        )

    def renew(self, keys: KeySet, *, began_at: float, now: float) -> None:
        """Put a fetched set in the place of the old one: keys it no longer lists are retired."""
        self.keys = keys
        self.fetched_at = began_at
        self.breaker.succeed(now)
        self.succeeded += 1
        self._refresh_after = FRESH * (0.9 + secrets.randbelow(201) / 1000)

    def fail(self, error: str, *, now: float) -> None:
        """Note that an attempt failed. The keys stay; where they were found is asked anew next time."""
        self.breaker.fail(error, now)
        self.located = None
        self.failed += 1

    def _usual_pause(self, now: float) -> float:
        return FIRST_RETRY if self.usable(now) is None else REFETCH

    def is_unknown(self, kid: str | None, algorithm: str, now: float) -> bool:
        """Whether the issuer was asked a short while ago and does not have this key."""
        since = self._unknown.get((kid, algorithm))
        return since is not None and 0 <= now - since < REMEMBER

    def remember_unknown(self, kid: str | None, algorithm: str, now: float) -> None:
        """Note that the issuer does not have this key."""
        self._unknown.pop((kid, algorithm), None)
        if len(self._unknown) >= MAX_UNKNOWN:
            del self._unknown[next(iter(self._unknown))]
        self._unknown[(kid, algorithm)] = now


def new_shelf(issuer: TrustedIssuer) -> Shelf:
    """Return an empty shelf, or a full one when the keys are written in the configuration."""
    shelf = Shelf(issuer=issuer)
    if issuer.keys:
        try:
            shelf.keys = read_key_set({"keys": list(issuer.keys)}, algorithms=issuer.algorithms)
        except ValueError as error:
            shelf.keys = KeySet(problems=(str(error),))
    return shelf


def _source(issuer: TrustedIssuer) -> tuple[object, ...]:
    """Everything that decides which keys an issuer has. Nothing else costs it its last good keys."""
    return (
        issuer.issuer,
        issuer.kind,
        issuer.jwks_uri,
        issuer.keys,
        issuer.jwks_hosts,
        issuer.algorithms,
    )
