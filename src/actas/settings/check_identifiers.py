"""Checks of what tenants and people are called between domains: said where it counts, and for one alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from actas.settings.faults import Fault
from actas.settings.schema_connections import ConnectionForm
from actas.settings.schema_identifiers import CalledForm, IdentifiersForm, SubjectIdForm
from actas.settings.schema_people import UserForm
from actas.settings.shaped import Item, Shaped

_OF_SAML: Final = (
    "issuer",
    "nameid_format",
    "name_qualifier",
    "sp_name_qualifier",
    "sp_provided_id",
    "compare",
)
_CHOSEN: Final = ("email", "name", "nickname", "preferred_username")
"""Claims that need not be anybody's (OpenID Connect Core section 5.7; SEC-24)."""


def check_identifiers(shaped: Shaped) -> Iterator[Fault]:
    """Yield what is wrong with ``identifiers`` of connections, and with ``known_as`` of users."""
    for item in shaped.connections.values():
        yield from _direction(item)
    yield from _of_several_ways(shaped)
    yield from _of_one_issuer(shaped)
    yield from _known_twice(shaped)


def _direction(item: Item[ConnectionForm]) -> Iterator[Fault]:
    form, written = item.form, item.written
    matched = form.people is not None and form.people.match == "sub_id"
    said = form.identifiers
    if form.direction == "accept" and matched != (said is not None and said.sub_id is not None):
        message = "people.match: sub_id and identifiers.sub_id go together"
        yield written.fault(("identifiers",) if matched else ("identifiers", "sub_id"), message)
    if said is None:
        return
    if form.direction == "accept" and said.aud_sub is not None:
        yield written.fault(("identifiers", "aud_sub"), "is for direction: issue; leave it out")
    for loc, called in _names(said):
        if called.claim in _CHOSEN:
            message = f"people choose their {called.claim} themselves: it names nobody"
            yield written.fault(("identifiers", *loc, "claim"), message)
        elif called.claim is not None and form.direction == "accept":
            message = "is for direction: issue; who somebody is here is said by known_as"
            yield written.fault(("identifiers", *loc, "claim"), message)
    yield from _of_several(item)
    yield from _laid_open(item)
    if said.sub_id is not None:
        for field, message in _identifier(said.sub_id, accepts=form.direction == "accept"):
            yield written.fault(("identifiers", "sub_id", field), message)


def _of_several(item: Item[ConnectionForm]) -> Iterator[Fault]:
    """Two issuers give one name to two people, whom the other server takes for one (JAG-4, SEC-24)."""
    form = item.form
    sources = sorted({*_sources(form)})
    if form.identifiers is None or form.direction != "issue" or len(sources) < 2:
        return
    for loc, called in _names(form.identifiers):
        if called.claim is not None:
            message = (
                f"{called.claim} of {' and '.join(sources)} may be one name of two people; "
                "name one of them, or say known_as"
            )
            yield item.written.fault(("identifiers", *loc, "claim"), message)


def _of_several_ways(shaped: Shaped) -> Iterator[Fault]:
    """The same by several connections to one server. Whether the names meet there only their issuers know."""
    seen: dict[tuple[str | None, ...], Item[ConnectionForm]] = {}
    for item in shaped.connections.values():
        form = item.form
        if form.identifiers is None or form.direction != "issue" or form.resource is None:
            continue
        for loc, called in _names(form.identifiers):
            if called.claim is None:
                continue
            place = (form.resource.issuer, form.identifiers.aud_tenant, loc[0])
            first = seen.setdefault(place, item)
            if {*_sources(first.form)} != {*_sources(form)}:
                message = (
                    f"{first.form.name} tells that server such names too, of other people "
                    f"({first.written.place}): two of one name are one person there"
                )
                yield item.written.fault(("identifiers", *loc, "claim"), message, "warning")


def _sources(form: ConnectionForm) -> tuple[str, ...]:
    return tuple((form.people and form.people.from_) or ())


def _laid_open(item: Item[ConnectionForm]) -> Iterator[Fault]:
    """An identifier tells what the connection keeps back elsewhere (JAG-41)."""
    form = item.form
    one = None if form.identifiers is None else form.identifiers.sub_id
    if one is None or form.direction != "issue":
        return
    loc = ("identifiers", "sub_id")
    if form.identify_by == "pairwise":
        message = "it lays open who each pairwise name is; leave one of the two out"
        yield item.written.fault(loc, message, "warning")
    if one.format == "email" and form.email is False:
        yield item.written.fault(loc, "it tells the address all the same", "warning")


def _names(said: IdentifiersForm) -> Iterator[tuple[tuple[str, ...], CalledForm]]:
    """Yield where names of people are said to come from, and at which place that is written."""
    one = said.sub_id
    for loc, called in (
        (("aud_sub",), said.aud_sub),
        (("sub_id", "who"), None if one is None else one.who),
        (("sub_id", "sp_provided_id"), None if one is None else one.sp_provided_id),
    ):
        if called is not None:
            yield loc, called


def _identifier(form: SubjectIdForm, *, accepts: bool) -> Iterator[tuple[str, str]]:
    """Yield what is missing or too much in an identifier: field and message."""
    needed = {"iss_sub": ("who", "iss"), "opaque": ("who",), "saml-nameid": ("who", "issuer")}
    wanted = needed.get(form.format, ("who",) if accepts else ())
    for field in wanted:
        if getattr(form, field) is None:
            yield field, f"is required for the format {form.format}"
    may = {*wanted, *(_OF_SAML if form.format == "saml-nameid" else ())}
    for field in ("who", "iss", *_OF_SAML):
        if field in form.model_fields_set and field not in may:
            yield field, f"means nothing for the format {form.format}; leave it out"
    if form.compare == "nameid" and not accepts:
        yield "compare", "is for direction: accept; leave it out"


def _of_one_issuer(shaped: Shaped) -> Iterator[Fault]:
    """A SAML identity provider belongs to one issuer of grants, and so do the names it gives (JAG-67)."""
    seen: dict[tuple[str, str], Item[ConnectionForm]] = {}
    for item in shaped.connections.values():
        form = item.form
        if form.from_ is None or form.identifiers is None or (said := form.identifiers.sub_id) is None:
            continue
        for field, value in (
            ("issuer", said.issuer),
            ("who", None if said.who is None else said.who.known_as),
        ):
            first = item if value is None else seen.setdefault((field, value), item)
            if first.form.from_ != form.from_:
                message = (
                    f"belongs to {first.form.from_} already, by {first.form.name} ({first.written.place})"
                )
                yield item.written.fault(("identifiers", "sub_id", field), message)


def _known_twice(shaped: Shaped) -> Iterator[Fault]:
    """A name there is one person's (JAG-4)."""
    seen: dict[tuple[str, str], Item[UserForm]] = {}
    for item in shaped.users.values():
        for label, name in (item.form.known_as or {}).items():
            first = seen.setdefault((label, name), item)
            if first is not item:
                message = f"{first.form.name} is called so already ({first.written.place})"
                yield item.written.fault(("known_as", label), message)
