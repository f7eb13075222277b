"""What views are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

StationKind = Literal["person", "agent", "app", "provider", "api"]
Segment = Literal["thick", "thin", "dashed", "pending"]


@dataclass(frozen=True, slots=True)
class Station:
    """A party on a line.

    Attributes:
        kind: settles its mark.
        name: of the party.
        word: what it is, in a word or two.
        onward: how the line goes on from here: thick for everything or several scopes, thin for one scope,
            dashed for impersonation, pending for what has not happened yet.
        hollow: whether the party is not known yet.
    """

    kind: StationKind
    name: str
    word: str
    onward: Segment = "thick"
    hollow: bool = False


@dataclass(frozen=True, slots=True)
class App:
    """An app, as people are told about it.

    Attributes:
        name: what it calls itself.
        host: of the address by which it is known, where its identifier is one (OP-129); else None.
        kind: an agent acts by itself.
    """

    name: str
    host: str | None = None
    kind: Literal["app", "agent"] = "app"

    def station(self, onward: Segment = "thick") -> Station:
        """Return where it stands on a line."""
        word = "agent" if self.kind == "agent" else "app"
        return Station(self.kind, self.name, f"{word} at {self.host}" if self.host else word, onward)


@dataclass(frozen=True, slots=True)
class ScopeLine:
    """One thing that an app may do.

    Attributes:
        name: of the scope.
        sentence: what it allows, as a sentence without its end: "Read your orders".
        api: the name of the API where; None for what says who somebody is.
    """

    name: str
    sentence: str
    api: str | None = None


@dataclass(frozen=True, slots=True)
class ProviderButton:
    """Another place where people sign in.

    Attributes:
        path: where its button leads.
        name: as people know it.
    """

    path: str
    name: str


def apis_of(scopes: Sequence[ScopeLine]) -> Station | None:
    """Return the end of a line: the APIs that scopes are for, or None where there are none."""
    names = list(dict.fromkeys(one.api for one in scopes if one.api is not None))
    if not names:
        return None
    if len(names) == 1:
        return Station("api", names[0], "API")
    return Station("api", f"{names[0]} and {len(names) - 1} more", "APIs")


def strength(scopes: Sequence[ScopeLine]) -> Segment:
    """Return how thick a segment is: one scope is thin, and more are thick."""
    return "thin" if len(scopes) == 1 else "thick"
