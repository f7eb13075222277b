"""Where other domains' servers redeem grants that we bring: known for an hour, left alone while they fail.

A server is found by its own metadata, whose ``issuer`` is the one on record (JAG-114): anybody else's would
collect grants of ours, and what shows who we are. Where it takes them is at its own host or at one on record
(SEC-36). One breaker counts both kinds of silence, of its metadata and of its token endpoint. An answer is no
silence: that it cannot now, or not so often, is counted for the connection to which it said so, and closes it
to no other. A try at what is left alone begins with what is sent, and is given back when nothing comes of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Final, Protocol

from actas.core.places import waiting_for_others
from actas.core.ports import Clock, FetchFailed, NotSent
from actas.core.url import read_url
from actas.trust.breaker import Breaker
from actas.trust.counterpart import Counterpart, NotTheirs
from actas.trust.discovery import is_at
from actas.trust.registry import OUTAGE_GRACE

RELOCATE: Final = 3600
"""Seconds for which what a server said of itself is used."""

RETRY: Final = 5
"""Seconds between two attempts on a server that keeps failing; they grow from there."""


AT_ONCE: Final = 8
"""Grants of one connection that are under way at a server: others have room beside it."""

PATIENCE: Final = 5.0
"""Seconds for which a grant waits for those before it."""


class Describes(Protocol):
    """Asks other domains' servers what they are (``trust.counterpart``)."""

    async def describe(self, issuer: str) -> Counterpart:
        """Return what a server says of itself.

        Raises:
            FetchFailed: it does not answer, or not as that server.
        """
        ...


class LeftAlone(NotSent):
    """It is not asked: it failed so often, or enough of the same connection is under way."""


@dataclass(slots=True)
class Attempt:
    """What came of one attempt on a server that answered.

    Attributes:
        later: why it says that it cannot now, or not so often; None when it does not say so.
    """

    later: str | None = None


@dataclass(slots=True)
class _Known:
    """What is known of one server.

    Attributes:
        failed: the last failure that was counted: many wait for one.
        unseen: why its metadata was not to be had when that was asked last, at ``unseen_at``; empty when it
            was.
        told_later: of the connections to which it says that it cannot now.
        places: for what of each connection is under way.
    """

    found: Counterpart | None = None
    at: float = 0.0
    failed: FetchFailed | None = None
    unseen: str = ""
    unseen_at: float = 0.0
    breaker: Breaker = field(default_factory=Breaker)
    told_later: dict[str, Breaker] = field(default_factory=dict[str, Breaker])
    places: dict[str, asyncio.Semaphore] = field(default_factory=dict[str, asyncio.Semaphore])

    def usable(self, now: float) -> Counterpart | None:
        """Return what is known, unless it is to be asked again."""
        lately = bool(self.unseen) and 0 <= now - self.unseen_at < RETRY
        return self.not_older(now, OUTAGE_GRACE if lately else RELOCATE)

    def not_older(self, now: float, age: float) -> Counterpart | None:
        """Return what is known, unless that is older than ``age`` seconds."""
        return self.found if self.found is not None and 0 <= now - self.at < age else None

    def breakers(self, connection: str) -> list[Breaker]:
        """Return what may keep a connection from it."""
        own = self.told_later.get(connection)
        return [self.breaker] if own is None else [self.breaker, own]

    def answered(self, connection: str, later: str | None, now: float) -> None:
        """Note that it answered a connection, and whether that it cannot now."""
        self.breaker.succeed(now)
        if later is None:
            self.told_later.pop(connection, None)
        else:
            self.told_later.setdefault(connection, Breaker()).fail(later, now)


class Redeemers:
    """Knows where other domains' servers redeem grants. Outlives a change of configuration.

    Args:
        counterparts: asks them.
        clock: by which what is known ages.
    """

    def __init__(self, counterparts: Describes, clock: Clock) -> None:
        self._counterparts = counterparts
        self._clock = clock
        self._known: dict[str, _Known] = {}

    async def find(self, issuer: str, *, hosts: frozenset[str], by: str) -> tuple[Counterpart, str]:
        """Return a server, and the address of its token endpoint.

        Args:
            issuer: its issuer identifier, from the configuration.
            hosts: hosts besides its own at which that address may be.
            by: the name of the connection that leads there.

        Raises:
            NotTheirs: what answers there is another server, or takes grants nowhere that is on record.
            FetchFailed: it does not answer, or failed so often that it is not asked (``LeftAlone``).
        """
        known, now = self._known.setdefault(issuer, _Known()), self._clock.now()
        _require_left_to_try(issuer, known.breakers(by), now)
        found = known.usable(now) or await self._asked(issuer, known)
        return found, endpoint_of(found, issuer, hosts)

    @asynccontextmanager
    async def attempt(self, issuer: str, *, by: str) -> AsyncGenerator[Attempt]:
        """Send a grant to a server inside, and say what came of it. One that is left alone is tried by one.

        A ``FetchFailed`` inside is its silence, unless it has a status: that is an answer, if a useless one.
        ``NotSent``, and whatever else ends it, says nothing of the server, and gives the try back.

        Args:
            by: the name of the connection that leads there.

        Raises:
            LeftAlone: somebody else tries it by now, or too much of the connection is under way.
        """
        known = self._known.setdefault(issuer, _Known())
        places = known.places.setdefault(by, asyncio.Semaphore(AT_ONCE))
        await _taken(places, issuer, by)
        try:
            with self._begun(known, issuer, by) as attempt:
                yield attempt
        finally:
            places.release()

    @contextmanager
    def _begun(self, known: _Known, issuer: str, by: str) -> Generator[Attempt]:
        now = self._clock.now()
        _require_left_to_try(issuer, known.breakers(by), now)
        begun = [_begun(one, now) for one in known.breakers(by)]
        attempt = Attempt()
        try:
            yield attempt
        except FetchFailed as failed:
            if failed.status is None:
                for give_back in begun:
                    give_back()
                if isinstance(failed, NotSent):
                    raise
                known.breaker.fail(failed.detail, self._clock.now())
            else:
                later = failed.detail if failed.status >= 500 else None
                known.answered(by, later, self._clock.now())
            raise
        except BaseException:
            for give_back in begun:
                give_back()
            raise
        known.answered(by, attempt.later, self._clock.now())

    def open(self) -> Mapping[str, bool]:
        """Return which of them some connection leaves alone, since they failed so often, by their issuers."""
        return {
            issuer: any(breaker.is_open for breaker in (one.breaker, *one.told_later.values()))
            for issuer, one in self._known.items()
        }

    def troubles(self) -> tuple[str, ...]:
        """Return a sentence for each server that failed last, in the order of their issuers, and for each
        connection to which it said last that it cannot now.
        """
        found: list[str] = []
        for issuer, one in sorted(self._known.items()):
            silence = one.breaker.error or one.unseen
            if silence:
                found.append(f"server {issuer}: grants cannot be redeemed there: {silence}")
            found += [
                f"server {issuer}: grants of the connection {name} are not redeemed there now: {own.error}"
                for name, own in sorted(one.told_later.items())
            ]
        return tuple(found)

    def keep_only(self, ways: Collection[tuple[str, str]]) -> None:
        """Drop what is kept of everybody else.

        Args:
            ways: the issuers, each with the name of a connection that leads there.
        """
        issuers = {issuer for issuer, _ in ways}
        self._known = {issuer: one for issuer, one in self._known.items() if issuer in issuers}
        for issuer, one in self._known.items():
            one.told_later = {name: own for name, own in one.told_later.items() if (issuer, name) in ways}
            one.places = {name: own for name, own in one.places.items() if (issuer, name) in ways}

    async def _asked(self, issuer: str, known: _Known) -> Counterpart:
        now = self._clock.now()
        give_back = _begun(known.breaker, now)
        try:
            with waiting_for_others():
                found = await self._counterparts.describe(issuer)
        except NotTheirs:
            known.found, known.unseen = None, ""  # somebody else answers there now
            known.breaker.succeed(self._clock.now())
            raise
        except FetchFailed as failed:
            if not isinstance(failed, NotSent):
                known.unseen, known.unseen_at = failed.detail, self._clock.now()
            older = known.not_older(now, OUTAGE_GRACE)
            if older is not None:
                give_back()  # its token endpoint is what matters, and may answer
                return older
            if isinstance(failed, NotSent):
                give_back()
            elif known.failed is not failed:
                known.failed = failed
                known.breaker.fail(failed.detail, self._clock.now())
            raise
        except BaseException:
            give_back()
            raise
        give_back()
        known.found, known.at, known.unseen = found, now, ""
        return found


async def _taken(places: asyncio.Semaphore, issuer: str, by: str) -> None:
    """Take a place.

    Raises:
        LeftAlone: none became free.
    """
    try:
        with waiting_for_others():
            async with asyncio.timeout(PATIENCE):
                await places.acquire()
    except TimeoutError:
        raise LeftAlone(f"{AT_ONCE} grants of the connection {by} are under way to {issuer}") from None


def _require_left_to_try(issuer: str, breakers: Collection[Breaker], now: float) -> None:
    """Return when a server may be tried now.

    Raises:
        LeftAlone: it failed so often, and its next try is not yet or is somebody else's.
    """
    for one in breakers:
        if one.is_open and not one.may_try(now, usual=RETRY):
            raise LeftAlone(f"{issuer} is left alone for a moment: {one.error}")


def _begun(breaker: Breaker, now: float) -> Callable[[], None]:
    """Begin a try where a breaker is open, and return what gives it back."""
    if not breaker.is_open:
        return lambda: None
    breaker.begin(now)
    return lambda: breaker.give_back(now)


def endpoint_of(found: Counterpart, issuer: str, hosts: frozenset[str]) -> str:
    """Return the address of a server's token endpoint, at its own host or one on record.

    Raises:
        NotTheirs: it names none, or one elsewhere.
    """
    if found.token_endpoint is None:
        raise NotTheirs(f"{found.address} names no token endpoint to which a grant could be sent")
    url = read_url(found.token_endpoint)
    if not is_at(url, issuer, hosts):
        raise NotTheirs(
            f"{found.address} places its token endpoint at {url.authority}, which is neither its own host "
            "nor listed in redeem.hosts; nothing was sent there"
        )
    return found.token_endpoint
