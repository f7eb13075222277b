"""Names in a rehearsed request that nobody defines, and which were probably meant. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Final

from actas.cli.ask import ABROAD
from actas.cli.recorded import Event, member, text, words
from actas.core.target import api_at
from actas.settings.suggest import did_you_mean, nearest

if TYPE_CHECKING:
    from actas.core.permit import ExchangeRequest
    from actas.core.target import Api
    from actas.store.catalog import Catalog

NO_WAY: Final = ("no_connection", "connection_paused")
"""The refusals of a grant for another domain that its connections explain."""


def misspelt(client: str, request: ExchangeRequest, catalog: Catalog) -> Iterator[str]:
    """Yield a hint for each client, API and scope that the configuration does not define.

    Args:
        client: the name of who would ask.
        request: what would be asked.
        catalog: what is defined.
    """
    if request.requested in ABROAD:
        yield from _meant(client, catalog.clients)
        return
    audiences = [api.audience for api in catalog.apis.values()]
    yield from _meant(client, catalog.clients)
    for name in request.audience:
        yield from _meant(name, [*catalog.apis, *audiences])
    for uri in request.resource:
        if api_at(catalog, uri) is None:
            yield from _meant(uri, audiences)
    yield from _scopes(client, request, catalog)


def ways_abroad(client: str, asked: Collection[str], catalog: Catalog) -> Iterator[str]:
    """Yield where a client's connections lead: for administrators, who may know what its users may not.

    Args:
        client: the name of who asks.
        asked: what it said the grant is for.
        catalog: what is defined.
    """
    own = [one for one in catalog.connections.every if one.client == client]
    for audience in asked:
        yield from _meant(audience, [name for one in own for name in (one.to.issuer, *one.to.audiences)])
    if not own:
        yield f"{client} has no connection at all: actas connections create NAME --client {client}"
    for one in own:
        there = f" with {', '.join(one.to.resources)}" if one.to.resources else ""
        paused = f", paused: actas connections resume {one.name}" if one.paused else ""
        kind = " by plain grants (--for jwt)" if one.to.grant == "jwt" else ""
        yield f"{one.name} leads to {one.to.issuer}{there}{kind}{paused}"


def ways_of_entry(event: Event, catalog: Catalog) -> Iterator[str]:
    """Yield the same for an attempt that was refused because no connection leads there, or it was paused."""
    if event.get("reason") in NO_WAY:
        client, asked = member(event, "client"), member(event, "asked")
        yield from ways_abroad(text(client.get("name")), words(asked.get("audience")), catalog)


def _meant(word: str, known: Collection[str]) -> Iterator[str]:
    found = None if word in known else nearest(word, known)
    if found is not None:
        yield f'did you mean "{found}"?'


def _scopes(client: str, request: ExchangeRequest, catalog: Catalog) -> Iterator[str]:
    named = [catalog.api(name) or catalog.api_for(name) for name in request.audience]
    named += [api_at(catalog, uri) for uri in request.resource]
    for scope in sorted(request.scope or ()):
        if not named:
            yield from _nowhere(scope, client, catalog)
        for api in named:
            if api is not None and scope not in api.scopes:
                yield f"{api.name} has no scope {scope}{did_you_mean(scope, api.scopes)}"


def _nowhere(scope: str, client: str, catalog: Catalog) -> Iterator[str]:
    """Say that no API has a scope that was to point at one (RFC 9068 section 3)."""
    asker = catalog.client(client)
    open_to_client: list[Api] = [
        api for name in (asker.apis if asker else ()) if (api := catalog.api(name)) is not None
    ]
    known = frozenset[str]().union(*(api.scopes for api in open_to_client))
    if known and scope not in known:
        yield f"no API of {client} has the scope {scope}{did_you_mean(scope, known)}"
