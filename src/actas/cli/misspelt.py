"""Names in a rehearsed request that nobody defines, and which were probably meant. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from actas.core.target import api_at
from actas.settings.suggest import did_you_mean, nearest

if TYPE_CHECKING:
    from actas.core.permit import ExchangeRequest
    from actas.core.target import Api
    from actas.store.catalog import Catalog


def misspelt(client: str, request: ExchangeRequest, catalog: Catalog) -> Iterator[str]:
    """Yield a hint for each client, API and scope that the configuration does not define.

    Args:
        client: the name of who would ask.
        request: what would be asked.
        catalog: what is defined.
    """
    audiences = [api.audience for api in catalog.apis.values()]
    yield from _meant(client, catalog.clients)
    for name in request.audience:
        yield from _meant(name, [*catalog.apis, *audiences])
    for uri in request.resource:
        if api_at(catalog, uri) is None:
            yield from _meant(uri, audiences)
    yield from _scopes(client, request, catalog)


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
