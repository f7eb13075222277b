"""Checks of authorization details: their templates speak of where the connection leads."""

from __future__ import annotations

from collections.abc import Iterator

from actas.settings.faults import Fault
from actas.settings.schema_connections import ConnectionForm
from actas.settings.shaped import Item, Shaped


def check_details(shaped: Shaped) -> Iterator[Fault]:
    """Yield what is wrong with the templates of connections."""
    for item in shaped.connections.values():
        yield from _locations(item)


def _locations(item: Item[ConnectionForm]) -> Iterator[Fault]:
    """A detail counts at no place that the grant is not for."""
    there = item.form.resource
    if there is None or there.resource is None:
        return
    for index, template in enumerate(there.authorization_details or ()):
        for place in template.get("locations", ()):
            if place not in there.resource:
                loc = item.written.at(("resource", "authorization_details"), index)
                yield item.written.fault(loc, f"its location {place} is not in resource")
