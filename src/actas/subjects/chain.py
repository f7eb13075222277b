"""Reading ``act`` and ``may_act`` (RFC 8693 sections 4.1 and 4.4).

Only identity members count; ``exp``, ``nbf``, ``aud`` and ``iat`` inside them mean nothing and are
dropped (TX-55). A foreign issuer's chain is kept with its issuer named, and may not name our own
parties: a foreign token that claims our service as its actor proves nothing about it (SEC-49).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from actas.core import claims as read
from actas.core.client import PartyKind
from actas.core.errors import BadToken
from actas.core.party import Actor, Identity, MayAct
from actas.core.ports import Json

MAX_ACTORS: Final = 10
"""No token that names more actors is read (SEC-53)."""

_MEANINGLESS: Final = frozenset({"exp", "nbf", "aud", "iat"})

PROFILES: Final[dict[str, PartyKind]] = {
    "user": "person",
    "service": "service",
    "ai_agent": "agent",
    "web_app": "app",
    "native_app": "app",
    "browser_app": "app",
}
"""Values of ``sub_profile`` (draft-mora-oauth-entity-profiles) as the kinds of party they are."""


def kind_of(claims: Mapping[str, Json]) -> PartyKind:
    """Return what ``sub_profile`` says a party is; unknown when it says nothing we know."""
    profile = claims.get("sub_profile")
    return PROFILES.get(profile, "unknown") if isinstance(profile, str) else "unknown"


def actors_of(claims: Mapping[str, Json], *, issuer: str, foreign_to: str | None) -> tuple[Actor, ...]:
    """Return the ``act`` chain, newest first.

    Args:
        issuer: the ``iss`` of the token, which vouches for entries that name no issuer.
        foreign_to: our own issuer when the token is foreign; its entries may then name its issuer only.

    Raises:
        BadToken: an entry is not an object that names somebody, or there are too many.
    """
    found: list[Actor] = []
    if "act" not in claims:
        return ()
    entry = claims["act"]
    while True:
        if not isinstance(entry, dict):
            raise BadToken("act is not an object")
        if len(found) == MAX_ACTORS:
            raise BadToken(f"act names more than {MAX_ACTORS} actors")
        if "iss" in entry:
            vouching, subject = read.several(entry, "iss", "sub")
        else:
            vouching, subject = issuer, read.name(entry, "sub")
        if foreign_to is not None and vouching != issuer:
            # An issuer speaks for its own parties only: not for ours, and not for another issuer's.
            whose = "of ours" if vouching == foreign_to else "of another issuer"
            raise BadToken(f"act of a foreign token names a party {whose}")
        found.append(Actor(Identity(vouching, subject), kind_of(entry)))
        if "act" not in entry:
            return tuple(found)
        entry = entry["act"]


def also_called(actors: tuple[Actor, ...], otherwise: Json) -> tuple[Actor, ...]:
    """Return the chain of a token of ours with what else its members are called.

    Args:
        otherwise: the claim that says it, which counts in no token of another issuer.

    Raises:
        BadToken: it names nobody where it names somebody.
    """
    said = otherwise.get("actors") if isinstance(otherwise, dict) else None
    if not isinstance(said, list):
        return actors
    known = {
        Identity(*read.several(one, "iss", "sub")): read.names(one, "names")
        for one in said
        if isinstance(one, dict)
    }
    return tuple([msgspec.structs.replace(one, names=known.get(one.identity, ())) for one in actors])


def may_act_of(claims: Mapping[str, Json]) -> MayAct | None:
    """Return ``may_act``, its identity members only, or None when it is absent.

    Raises:
        BadToken: it is not an object of names, or has no identity member at all.
    """
    if "may_act" not in claims:
        return None
    value = claims["may_act"]
    if not isinstance(value, dict):
        raise BadToken("may_act is not an object")
    members = {key: read.name(value, key) for key in value if key not in _MEANINGLESS}
    if not members:
        raise BadToken("may_act names nobody")
    return MayAct(members)
