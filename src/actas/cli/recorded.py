"""The chain of an entry of the minutes: who acted for whom, as it was decided then. Pure.

An entry may be damaged, or of a release to come, so nothing in it is taken for granted: what has another
shape than ours is left out, and never stops whoever is looking. What a token says becomes a chain in
``chains``, what was asked of a server in ``hops``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from actas.audit.stream import instant
from actas.cli.line import Chain, Kind, Station
from actas.cli.wording import clean
from actas.core.ports import Json

Event = Mapping[str, Json]
"""An entry, read."""

LATEST: Final = 4_102_444_800
"""Seconds: 2100. What is said to be later is not shown as a date."""

_KINDS: Final[dict[str, Kind]] = {"person": "person", "agent": "agent", "service": "service", "app": "app"}


def chain_of_event(event: Event) -> Chain | None:
    """Return the chain that was granted or refused; None when nobody is known, or no chain was asked for."""
    name = text(event.get("event"))
    if name and not name.startswith(("exchange:", "abroad:")):
        return None  # elsewhere nobody gets what they may do anything by
    granted = event.get("outcome") == "granted"
    if not granted and event.get("outcome") != "refused":
        return None
    stations = _granted(event) if granted else _refused(event)
    if not stations:
        return None
    stations = _thick(stations, member(event, "subject"))
    abroad = member(event, "abroad")
    if abroad:
        stations = _towards(stations, event, abroad)
    given = member(event, "given") or member(member(event, "redeemed"), "came")
    scope = (given if granted else member(event, "asked")).get("scope")
    return Chain(
        stations=stations,
        targets=words(abroad.get("resources")) if abroad else _targets(event),
        scopes=tuple(text(scope).split()),
        outcome="granted" if granted else "refused",
        by="crossing" if abroad else "delegation",
        theirs=name.startswith("abroad:"),
    )


def _targets(event: Event) -> tuple[str, ...]:
    asked = member(event, "asked")
    return words(event.get("apis")) or (*words(asked.get("audience")), *words(asked.get("resource")))


def _towards(stations: tuple[Station, ...], event: Event, abroad: Event) -> tuple[Station, ...]:
    """Add the client, which a grant names whether or not it is an actor, and the server that decides next."""
    client = _client(event)
    if client is not None and len(stations) == 1:
        stations = (replace(stations[0], current=False), replace(client, current=True))
    return (*stations, Station(kind="issuer", id=text(abroad.get("issuer")), by="crossing"))


def _granted(event: Event) -> tuple[Station, ...]:
    """The parties that the token names, oldest first, and what it does not say of how it came about."""
    subject = _party(member(event, "subject"))
    if subject is None:
        return ()
    # In an entry as in a token, the newest actor comes first (RFC 8693 section 4.1).
    actors = [_party(one) for one in members(member(event, "given").get("actors"))]
    named = (subject, *(one for one in reversed(actors) if one is not None))
    if len(named) > 1:
        return (*named[:-1], replace(named[-1], current=True))
    holder = _client(event)
    match event.get("kind"):
        case "impersonation" if holder is not None:
            return (subject, replace(holder, by="impersonation"))
        case "translation":
            issuer = text(member(member(event, "subject"), "origin").get("iss"))
            elsewhere = (Station(kind="issuer", id=issuer),) if issuer else ()
            return (*elsewhere, replace(subject, by="crossing"))
        case _:
            itself = holder is not None and holder.id == subject.id
            return (replace(subject, current=itself),)


def _refused(event: Event) -> tuple[Station, ...]:
    """The parties as the rules saw them; before the rules, those that were proven."""
    found = [_party(one) for one in members(event.get("chain"))]
    if not found:
        found = [_party(member(event, "subject")), _client(event)]
    stations: list[Station] = []
    for one in found:
        # Who narrows a token of its own is in it already, as its newest actor.
        if one is not None and not (stations and stations[-1].id == one.id):
            stations.append(one)
    if not stations:
        return ()
    hides = event.get("kind") == "impersonation" and len(stations) > 1
    newest = replace(stations[-1], by="impersonation") if hides else replace(stations[-1], current=True)
    return (*stations[:-1], newest)


def _client(event: Event) -> Station | None:
    client = member(event, "client")
    return _party({"sub": client.get("name"), "kind": client.get("kind")})


def _party(document: Event) -> Station | None:
    name = text(document.get("sub"))
    return Station(kind=_KINDS.get(text(document.get("kind")), "unknown"), id=name) if name else None


def _thick(stations: tuple[Station, ...], subject: Event) -> tuple[Station, ...]:
    """Draw the newest hop as thick as the token that went in, where it is known what that held."""
    if len(stations) < 2 or "scope" not in subject:
        return stations
    return (*stations[:-1], replace(stations[-1], scopes=len(text(subject.get("scope")).split())))


def said_there(redeemed: Event) -> str:
    """Return what another server answered to a grant that was to be redeemed; empty when nothing is known."""
    answer = member(redeemed, "said")
    words = [clean(text(answer.get(name))) for name in ("error", "description") if name in answer]
    return ": ".join(words) or (f"status {answer.get('status')}" if answer else "")


def member(event: Event, name: str) -> Event:
    """Return an object that a member is, or an empty one."""
    value = event.get(name)
    return value if isinstance(value, dict) else {}


def members(value: Json) -> list[Event]:
    """Return the objects of a list, or none."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def text(value: Json) -> str:
    """Return a text, or an empty one."""
    return value if isinstance(value, str) else ""


def words(value: Json) -> tuple[str, ...]:
    """Return the texts of a list, or none."""
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def whole(value: Json) -> int | None:
    """Return a whole number, or None."""
    return value if type(value) is int else None


def instant_of(value: Json) -> str | None:
    """Return the instant that a number of seconds since the epoch is, as entries write it.

    Returns:
        None for what is no whole number, and for what lies before 1970 or behind 2100.
    """
    at = whole(value)
    return instant(at) if at is not None and 0 <= at <= LATEST else None


def moment(at: str) -> str:
    """Return an instant of the log for people: UTC, without milliseconds."""
    return at[:19].replace("T", " ")
