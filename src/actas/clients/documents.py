"""Finding clients by the documents that they publish: fetched when somebody asks, kept for a while, bounded.

Anybody can ask for any client, so anybody can make this process fetch. Whom it may ask is settled before
(``document``), each fetch is bounded (``net.fetch``), and how many there are is bounded here: for each
source, for all of them, and at a time. What was found is kept for as long as its headers say, within bounds
of ours; what was not found is not kept (section 5.2). Whatever goes wrong, the caller learns only that it
did: the minutes have the rest.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, Protocol

from actas.clients.budget import Budget
from actas.clients.document import DocumentTerms, NoDocument, with_keys
from actas.core.client import Client
from actas.core.ending import stopped
from actas.core.metrics import UNMETERED, Meter
from actas.core.places import waiting_for_others
from actas.core.ports import Clock, FetchDocument, FetchFailed

MOST_BYTES: Final = 5 * 1024
"""Of a document (section 8.7)."""

MOST_KEY_BYTES: Final = 32 * 1024
"""Of a key set that a document leads to."""

SHORTEST: Final = 5 * 60
"""Seconds for which a document is kept at least, whatever its headers say (SEC-41)."""

LONGEST: Final = 24 * 3600
"""Seconds for which it is kept at most."""

GRACE: Final = 3600
"""Seconds for which a client goes on with what it has when its document cannot be fetched again."""

MOST_KEPT: Final = 1000
"""Documents; whichever was not asked for longest makes room."""

MOST_AT_ONCE: Final = 32
"""Fetches under way."""

PER_SOURCE: Final = 30
"""Fetches that one source may cause in a minute."""

PER_MINUTE: Final = 600
"""Fetches that all of them may cause in one."""


class PublishedClients(Protocol):
    """Finds clients that publish what they are."""

    async def client(self, client_id: str, *, source: str, lenient: bool = False) -> Client:
        """Return the client of that ``client_id``, which is the address of a document.

        Args:
            source: where the request came from.
            lenient: whether it will do, for an hour, that the document could be fetched lately.

        Raises:
            NoDocument: it has none that could be used.
            TooManyRequests: too many are asked for.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    client: Client
    until: float
    fetched_at: float


class DocumentShelf:
    """What was found under one configuration, in memory.

    Args:
        terms: what the configuration says of such clients.
    """

    def __init__(self, terms: DocumentTerms) -> None:
        self.terms = terms
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def known(self, client_id: str) -> Client | None:
        """Return a client as its document says, when that was fetched lately, else in outline.

        None when it is not let in. Whoever sends people somewhere for it, or believes that it calls, asks
        ``PublishedClients`` first.
        """
        kept = self._kept.get(client_id)
        return self.terms.outline(client_id) if kept is None else kept.client

    def find(self, client_id: str) -> _Kept | None:
        """Return what is kept of a client, however old it is."""
        kept = self._kept.get(client_id)
        if kept is not None:
            self._kept.move_to_end(client_id)
        return kept

    def keep(self, client_id: str, kept: _Kept) -> None:
        """Keep what was found, in place of what was asked for least."""
        self._kept[client_id] = kept
        self._kept.move_to_end(client_id)
        if len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)


class ClientDocuments:
    """Fetches documents, whatever configuration is in force: what is asked of others is bounded for all.

    Args:
        fetch: the only way out.
        meter: told of every request that was one too many.
    """

    def __init__(self, fetch: FetchDocument, clock: Clock, *, meter: Meter = UNMETERED) -> None:
        self._fetch = fetch
        self._clock = clock
        self._budget = Budget(
            "client_documents",
            each=PER_SOURCE,
            altogether=PER_MINUTE,
            seconds=60,
            clock=clock,
            meter=meter,
        )
        self._under_way: dict[tuple[int, str], asyncio.Task[_Kept]] = {}

    def under(self, shelf: DocumentShelf) -> PublishedClients:
        """Return the clients that a configuration lets in."""
        return _Under(self, shelf)

    async def find(self, client_id: str, shelf: DocumentShelf, *, source: str, lenient: bool) -> Client:
        """Return a client (``PublishedClients.client``)."""
        shelf.terms.address(client_id)
        now = self._clock.now()
        kept = shelf.find(client_id)
        if kept is not None and kept.fetched_at <= now < kept.until:
            return kept.client
        try:
            return (await self._fetched(client_id, shelf, source)).client
        except FetchFailed as failed:
            if lenient and kept is not None and now - kept.until < GRACE:
                return kept.client
            raise NoDocument(failed.detail) from failed

    async def aclose(self) -> None:
        """End the fetches under way."""
        await stopped(self._under_way.values())

    async def _fetched(self, client_id: str, shelf: DocumentShelf, source: str) -> _Kept:
        """Join the fetch under way, or begin one. A caller who gives up ends it for nobody else."""
        key = (id(shelf), client_id)
        task = self._under_way.get(key)
        if task is None:
            self._budget.spend(source, full=len(self._under_way) >= MOST_AT_ONCE)
            task = asyncio.create_task(self._read(client_id, shelf), name=f"document of {client_id}")
            self._under_way[key] = task
            task.add_done_callback(lambda done: self._finish(key, done))
        with waiting_for_others():
            await asyncio.wait({task})
        return task.result()

    async def _read(self, client_id: str, shelf: DocumentShelf) -> _Kept:
        terms, began = shelf.terms, self._clock.now()
        host = terms.address(client_id).host
        found = await self._fetch.get_document(client_id, most=MOST_BYTES, listed=terms.lists(host))
        client, keys_uri = terms.client(client_id, found.document)
        fresh = found.fresh_for
        if keys_uri is not None:
            listed = terms.lists(terms.keys_at(keys_uri).host)
            keys = await self._fetch.get_document(keys_uri, most=MOST_KEY_BYTES, listed=listed)
            client = with_keys(client, keys.document)
            fresh = min((one for one in (fresh, keys.fresh_for) if one is not None), default=None)
        life = min(max(fresh or 0, SHORTEST), LONGEST)
        kept = _Kept(client=client, until=began + life, fetched_at=began)
        shelf.keep(client_id, kept)
        return kept

    def _finish(self, key: tuple[int, str], task: asyncio.Task[_Kept]) -> None:
        self._under_way.pop(key, None)
        if not task.cancelled():
            task.exception()  # seen, even when everybody has given up


class _Under:
    """Implements ``PublishedClients`` for one configuration."""

    def __init__(self, documents: ClientDocuments, shelf: DocumentShelf) -> None:
        self._documents = documents
        self._shelf = shelf

    async def client(self, client_id: str, *, source: str, lenient: bool = False) -> Client:
        return await self._documents.find(client_id, self._shelf, source=source, lenient=lenient)
