"""Checks of what tenants and people are called between domains: said where it counts, and for one alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from actas.settings.faults import Fault
from actas.settings.schema_connections import ConnectionForm
from actas.settings.schema_people import UserForm
from actas.settings.shaped import Item, Shaped

_ONLY_ISSUE: Final = ("aud_sub",)
_CHOSEN: Final = ("email", "name", "nickname", "preferred_username")
"""Claims that need not be anybody's (OpenID Connect Core section 5.7; SEC-24)."""


def check_identifiers(shaped: Shaped) -> Iterator[Fault]:
    """Yield what is wrong with ``identifiers`` of connections, and with ``known_as`` of users."""
    for item in shaped.connections.values():
        yield from _direction(item)
    yield from _alike(shaped)
    yield from _known_twice(shaped)


def _direction(item: Item[ConnectionForm]) -> Iterator[Fault]:
    form = item.form
    if form.identifiers is None:
        return
    if (called := form.identifiers.aud_sub) is not None and called.claim in _CHOSEN:
        message = f"people choose their {called.claim} themselves: it names nobody"
        yield item.written.fault(("identifiers", "aud_sub", "claim"), message)
    if form.direction == "issue":
        return
    for name in _ONLY_ISSUE:
        if getattr(form.identifiers, name) is not None:
            yield item.written.fault(("identifiers", name), "is for direction: issue; leave it out")


def _alike(shaped: Shaped) -> Iterator[Fault]:
    """Who somebody of theirs is here does not depend on the API that is asked for."""
    seen: dict[tuple[str, str], Item[ConnectionForm]] = {}
    for item in shaped.connections.values():
        form = item.form
        if form.from_ is None:
            continue
        first = seen.setdefault((form.client, form.from_), item)
        if form.identifiers != first.form.identifiers:
            message = f"{first.form.name} says others for the same grants ({first.written.place})"
            yield item.written.fault(("identifiers",), message)


def _known_twice(shaped: Shaped) -> Iterator[Fault]:
    """A name there is one person's (JAG-4)."""
    seen: dict[tuple[str, str], Item[UserForm]] = {}
    for item in shaped.users.values():
        for label, name in (item.form.known_as or {}).items():
            first = seen.setdefault((label, name), item)
            if first is not item:
                message = f"{first.form.name} is called so already ({first.written.place})"
                yield item.written.fault(("known_as", label), message)
