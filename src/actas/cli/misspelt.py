"""Names in a rehearsed request that nobody defines, and which were probably meant. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Final

from actas.cli.ask import ABROAD
from actas.cli.recorded import Event, member, text, words
from actas.core.suggest import did_you_mean, nearest
from actas.core.target import api_at
from actas.core.wire import ACCESS_TOKEN, ID_JAG, JWT, JWT_BEARER
from actas.kinds.on_behalf import is_api

if TYPE_CHECKING:
    from actas.core.abroad import Acceptance
    from actas.core.permit import ExchangeRequest
    from actas.core.target import Api
    from actas.policy.connections import Connection
    from actas.store.catalog import Catalog

NO_WAY: Final = ("no_connection", "several_connections", "connection_paused")
"""The refusals of a grant for another domain, or of another one's, that connections explain."""

_MOST: Final = 5
"""Connections of others that are named at most."""


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


def ways_abroad(client: str, asked: Collection[str], catalog: Catalog, *, requested: str) -> Iterator[str]:
    """Yield where a client's connections lead: for administrators, who may know what its users may not.

    Args:
        client: the name of who asks.
        asked: what it said the grant is for.
        catalog: what is defined.
        requested: the type of token that it asked for.
    """
    own = [one for one in catalog.connections.every if one.client == client]
    for audience in asked:
        yield from _meant(audience, [name for one in own for name in (one.to.issuer, *one.to.audiences)])
    if not own:
        yield f"{client} has no connection at all: actas connections create NAME --client {client}"
    for one in own:
        yield _leads(one, requested)


def ways_there(client: str, named: Collection[str], catalog: Catalog) -> Iterator[str]:
    """Yield which of a client's connections lead to what it asked an access token for, and no API here is.

    Args:
        client: the name of who asks.
        named: what it asked for.
        catalog: what is defined.
    """
    own = [(one, _places(one)) for one in catalog.connections.every if one.client == client]
    known = frozenset[str]().union(*(places for _, places in own))
    meant = {word if word in known else nearest(word, known) for word in named if not is_api(word, catalog)}
    for word in sorted(one for one in meant if one is not None):
        if word not in named:
            yield f'did you mean "{word}"?'
        yield from (_leads(one, ACCESS_TOKEN) for one, places in own if word in places)


def _leads(one: Connection, requested: str) -> str:
    """Return where a connection leads, and how that is asked for where something else was."""
    there = f" with {', '.join(one.to.resources)}" if one.to.resources else ""
    if one.to.redeems:
        how = "" if requested == ACCESS_TOKEN else ", which this server redeems: ask without --for"
    elif one.to.grant == "jwt":
        how = "" if requested == JWT else ", for plain grants (--for jwt)"
    else:
        how = "" if requested == ID_JAG else ", for ID-JAGs (--for id-jag)"
    return f"{one.name} leads to {one.to.issuer}{there}{how}{_stands(one)}"


def _places(one: Connection) -> frozenset[str]:
    return frozenset((one.to.issuer, *one.to.audiences, *one.to.resources))


def ways_in(client: str, catalog: Catalog) -> Iterator[str]:
    """Yield whose grants a client redeems, and where it redeems none, who redeems any.

    Args:
        client: the name of who asks.
        catalog: what is defined.
    """
    accepted = catalog.connections.accepted
    own = [one for one in accepted if one.client == client]
    if not own:
        yield f"{client} redeems no grants at all: actas connections create NAME --direction accept"
    for one in own or accepted[:_MOST]:
        kind = "plain grants" if one.grant == "jwt" else "ID-JAGs"
        yield f"by {one.name}, {one.client} redeems {kind} of {one.issuer} for {one.api}{_stands(one)}"


def ways_of_entry(event: Event, catalog: Catalog) -> Iterator[str]:
    """Yield the same for an attempt that was refused because no connection leads there, or it was paused."""
    client, asked = text(member(event, "client").get("name")), member(event, "asked")
    if event.get("grant") == JWT_BEARER:
        open_to_client = {one.api for one in catalog.connections.accepted if one.client == client}
        elsewhere = event.get("reason") == "no_rule" and open_to_client.isdisjoint(words(event.get("apis")))
        unproven = event.get("reason") == "bad_subject" and "subject" not in event
        yield from issuer_meant(text(event.get("detail")), catalog)
        if elsewhere or unproven or event.get("reason") in (*NO_WAY, "unknown_target"):
            yield from ways_in(client, catalog)
    elif event.get("reason") in NO_WAY:
        requested = text(asked.get("type"))
        yield from ways_abroad(client, words(asked.get("audience")), catalog, requested=requested)
    elif event.get("reason") == "unknown_target":
        named = (*words(asked.get("audience")), *words(asked.get("resource")))
        yield from ways_there(client, named, catalog)


def issuer_meant(detail: str, catalog: Catalog) -> Iterator[str]:
    """Yield which issuer was probably meant by a token of one that nobody trusts: mostly but for a slash.

    Args:
        detail: why the token was refused.
        catalog: what is defined.
    """
    _, found, issuer = detail.partition("there is no trusted issuer ")
    if found:
        yield from _meant(issuer, catalog.issuers)


def _stands(one: Connection | Acceptance) -> str:
    """Return whether a connection is paused, and where it is written."""
    paused = f", paused: actas connections resume {one.name}" if one.paused else ""
    return f"{paused} ({one.place})" if one.place else paused


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
