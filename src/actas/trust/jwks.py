"""The keys of trusted issuers: kept in memory, fetched rarely, never mixed up.

A known key is answered from memory without waiting for anything. Fetches of one issuer are joined,
spaced and owned by this cache, so that no caller who gives up ends one, and no flood of made-up key
ids starts more than one (SEC-40). One issuer's keys and troubles are its own: each has a shelf
(``shelf``), found by the registered issuer and never by what a token says (SEC-39). An issuer that keeps
failing is waited for by nobody but the one who tries it again (``breaker``).

Reading a set is left to ``keyset``, finding where it is to ``discovery``, the bounds of a fetch to
``net.fetch``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

from actas.core.claims import is_name
from actas.core.ending import stopped
from actas.core.errors import BadToken
from actas.core.metrics import ISSUER_FETCHES, UNMETERED, Meter
from actas.core.places import waiting_for_others
from actas.core.ports import Clock, Fetch, FetchFailed
from actas.crypto.key import PublicKey
from actas.trust.discovery import discover
from actas.trust.keyset import KeySet, NotAKeySet, read_key_set
from actas.trust.registry import TrustedIssuer
from actas.trust.shelf import MAX_WAITING, RELOCATE, Shelf, new_shelf
from actas.trust.view import IssuerKeysView, not_newer, opened, unreachable, view_of


class IssuerKeys:
    """Finds the key that verifies an issuer's token.

    Args:
        fetch: the only way out.
        clock: by which sets age.
        report: told, in words for administrators, when an issuer's troubles change.
        whose: what it is whose keys are kept here, for those words.
        meter: told of every attempt.
    """

    def __init__(
        self,
        fetch: Fetch,
        clock: Clock,
        *,
        report: Callable[[str], None] | None = None,
        meter: Meter = UNMETERED,
        whose: str = "issuer",
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._report = report
        self._meter = meter
        self._whose = whose
        self._shelves: dict[str, Shelf] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    async def key(self, issuer: TrustedIssuer, *, kid: str | None, algorithm: str) -> PublicKey:
        """Return the key of ``issuer`` for ``kid`` and ``algorithm``.

        Args:
            issuer: the registered issuer whose ``iss`` the token names.
            kid: the token's ``kid``, or None when it has none: then exactly one key must fit.
            algorithm: the token's ``alg``.

        Raises:
            BadToken: the issuer has no such key, or (``upstream_down``) no key of it is known because
                it cannot be reached.
        """
        if algorithm not in issuer.algorithms:
            raise BadToken(f"the issuer {issuer.name} is not registered for the token's algorithm")
        if kid is not None and not is_name(kid):
            raise BadToken("the kid of the token is not a name")
        shelf = self._shelf(issuer)
        now = self._clock.now()
        found = shelf.find(kid, algorithm, now)
        if shelf.is_inline:
            return _require(found, shelf, kid)
        if not shelf.must_wait(now):
            if found is not None:
                if shelf.is_due(now):
                    self._begin(shelf, now)
                return found
            if shelf.is_unknown(kid, algorithm, now):
                return _require(None, shelf, kid)
        return await self._key_after_refresh(shelf, kid, algorithm)

    async def look(self, issuer: TrustedIssuer) -> IssuerKeysView:
        """Fetch the keys of ``issuer`` if it is time to, wait for that, and return what people may see."""
        shelf = self._shelf(issuer)
        if not shelf.is_inline and (task := self._begin(shelf, self._clock.now())) is not None:
            await asyncio.wait({task})
        return view_of(issuer.name, shelf, self._clock.now())

    def keep_only(self, names: Collection[str]) -> None:
        """Drop what is kept of everybody else: who is registered no more is shown no more."""
        self._shelves = {name: shelf for name, shelf in self._shelves.items() if name in names}

    def snapshot(self) -> tuple[IssuerKeysView, ...]:
        """Return what is kept, by issuer name."""
        now = self._clock.now()
        return tuple(view_of(name, shelf, now) for name, shelf in sorted(self._shelves.items()))

    async def aclose(self) -> None:
        """End the fetches under way and begin no more. Known keys are still answered."""
        self._closed = True
        await stopped(self._tasks)

    async def _key_after_refresh(self, shelf: Shelf, kid: str | None, algorithm: str) -> PublicKey:
        """Join the fetch under way, or begin one if it is time, and look again.

        While the breaker is open only the caller who begins an attempt waits for it: the others would hold
        places of this server for an issuer that most likely fails again (REL-10).
        """
        is_anothers = shelf.task is not None
        task = self._begin(shelf, self._clock.now())
        confirmed = False
        if task is not None and not (shelf.breaker.is_open and is_anothers):
            confirmed = await _ended(shelf, task)
        now = self._clock.now()
        keys = shelf.usable(now)
        if keys is None:
            raise BadToken(unreachable(shelf, now), why="upstream_down")
        found = keys.find(kid, algorithm)
        if found is None and confirmed and not shelf.breaker.error:
            shelf.remember_unknown(kid, algorithm, now)
        return _require(found, shelf, kid)

    def _shelf(self, issuer: TrustedIssuer) -> Shelf:
        """The shelf of this registration; a registration whose keys come from elsewhere gets a new one."""
        shelf = self._shelves.get(issuer.name)
        if shelf is None or not shelf.has_source_of(issuer):
            shelf = new_shelf(issuer)
            self._shelves[issuer.name] = shelf
            if shelf.keys is not None:
                self._tell(shelf, *shelf.keys.problems)
        shelf.issuer = issuer
        return shelf

    def _begin(self, shelf: Shelf, now: float) -> asyncio.Task[None] | None:
        """Return the attempt under way, or begin one, or return None when it is too early for one."""
        if shelf.task is None and shelf.may_try(now) and not self._closed:
            shelf.breaker.begin(now)
            task = asyncio.create_task(self._refresh(shelf), name=f"keys of {shelf.issuer.name}")
            shelf.task = task
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return shelf.task

    async def _refresh(self, shelf: Shelf) -> None:
        """Make one attempt. Whatever goes wrong, the good keys stay (REL-09; PyJWT #1162)."""
        began_at = self._clock.now()
        try:
            keys = await self._fetched(shelf, began_at)
        except Exception as error:  # noqa: BLE001 - an attempt fails, the cache does not
            detail = str(error) if isinstance(error, FetchFailed | NotAKeySet) else repr(error)
            changed, was_open = detail != shelf.breaker.error, shelf.breaker.is_open
            shelf.fail(detail, now=self._clock.now())
            if changed:
                self._tell(shelf, f"its keys cannot be refreshed: {detail}")
            if shelf.breaker.is_open and not was_open:
                self._tell(shelf, opened(shelf, self._clock.now()))
            self._meter.count(ISSUER_FETCHES, shelf.issuer.name, "failed")
        else:
            if shelf.breaker.error:
                self._tell(shelf, "its keys can be fetched again")
            if shelf.keys is None or shelf.keys.problems != keys.problems:
                self._tell(shelf, *keys.problems)
            shelf.renew(keys, began_at=began_at, now=self._clock.now())
            self._meter.count(ISSUER_FETCHES, shelf.issuer.name, "fetched")
        finally:
            shelf.task = None

    async def _fetched(self, shelf: Shelf, now: float) -> KeySet:
        """Fetch and read the issuer's set.

        Raises:
            FetchFailed: it cannot be had, or has no key that could be used.
            NotAKeySet: it is no key set.
        """
        issuer = shelf.issuer
        document = await self._fetch.get_json(await self._located(shelf, now))
        keys = read_key_set(document, algorithms=issuer.algorithms)
        if not keys.named:
            raise FetchFailed("; ".join(("the key set has no usable key", *keys.problems[:5])))
        return keys

    async def _located(self, shelf: Shelf, now: float) -> str:
        """Return where the keys are: as registered, else as discovered within the hour."""
        issuer = shelf.issuer
        if issuer.jwks_uri is not None:
            return issuer.jwks_uri
        if issuer.kind != "oidc":
            raise FetchFailed("it is registered with neither keys nor a jwks_uri")
        if shelf.located is None or not 0 <= now - shelf.located[1] < RELOCATE:
            shelf.located = (await discover(issuer, self._fetch), now)
        return shelf.located[0]

    def _tell(self, shelf: Shelf, *sentences: str) -> None:
        if self._report is not None:
            for sentence in sentences:
                self._report(f"{self._whose} {shelf.issuer.name}: {sentence}")


async def _ended(shelf: Shelf, task: asyncio.Task[None]) -> bool:
    """Wait until the attempt has ended, unless too many do already; return whether it has.

    ``asyncio.wait`` leaves the attempt alone when the caller is cancelled: it belongs to all of them.
    """
    if shelf.waiting >= MAX_WAITING:
        return False
    shelf.waiting += 1
    try:
        with waiting_for_others():
            await asyncio.wait({task})
    finally:
        shelf.waiting -= 1
    return not task.cancelled()


def _require(found: PublicKey | None, shelf: Shelf, kid: str | None) -> PublicKey:
    if found is not None:
        return found
    which = "no single key fits a token without kid" if kid is None else f"it has no usable key {kid!r:.80}"
    raise BadToken(f"the issuer {shelf.issuer.name}: {which}{not_newer(shelf)}")
