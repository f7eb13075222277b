"""To which key of another domain's server a grant for it is encrypted (the proposal behind JAG-153).

Its metadata, which must name exactly the issuer on record, says by which algorithms it may be reached and
where its key set is; of that set a key is taken whose ``use`` is ``enc``. The set is at the issuer's own host
or at one that the operator listed, for whoever could point elsewhere would be the one who reads (SEC-36). A
key that is known answers at once; fetches of one server are joined, spaced, and nobody's who gives up. Who
waits takes no place from others (REL-10), and for one that keeps failing only the one who tries it waits.
Only connections that try encryption ever come here.

How documents are fetched, and within which bounds, is left to ``net.fetch``; the metadata to ``counterpart``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol, get_args

from actas.core.ending import stopped
from actas.core.places import waiting_for_others
from actas.core.ports import Clock, Fetch, FetchFailed, Json
from actas.core.url import read_url
from actas.core.wire import ContentEncryption, RecipientAlgorithm
from actas.crypto.encryption_key import CONTENTS, EncryptingKey
from actas.crypto.signature import BadKey
from actas.trust.breaker import Breaker
from actas.trust.counterpart import Counterpart, NotTheirs
from actas.trust.discovery import is_at
from actas.trust.keyset import MAX_KEYS

FRESH: Final = 300
"""From this age on, in seconds, a key is looked for again in the background."""

USABLE: Final = 3600
"""From this age on, in seconds, a key is used no more while no look succeeds: its owner may have dropped
it."""

_PAUSE: Final = 5.0
_MOST: Final = 256

_ALGORITHMS: Final[tuple[RecipientAlgorithm, ...]] = get_args(RecipientAlgorithm)


class NoRecipient(Exception):
    """There is no key to encrypt to. The message is for administrators.

    Attributes:
        away: whether nobody answered, so that there may be one later.
    """

    def __init__(self, detail: str, *, away: bool) -> None:
        super().__init__(detail)
        self.detail = detail
        self.away = away


class Recipient(NamedTuple):
    """A key of another server, and how it is used."""

    key: EncryptingKey
    algorithm: RecipientAlgorithm
    content: ContentEncryption


class Describes(Protocol):
    """Asks other domains' servers what they are (``counterpart``)."""

    async def describe(self, issuer: str) -> Counterpart: ...


@dataclass(slots=True)
class _Shelf:
    found: Recipient | None = None
    found_at: float = 0.0
    away: bool = False
    breaker: Breaker = field(default_factory=Breaker)
    task: asyncio.Task[None] | None = None


class Recipients:
    """Finds the key to which grants for a server are encrypted.

    Args:
        fetch: the only way out.
        counterparts: says what servers say of themselves.
        clock: by which keys age.
    """

    def __init__(self, fetch: Fetch, counterparts: Describes, clock: Clock) -> None:
        self._fetch = fetch
        self._counterparts = counterparts
        self._clock = clock
        self._shelves: dict[tuple[str, frozenset[str]], _Shelf] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def find(self, issuer: str, *, hosts: frozenset[str]) -> Recipient:
        """Return the key of a server, and how it is used.

        Args:
            issuer: from the configuration; never from a request.
            hosts: besides its own, at which its key set may be.

        Raises:
            NoRecipient: there is none, or nobody knows.
        """
        shelf, now = self._shelf(issuer, hosts), self._clock.now()
        age = now - shelf.found_at
        usable = shelf.found if 0 <= age < USABLE else None
        if usable is not None and age < FRESH:
            return usable
        joins = shelf.task is not None
        task = self._begin(shelf, issuer, hosts, now)
        if usable is not None:
            return usable
        if task is not None and not (joins and shelf.breaker.is_open):
            with waiting_for_others():
                await asyncio.wait({task})  # whoever gives up ends nobody else's attempt
        if shelf.found is None or not 0 <= self._clock.now() - shelf.found_at < USABLE:
            raise NoRecipient(shelf.breaker.error or f"nothing is known of {issuer} yet", away=shelf.away)
        return shelf.found

    async def aclose(self) -> None:
        """End what is under way."""
        await stopped(self._tasks)

    def _shelf(self, issuer: str, hosts: frozenset[str]) -> _Shelf:
        place = (issuer, hosts)
        shelf = self._shelves.get(place)
        if shelf is None:
            while len(self._shelves) >= _MOST:
                self._shelves.pop(next(iter(self._shelves)))
            shelf = self._shelves[place] = _Shelf()
        return shelf

    def _begin(
        self, shelf: _Shelf, issuer: str, hosts: frozenset[str], now: float
    ) -> asyncio.Task[None] | None:
        """Return the attempt under way, or begin one, or return None when it is too early for one."""
        if shelf.task is None and shelf.breaker.may_try(now, usual=_PAUSE):
            shelf.breaker.begin(now)
            shelf.task = asyncio.create_task(self._look(shelf, issuer, hosts), name=f"recipient {issuer}")
            self._tasks.add(shelf.task)
            shelf.task.add_done_callback(self._tasks.discard)
        return shelf.task

    async def _look(self, shelf: _Shelf, issuer: str, hosts: frozenset[str]) -> None:
        """Make one attempt. Whatever goes wrong, a key that is known stays until it is too old."""
        began_at = self._clock.now()
        try:
            found = await self._found(issuer, hosts)
        except Exception as error:  # noqa: BLE001 - an attempt fails, the cache does not
            shelf.away = isinstance(error, FetchFailed) and not isinstance(error, NotTheirs)
            known = isinstance(error, FetchFailed | NoRecipient)
            shelf.breaker.fail(str(error) if known else repr(error), self._clock.now())
            if isinstance(error, NoRecipient):
                shelf.found = None  # it answered, and has none any more
        else:
            shelf.found, shelf.found_at, shelf.away = found, began_at, False
            shelf.breaker.succeed(self._clock.now())
        finally:
            shelf.task = None

    async def _found(self, issuer: str, hosts: frozenset[str]) -> Recipient:
        theirs = await self._counterparts.describe(issuer)
        if not theirs.encryption_algorithms or not theirs.encryption_contents:
            said = "its metadata does not say that it takes encrypted grants"
            raise NoRecipient(f"{issuer}: {said} (id_jag_encryption_alg_values_supported)", away=False)
        return choose(await self._fetch.get_json(_address(theirs, issuer, hosts)), theirs, issuer=issuer)


def choose(document: Mapping[str, Json], theirs: Counterpart, *, issuer: str) -> Recipient:
    """Return the key of a key set to which grants are encrypted, and how: what we prefer of what they name.

    Raises:
        NoRecipient: there is none.
    """
    entries = document.get("keys")
    if not isinstance(entries, list) or len(entries) > MAX_KEYS:
        raise NoRecipient(f"{issuer}: its key set is none, or has more than {MAX_KEYS} keys", away=False)
    keys: list[EncryptingKey] = []
    problems: list[str] = []
    for entry in entries:
        if isinstance(entry, dict) and entry.get("use") == "enc":
            try:
                keys.append(EncryptingKey.from_jwk(entry))
            except BadKey as refused:
                problems.append(str(refused))
    kids = [one.kid for one in keys]
    usable = [one for one in keys if kids.count(one.kid) == 1]  # which of two is meant, nobody knows
    contents: list[ContentEncryption] = [one for one in CONTENTS if one in theirs.encryption_contents]
    content = contents[0] if contents else None
    for algorithm in _ALGORITHMS:
        fitting = [one for one in usable if algorithm in one.algorithms]
        if content is not None and fitting and algorithm in theirs.encryption_algorithms:
            return Recipient(fitting[0], algorithm, content)
    why = "; ".join(["it has no key of use enc, by algorithms that both sides know", *problems[:3]])
    raise NoRecipient(f"{issuer}: {why}", away=False)


def _address(theirs: Counterpart, issuer: str, hosts: frozenset[str]) -> str:
    """Return where the key set is, at a host on record.

    Raises:
        NoRecipient: it is nowhere, or elsewhere; nothing was asked there.
    """
    if theirs.jwks_uri is None:
        raise NoRecipient(f"{issuer}: its metadata names no jwks_uri", away=False)
    try:
        url = read_url(theirs.jwks_uri)
        permitted = is_at(url, issuer, hosts)
    except ValueError as error:
        raise NoRecipient(f"{issuer}: its jwks_uri cannot be used: {error}", away=False) from None
    if not permitted:
        elsewhere = (
            f"its metadata places its key set at {url.authority}, which is neither its own host nor listed"
        )
        raise NoRecipient(f"{issuer}: {elsewhere} in jwks_hosts; nothing was asked there", away=False)
    return theirs.jwks_uri
