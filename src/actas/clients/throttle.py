"""Guessing is slow: after some failures in a row, the next attempt has to wait (SEC-14).

What failed is kept for a name and a source together, so that a stranger somewhere else locks nobody out. The
name is the one that was presented, whether or not anybody is called so: an answer that depended on it would
tell. The wait is looked at before anything costly, and what would have been right is not looked at meanwhile.

Each process counts by itself: of several, also on several nodes, each lets as many guesses pass. Beside them
stands how much one client may ask for at all (REL-11), which is counted once it is known to be that client:
nobody else can use it up.
"""

from __future__ import annotations

import ipaddress
import math
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, Literal

import msgspec

from actas.core.errors import TooManyRequests
from actas.core.metrics import RATE_LIMITED, UNMETERED, Meter
from actas.core.ports import Clock

Attempt = Literal["failed_client_auth", "failed_tokens"]
"""What is guessed: who a client is, or a token that would be believed."""

MOST_WATCHED: Final = 20_000
"""Names and sources with a few failures that are kept; those whose last is the longest ago make room."""

MOST_HELD: Final = 10_000
"""Those who have to wait. A flood of new names does not take the place of one of them."""

FORGOTTEN: Final = 3600
"""Seconds after the last failure, and after any wait, from which on there was none."""

_LONGEST_NAME: Final = 64

_Key = tuple[Attempt, str, str]


class Step(msgspec.Struct, frozen=True):
    """How long to wait after so many failures in a row.

    Attributes:
        after: failures.
        wait: seconds from the last of them.
    """

    after: int
    wait: int


class _Failures(msgspec.Struct):
    times: int
    last: float
    wait: int


class _Bucket(msgspec.Struct):
    left: float
    at: float


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a configuration says.

    Attributes:
        failed_client_auth: the steps for failed client authentication, by ``after``; none for no limit.
        failed_tokens: the same for tokens that are not genuine.
        per_client: requests of one client in a second, or None for no limit.
    """

    failed_client_auth: tuple[Step, ...] = ()
    failed_tokens: tuple[Step, ...] = ()
    per_client: float | None = None


class Throttle:
    """Counts failures and requests in one process. It outlives a configuration.

    Args:
        meter: told of everybody who has to wait.

    Attributes:
        limits: of the configuration in force.
    """

    def __init__(self, limits: Limits, *, clock: Clock, meter: Meter = UNMETERED) -> None:
        self.limits = limits
        self._clock = clock
        self._meter = meter
        self._watched: OrderedDict[_Key, _Failures] = OrderedDict()
        self._held: OrderedDict[_Key, _Failures] = OrderedDict()
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def require_patience(self, attempt: Attempt, name: str, source: str) -> None:
        """Return when another attempt may be made now.

        Raises:
            TooManyRequests: the wait after the last failure is not over.
        """
        if not self._held:
            return
        found = self._held.get(_key(attempt, name, source))
        if found is None:
            return
        left = found.last + found.wait - self._clock.now()
        if 0 < left <= found.wait:
            self._meter.count(RATE_LIMITED, attempt)
            detail = f"{found.times} failures ({attempt}) of {name[:_LONGEST_NAME]!r} from {source}"
            raise TooManyRequests("too_many_failures", detail=detail, retry_after=int(left) + 1)

    def failed(self, attempt: Attempt, name: str, source: str) -> None:
        """Count a failure."""
        steps: Sequence[Step] = getattr(self.limits, attempt)
        if not steps:
            return
        key = _key(attempt, name, source)
        now = self._clock.now()
        before = self._held.pop(key, None) or self._watched.pop(key, None)
        if before is not None and not 0 <= now - before.last < before.wait + FORGOTTEN:
            before = None
        times = 1 if before is None else before.times + 1
        wait = max((step.wait for step in steps if times >= step.after), default=0)
        table, most = (self._held, MOST_HELD) if wait else (self._watched, MOST_WATCHED)
        if len(table) >= most:
            table.popitem(last=False)
        table[key] = _Failures(times, now, wait)

    def succeeded(self, attempt: Attempt, name: str, source: str) -> None:
        """Forget the failures: somebody who knows does not guess."""
        if self._watched or self._held:
            key = _key(attempt, name, source)
            self._watched.pop(key, None)
            self._held.pop(key, None)

    def require_room(self, client: str) -> None:
        """Count a request of a client that proved who it is.

        Raises:
            TooManyRequests: it asks for more than its share (REL-11).
        """
        rate = self.limits.per_client
        if rate is None:
            return
        now = self._clock.now()
        burst = max(1.0, rate)
        bucket = self._buckets.get(client)
        if bucket is None:
            if len(self._buckets) >= MOST_HELD:
                self._buckets.popitem(last=False)
            bucket = self._buckets[client] = _Bucket(burst, now)
        bucket.left = min(burst, bucket.left + max(0.0, now - bucket.at) * rate)
        bucket.at = now
        if bucket.left < 1.0:
            self._meter.count(RATE_LIMITED, "per_client")
            wait = math.ceil((1.0 - bucket.left) / rate)
            raise TooManyRequests("rate_limited", detail=f"{client} asks too often", retry_after=wait)
        bucket.left -= 1.0


def _key(attempt: Attempt, name: str, source: str) -> _Key:
    """Return what failures are counted under."""
    return attempt, name[:_LONGEST_NAME], _network(source) if ":" in source else source


@lru_cache(maxsize=4096)
def _network(source: str) -> str:
    """Return where an IPv6 caller is: it has a whole /64. Asked up to four times for one request."""
    try:
        return str(ipaddress.ip_network((source.partition("%")[0], 64), strict=False))
    except ValueError:
        return source
