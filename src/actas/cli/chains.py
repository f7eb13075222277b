"""What a token says of its parties, made into a ``Chain`` to draw, and into the JSON of answers.

Reads leniently, because a token may be shown before anything about it is proven; whether the chain is
well formed is judged by ``findings`` and by the server.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from actas.cli.line import Chain, Kind, Station
from actas.core.ports import Json
from actas.subjects.chain import kind_of

MOST_ACTORS: Final = 32
"""Actors that are drawn. No token that names more than ten is read anywhere."""


GRANTS: Final = frozenset({"id_jag", "jwt_grant"})
"""What is a grant for another domain's server, as tokens look (``look``)."""


def chain_of(claims: Mapping[str, Json], *, person: bool = False) -> Chain:
    """Return the chain of a token of ours, or of any token that speaks in the same claims.

    Args:
        person: whether a subject of no stated kind is a person, as in an ID token.
    """
    actors = _actors(claims)
    return Chain(
        stations=(_subject(claims, person=person, alone=not actors), *actors),
        targets=texts(claims.get("aud")),
        scopes=scopes_of(claims),
    )


def named_by_grant(claims: Mapping[str, Json]) -> Chain:
    """Return whom a grant for another domain's server names, and that server.

    Its subject is a person, also where nothing says so: an ID-JAG is given for people alone (ID-JAG section
    1), and so are plain grants, which tell of them only what their connection lists.
    """
    chain = chain_of(claims)
    subject, *actors = chain.stations
    kind: Kind = kind_of(claims)
    subject = replace(subject, kind="person" if kind == "unknown" else kind, current=False)
    return replace(chain, stations=(subject, *actors))


def chain_of_grant(claims: Mapping[str, Json]) -> Chain:
    """Return the chain of a grant, which is used nowhere: the server that it is for is told of its parties,
    and decides. Where the grant tells of nobody who acts, that is the client, by its name there.
    """
    named = named_by_grant(claims)
    stations = named.stations
    if len(stations) == 1 and isinstance(claims.get("client_id"), str):
        stations = (*stations, Station(kind="service", id=_text(claims.get("client_id")), current=True))
    servers = tuple(Station(kind="issuer", id=one, by="crossing") for one in named.targets)
    return replace(
        named, stations=(*stations, *servers), targets=texts(claims.get("resource")), by="crossing"
    )


def scopes_of(claims: Mapping[str, Json]) -> tuple[str, ...]:
    """Return the scopes of a token, in its order."""
    scope = claims.get("scope")
    return tuple(scope.split()) if isinstance(scope, str) else ()


def texts(value: Json) -> tuple[str, ...]:
    """Return a claim that is one text or a list of them, as in ``aud``."""
    values = value if isinstance(value, list) else [value]
    return tuple(one for one in values if isinstance(one, str) and one)


def parties(chain: Chain) -> list[Json]:
    """Return the ``chain`` member of answers: the parties, oldest first."""
    return [
        {"kind": one.kind, "id": one.id, "current": True} if one.current else {"kind": one.kind, "id": one.id}
        for one in chain.parties
    ]


def _subject(claims: Mapping[str, Json], *, person: bool, alone: bool) -> Station:
    subject, email = _text(claims.get("sub")), claims.get("email")
    kind: Kind = kind_of(claims)
    itself = alone and subject == claims.get("client_id")
    if kind == "unknown" and person:
        kind = "person"
    elif kind == "unknown" and itself:
        kind = "service"  # RFC 9068 section 2.2: sub is the client_id when no resource owner is involved
    shown = email if person and isinstance(email, str) and email else subject
    return Station(kind=kind, id=shown, current=itself)


def _actors(claims: Mapping[str, Json]) -> tuple[Station, ...]:
    """Return the actors, oldest first: in the token the newest is outermost (RFC 8693 section 4.1)."""
    found: list[Station] = []
    entry = claims.get("act")
    while isinstance(entry, dict) and len(found) < MOST_ACTORS:
        found.append(Station(kind=kind_of(entry), id=_text(entry.get("sub")), current=not found))
        entry = entry.get("act")
    return tuple(reversed(found))


def _text(value: Json) -> str:
    return value if isinstance(value, str) and value else "?"
