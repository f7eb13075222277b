"""Guessing is slow: after some failures in a row, the next attempt has to wait (SEC-14).

What failed is kept for a name and a source together, so that a stranger somewhere else locks nobody out. The
name is the one that was presented, whether or not anybody is called so: an answer that depended on it would
tell. The wait is looked at before anything costly, and what would have been right is not looked at meanwhile.

Processes tell each other what failed, also on other nodes (``store.failures``), so that several of them
let no more guesses pass than one, but for what is tried within the second that the news takes. What they
cannot tell each other each still counts by itself. Beside them stands how much one client may ask for at all
(REL-11), which each process counts, and only once it is known to be that client: nobody else can use it up.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Final, Literal, get_args

import msgspec

from actas.core.errors import TooManyRequests
from actas.core.metrics import RATE_LIMITED, UNMETERED, Meter
from actas.core.ports import Clock
from actas.core.redaction import without_secrets
from actas.core.source import networks_of, place_of

Attempt = Literal[
    "failed_client_auth",
    "failed_tokens",
    "failed_sign_in",
    "failed_sign_in_source",
    "failed_sign_in_person",
    "failed_provider_answer",
    "failed_device_code",
    "failed_device_code_source",
]
"""What is guessed: who a client is, a token that would be believed, or who a person is (``signin.guessing``):
one person at one source, anybody at one source, one person anywhere; what another issuer answered of somebody
at one source (``signin.elsewhere``); or the code that a device shows
(``signin.devices``): by one person, and by anybody at one source."""

_WITHIN: Final[Mapping[Attempt, Attempt]] = {"failed_sign_in": "failed_sign_in_source"}
"""What is counted for a source as a whole too. The key of the first holds that of the second, so that every
process takes the same from the second when it forgets the first, once."""

_OF_SOURCES: Final = frozenset[Attempt]({"failed_sign_in_source", "failed_device_code_source"})

MOST_WATCHED: Final = 20_000
"""Names and sources with a few failures that are kept; those whose last is the longest ago make room."""

MOST_HELD: Final = 10_000
"""Those who have to wait. A flood of new names does not take the place of one of them."""

FORGOTTEN: Final = 3600
"""Seconds after the last failure, and after any wait, from which on there was none."""

ATTEMPTS: Final[tuple[Attempt, ...]] = get_args(Attempt)

MOST_NEWS: Final = 1_000
"""Names and sources that others are told of at a time; of a flood, those that failed last."""

_SKEW: Final = 5
"""Seconds that the clocks of two nodes may differ."""

_LONGEST_NAME: Final = 64
_Key = tuple[Attempt, str]
"""What is guessed, and the mark of the name and the source."""


class Step(msgspec.Struct, frozen=True):
    """How long to wait after so many failures in a row.

    Attributes:
        after: failures.
        wait: seconds from the last of them.
    """

    after: int
    wait: int


class News(msgspec.Struct, frozen=True, kw_only=True):
    """What a process tells the others of one name and source.

    Attributes:
        key: the mark of both; it tells nobody which they are.
        forget: whether somebody who knew came first, so that the count begins anew.
        times: failures in a row since then.
        at: seconds since the epoch.
    """

    attempt: Attempt
    key: str
    forget: bool = False
    times: int = 0
    at: int


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
        failed_sign_in: the same for one person at one source; ``failed_sign_in_source`` for anybody there,
            and ``failed_sign_in_person`` for one person anywhere.
        failed_provider_answer: the same for answers of one issuer that people sign in through, at one source.
        failed_device_code: the same for codes of devices that one person types; ``failed_device_code_source``
            for those that are typed at one source.
        per_client: requests of one client in a second, or None for no limit.
    """

    failed_client_auth: tuple[Step, ...] = ()
    failed_tokens: tuple[Step, ...] = ()
    failed_sign_in: tuple[Step, ...] = ()
    failed_sign_in_source: tuple[Step, ...] = ()
    failed_sign_in_person: tuple[Step, ...] = ()
    failed_provider_answer: tuple[Step, ...] = ()
    failed_device_code: tuple[Step, ...] = ()
    failed_device_code_source: tuple[Step, ...] = ()
    per_client: float | None = None


class Throttle:
    """Counts failures and requests in one process. It outlives a configuration.

    Args:
        meter: told of everybody who has to wait.
        mark: gives what stands for an attempt, a name and a source outside this process, alike on every node.

    Attributes:
        limits: of the configuration in force.
        alone: whether the others cannot be told: each failure counts double then (REL-11).
    """

    def __init__(
        self,
        limits: Limits,
        *,
        clock: Clock,
        mark: Callable[[str, str, str], str],
        meter: Meter = UNMETERED,
    ) -> None:
        self.limits = limits
        self.alone = False
        self._clock = clock
        self._meter = meter
        self._mark = lru_cache(maxsize=4096)(mark)
        self._news: OrderedDict[_Key, News] = OrderedDict()
        self._watched: OrderedDict[_Key, _Failures] = OrderedDict()
        self._held: OrderedDict[_Key, _Failures] = OrderedDict()
        self._buckets: OrderedDict[tuple[str, str], _Bucket] = OrderedDict()

    def require_patience(self, attempt: Attempt, name: str, source: str) -> None:
        """Return when another attempt may be made now.

        Raises:
            TooManyRequests: the wait after the last failure is not over.
        """
        if not self._held:
            return
        found = self._held.get(self._key(attempt, name, source))
        if found is None:
            return
        left = found.last + found.wait - self._clock.now()
        if 0 < left <= found.wait:
            self._meter.count(RATE_LIMITED, attempt)
            shown = without_secrets(name[:_LONGEST_NAME])
            detail = f"{found.times} failures ({attempt}) of {shown!r} from {source}"
            raise TooManyRequests("too_many_failures", detail=detail, retry_after=int(left) + 1)

    def failed(self, attempt: Attempt, name: str, source: str) -> None:
        """Count a failure."""
        if getattr(self.limits, attempt):
            key = self._key(attempt, name, source)
            now = self._clock.now()
            self._count(key, 2 if self.alone else 1, now)
            told = self._news.get(key)
            forget, times = (False, 0) if told is None else (told.forget, told.times)
            self._tell(key, forget=forget, times=times + 1, at=now)

    def succeeded(self, attempt: Attempt, name: str, source: str) -> None:
        """Forget the failures: somebody who knows does not guess.

        What is counted for the source as a whole is less by these failures and by no others: whoever knows
        one of many would otherwise guess at the rest without end (SEC-14).
        """
        if (self._watched or self._held) and self._forget(key := self._key(attempt, name, source)):
            self._tell(key, forget=True, times=0, at=self._clock.now())

    def news(self) -> list[News]:
        """Return what happened here since the last time, for the other processes."""
        told, self._news = self._news, OrderedDict()
        return list(told.values())

    def hear(self, news: Iterable[News]) -> None:
        """Take in what happened in other processes, in that order."""
        for one in news:
            key = (one.attempt, one.key)
            if one.forget:
                self._forget(key)
            if one.times:
                # No later than now: a clock that is ahead there must not hold anybody up for longer here.
                self._count(key, one.times, min(float(one.at), self._clock.now()))

    def _count(self, key: _Key, failures: int, now: float) -> None:
        before = self._held.pop(key, None) or self._watched.pop(key, None)
        if before is not None and not -_SKEW <= now - before.last < before.wait + FORGOTTEN:
            before = None
        last = now if before is None else max(now, before.last)
        self._put(key, failures if before is None else before.times + failures, last)

    def _forget(self, key: _Key) -> bool:
        """Forget what failed; whether anything had."""
        found = self._watched.pop(key, None) or self._held.pop(key, None)
        if found is None:
            return False
        if key[0] in _WITHIN and self._clock.now() - found.last < FORGOTTEN:
            whole = (_WITHIN[key[0]], key[1].rpartition(" ")[2])
            there = self._held.pop(whole, None) or self._watched.pop(whole, None)
            if there is not None and there.times > found.times:
                self._put(whole, there.times - found.times, there.last)
        return True

    def _put(self, key: _Key, times: int, last: float) -> None:
        steps: Sequence[Step] = getattr(self.limits, key[0])
        wait = max((step.wait for step in steps if times >= step.after), default=0)
        table, most = (self._held, MOST_HELD) if wait else (self._watched, MOST_WATCHED)
        if len(table) >= most:
            table.popitem(last=False)
        table[key] = _Failures(times, last, wait)

    def _tell(self, key: _Key, *, forget: bool, times: int, at: float) -> None:
        self._news.pop(key, None)
        if len(self._news) >= MOST_NEWS:
            self._news.popitem(last=False)
        self._news[key] = News(attempt=key[0], key=key[1], forget=forget, times=times, at=int(at))

    def _key(self, attempt: Attempt, name: str, source: str) -> _Key:
        """Return what failures are counted under."""
        # Of a source as a whole: whoever has a network has 256 of them, and could guess from each anew.
        place = networks_of(source)[0] if attempt in _OF_SOURCES else place_of(source)
        mark = self._mark(attempt, name[:_LONGEST_NAME], place)
        within = _WITHIN.get(attempt)
        return attempt, mark if within is None else f"{mark} {self._key(within, '', source)[1]}"

    def require_room(self, client: str, room: str = "") -> None:
        """Count a request of a client that proved who it is.

        Args:
            client: its name.
            room: what it asks for, where that has a share of its own: whoever used up what it may ask of the
                token endpoint must still hear what was revoked.

        Raises:
            TooManyRequests: it asks for more than its share (REL-11).
        """
        rate = self.limits.per_client
        if rate is None:
            return
        now = self._clock.now()
        burst = max(1.0, rate)
        bucket = self._buckets.get((client, room))
        if bucket is None:
            if len(self._buckets) >= MOST_HELD:
                self._buckets.popitem(last=False)
            bucket = self._buckets[client, room] = _Bucket(burst, now)
        bucket.left = min(burst, bucket.left + max(0.0, now - bucket.at) * rate)
        bucket.at = now
        if bucket.left < 1.0:
            self._meter.count(RATE_LIMITED, "per_client")
            wait = math.ceil((1.0 - bucket.left) / rate)
            raise TooManyRequests("rate_limited", detail=f"{client} asks too often", retry_after=wait)
        bucket.left -= 1.0
