"""The chain of a request: what is drawn of an exchange, from what went in and what came out. Pure.

What goes in is read without being proven: whoever runs the command holds it and sees it anyway.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

from actas.cli.ask import ABROAD, Wanted
from actas.cli.chains import chain_of, scopes_of, texts
from actas.cli.line import Chain, Station
from actas.cli.look import Look, look
from actas.core.ports import Json
from actas.core.wire import ID_TOKEN


def asked_chain(wanted: Wanted, *, client: str) -> Chain:
    """Return the chain that was asked for and refused: the client would have been its newest actor.

    Where a person is only named, the administrator would have been it (``core.impersonation.Form``).
    """
    stations = _subject_stations(wanted)
    acting = _acting(wanted, client)
    if wanted.redeems and wanted.subject is not None:
        return _redeemed(stations, acting, wanted, look(wanted.subject.text.value.reveal()).claims)
    if not stations or stations[-1].id != acting.id:  # a client that narrows its own token is in it already
        stations = (*stations, acting)
    chain = Chain(stations=stations, targets=wanted.targets, scopes=wanted.scope, outcome="refused")
    return _towards(chain, wanted, {}) if wanted.requested in ABROAD else chain


def _redeemed(
    stations: tuple[Station, ...], acting: Station, wanted: Wanted, claims: Mapping[str, Json]
) -> Chain:
    """Return the chain of a grant that is redeemed: whoever vouches stands before the person (RFC 7523)."""
    stations = _vouched(stations, claims)
    targets = wanted.targets or texts(claims.get("resource"))
    scopes = wanted.scope or scopes_of(claims)
    return Chain(stations=(*stations, acting), targets=targets, scopes=scopes, outcome="refused")


def _vouched(stations: tuple[Station, ...], grant: Mapping[str, Json]) -> tuple[Station, ...]:
    """Return the stations with whoever vouches for the person before them, as the grant says."""
    first, *actors = stations
    vouching = grant.get("iss")
    if not isinstance(vouching, str):
        return stations
    return (Station(kind="issuer", id=vouching), replace(first, by="crossing"), *actors)


def granted_chain(
    claims: Mapping[str, Json], wanted: Wanted, *, client: str, issuer: str, scope: tuple[str, ...]
) -> Chain:
    """Return the chain that was granted.

    Args:
        claims: those of the new token; empty when it cannot be read.
        client: who asked.
        issuer: the server's issuer identifier.
        scope: what was granted.
    """
    if wanted.requested in ABROAD:
        return _granted_abroad(claims, wanted, client=client, scope=scope)
    if not claims:
        return replace(asked_chain(wanted, client=client), outcome="granted", scopes=scope)
    if wanted.redeems and wanted.subject is not None:  # whoever acts in the token, and nobody who does not
        chain, person = chain_of(claims), _subject_stations(wanted)[:1]
        grant = look(wanted.subject.text.value.reveal()).claims
        return replace(chain, stations=_vouched((*person, *chain.stations[1:]), grant), scopes=scope)
    chain = replace(chain_of(claims), scopes=scope)
    if len(wanted.targets) == len(chain.targets) == 1 and "://" not in wanted.targets[0]:
        chain = replace(chain, targets=wanted.targets)  # the name under which it was asked for
    if wanted.subject is None:
        return chain
    if wanted.named is not None:
        if len(chain.stations) > 1:
            return chain
        hidden = replace(_acting(wanted, client), by="impersonation", current=False)
        return replace(chain, stations=(*chain.stations, hidden))
    before = look(wanted.subject.text.value.reveal())
    if len(chain.stations) > 1:
        return _with_held(chain, before) if wanted.actor is None else chain
    return _without_actor(chain, before, wanted, client=client, issuer=issuer)


def _granted_abroad(
    claims: Mapping[str, Json], wanted: Wanted, *, client: str, scope: tuple[str, ...]
) -> Chain:
    """Return the chain of a grant: its subject may have another name there, so whoever was shown is drawn."""
    named = chain_of(claims).stations
    acting = named[-1] if len(named) > 1 else _acting(wanted, client)
    stations = (*_subject_stations(wanted), acting)
    return _towards(Chain(stations=stations, scopes=scope), wanted, claims)


def _towards(chain: Chain, wanted: Wanted, claims: Mapping[str, Json]) -> Chain:
    """Add the server of the other domain, which decides next, and the APIs there."""
    servers = texts(claims.get("aud")) or wanted.audience
    there = tuple(Station(kind="issuer", id=one, by="crossing") for one in servers)
    resources = texts(claims.get("resource")) or wanted.resource
    return replace(chain, stations=(*chain.stations, *there), targets=resources, by="crossing")


def _with_held(chain: Chain, before: Look) -> Chain:
    """Draw the last hop but one as thick as the token that went in."""
    if "scope" not in before.claims:
        return chain
    *earlier, newest = chain.stations
    return replace(chain, stations=(*earlier, replace(newest, scopes=len(scopes_of(before.claims)))))


def _without_actor(chain: Chain, before: Look, wanted: Wanted, *, client: str, issuer: str) -> Chain:
    """The new token names its subject alone: because it is narrowed, impersonated or translated."""
    subject = chain.stations[0]
    if before.claims.get("iss") == issuer:
        if before.claims.get("client_id") == client or subject.id == client:
            return chain
        holder = Station(kind="service", id=client, by="impersonation")
        return replace(chain, stations=(subject, holder))
    foreign = before.claims.get("iss")
    if not isinstance(foreign, str) or wanted.subject is None or wanted.subject.type == ID_TOKEN:
        return chain
    elsewhere = Station(kind="issuer", id=foreign)
    return replace(chain, stations=(elsewhere, replace(subject, by="crossing")))


def _subject_stations(wanted: Wanted) -> tuple[Station, ...]:
    if wanted.subject is None:
        return ()
    if wanted.named is not None:
        return (Station(kind="person", id=_name_of(wanted.named)),)
    seen = look(wanted.subject.text.value.reveal())
    if not seen.claims:
        return (Station(kind="unknown", id="subject"),)
    person = wanted.subject.type == ID_TOKEN or wanted.redeems
    return tuple(replace(one, current=False) for one in chain_of(seen.claims, person=person).stations)


def _acting(wanted: Wanted, client: str) -> Station:
    """Return who would act: by a token of theirs, which is the administrator's where a person is named."""
    shown = wanted.subject if wanted.whom is not None else wanted.actor
    if shown is not None:
        claims = look(shown.text.value.reveal()).claims
        person = wanted.named is not None
        if claims:
            return replace(chain_of(claims, person=person).stations[-1], current=True)
        if person:
            return Station(kind="person", id="administrator", current=True)
    return Station(kind="service", id=client, current=True)


def _name_of(named: str) -> str:
    """Return the name in a subject identifier (RFC 9493 section 3.2.3), or the text as it is."""
    try:
        found: Json = json.loads(named)
    except ValueError:
        return named
    name = found.get("sub") if isinstance(found, dict) else None
    return name if isinstance(name, str) and name else named
