"""Checks of connections side by side: no way is there twice, and none leads to a stranger."""

from __future__ import annotations

from collections.abc import Iterator

from actas.settings.faults import Fault
from actas.settings.schema_connections import ConnectionForm
from actas.settings.shaped import Item, Shaped


def check_ways(shaped: Shaped) -> Iterator[Fault]:
    """Yield where one connection does not go with another."""
    yield from _twice(shaped)
    yield from _matched_alike(shaped)
    yield from _astray(shaped)


def _twice(shaped: Shaped) -> Iterator[Fault]:
    """No request may lead two ways: client, server and API name one connection."""
    seen: dict[tuple[str, ...], Item[ConnectionForm]] = {}
    for item in shaped.connections.values():
        for way, words in _ways(item.form):
            first = seen.setdefault(way, item)
            if first is not item:
                message = f"{first.form.name} connects {words} already ({first.written.place})"
                yield item.written.fault((), message)
                break


def _ways(form: ConnectionForm) -> Iterator[tuple[tuple[str, ...], str]]:
    if form.resource is not None:
        for resource in form.resource.resource or ("",):
            to = resource or form.resource.issuer
            # What is redeemed for the client is asked for as an access token, of whichever kind it is.
            kind = form.grant if form.redeem is None else "redeem"
            way = ("issue", kind, form.client, form.resource.issuer, resource)
            yield way, f"{form.client} to {to}"
    if form.from_ is not None and form.api is not None:
        way = ("accept", form.grant, form.from_, form.client, form.api)
        yield way, f"{form.client} from {form.from_} to {form.api}"


def _matched_alike(shaped: Shaped) -> Iterator[Fault]:
    """Who somebody is does not depend on the API that is asked for."""
    for item, first in _of_the_same_grants(shaped):
        form, also, place = item.form, first.form, first.written.place
        if _client_claim(form) != _client_claim(also) and form.client == also.client:
            message = f"{also.name} says otherwise of the same grants ({place})"
            yield item.written.fault(("client_claim",), message)
        if (other := _match(also)) != _match(form):
            message = f"{also.name} matches the same people by {other} ({place})"
            yield item.written.fault(("people", "match"), message)
        if form.identifiers != also.identifiers:
            yield item.written.fault(
                ("identifiers",), f"{also.name} says others for the same grants ({place})"
            )


def _of_the_same_grants(
    shaped: Shaped,
) -> Iterator[tuple[Item[ConnectionForm], Item[ConnectionForm]]]:
    """Yield each connection that accepts, with the first one by which the same grants are redeemed.

    That is one of its own client and issuer, and where grants name no client, one of any client: such a grant
    says of none that it is for it. Both count, or a third would make two alike that are not.
    """
    seen: dict[tuple[str, ...], Item[ConnectionForm]] = {}
    for item in shaped.connections.values():
        form = item.form
        if form.from_ is None:
            continue
        own = seen.setdefault((form.client, form.from_, form.grant), item)
        yield item, own
        if form.client_claim == "none":
            anybody = seen.setdefault((form.from_,), item)
            if anybody is not own:
                yield item, anybody


def _client_claim(form: ConnectionForm) -> str:
    return form.client_claim or "client_id"


def _match(form: ConnectionForm) -> str:
    return (form.people and form.people.match) or "subject"


def _astray(shaped: Shaped) -> Iterator[Fault]:
    """What a client calls one server must not be, or also mean, another: its grant would reach a stranger."""
    seen: dict[tuple[str, str], tuple[str, Item[ConnectionForm]]] = {}
    leading = [(item, there) for item in shaped.connections.values() if (there := item.form.resource)]
    for item, there in leading:
        seen.setdefault((item.form.client, there.issuer), (there.issuer, item))
    for item, there in leading:
        for index, audience in enumerate(there.audience or ()):
            issuer, first = seen.setdefault((item.form.client, audience), (there.issuer, item))
            if issuer != there.issuer:
                message = f"{item.form.client} reaches {issuer} by that name ({first.written.place})"
                yield item.written.fault(item.written.at(("resource", "audience"), index), message)
                break
