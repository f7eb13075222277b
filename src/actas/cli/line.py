"""The line: who acts for whom, drawn like a transit line. Stations are parties, segments are hops.

Pure functions over a ``Chain``. Shape carries the kind and stroke carries the manner, so that nothing is
lost without colour; each has a plain-text fallback. What a token says becomes a ``Chain`` in ``chains``;
the sentence that says the same as the drawing is in ``sentence``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Literal

from actas.cli.wording import clean, padded, short_issuer, short_name, short_target, width

Kind = Literal["person", "agent", "service", "app", "issuer", "unknown"]
"""What stands at a station. ``issuer`` is an issuer or provider elsewhere."""

Manner = Literal["delegation", "impersonation", "crossing", "vault"]
"""How a hop was made: named on both sides; hiding one side; across trust domains; out of the vault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """One party of a chain.

    Attributes:
        id: its whole name.
        current: whether it is the one who uses the token now.
        by: how the hop that arrives here was made; means nothing for the first station.
        scopes: how many scopes the token of that hop held, or None when that is not known.
    """

    kind: Kind
    id: str
    current: bool = False
    by: Manner = "delegation"
    scopes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Who acts for whom, at what.

    Attributes:
        stations: the parties, oldest first.
        targets: what the token is for: audiences, or names of APIs.
        scopes: what may be done there; what was asked for when it was refused.
        outcome: whether the last hop was made.
        by: how the hop to the target is made.
        theirs: whether the token is one of the server that stands last, and no grant that it is told by.
    """

    stations: tuple[Station, ...]
    targets: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    outcome: Literal["granted", "refused"] = "granted"
    by: Manner = "delegation"
    theirs: bool = False

    @property
    def parties(self) -> tuple[Station, ...]:
        """The stations that are somebody: issuers on the way are not."""
        return tuple(station for station in self.stations if station.kind != "issuer")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Symbols:
    marks: dict[Kind, str]
    api: str
    thick: str
    thin: str
    manners: dict[Manner, str]
    uprights: dict[Manner, str]
    stop: str


_FANCY: Final = _Symbols(
    marks={"person": "●", "agent": "⬢", "service": "■", "app": "■", "issuer": "◆", "unknown": "○"},
    api="▭",
    thick="━",
    thin="─",
    manners={"impersonation": "┄", "crossing": "═", "vault": "┈"},
    uprights={"delegation": "│", "impersonation": "┆", "crossing": "║", "vault": "┊"},
    stop="✕",
)
_PLAIN: Final = _Symbols(
    marks={
        "person": "(o)",
        "agent": "<a>",
        "service": "[s]",
        "app": "[s]",
        "issuer": "<>",
        "unknown": "(?)",
    },
    api="[ ]",
    thick="=",
    thin="-",
    manners={"impersonation": "~", "crossing": "/", "vault": "."},
    uprights={"delegation": "|", "impersonation": ":", "crossing": "/", "vault": "."},
    stop="x",
)

_NAME_COLUMNS: Final = 24
_KIND_COLUMNS: Final = 10


def names(chain: Chain) -> tuple[str, ...]:
    """Return what each station is called in a drawing: short, unless two would be called the same."""
    return _apart(
        [station.id for station in chain.stations],
        [short_issuer(one.id) if one.kind == "issuer" else short_name(one.id) for one in chain.stations],
    )


def target_names(chain: Chain) -> tuple[str, ...]:
    """Return what each target is called in a drawing: short, unless two would be called the same."""
    return _apart(chain.targets, [short_target(target) for target in chain.targets])


def _apart(whole: Iterable[str], short: list[str]) -> tuple[str, ...]:
    """Two parties must never look like one: whoever shares a short name gets the whole one."""
    pairs = list(zip(whole, short, strict=True))
    return tuple(
        clean(name) if any(other != name and brief == shown for other, shown in pairs) else brief
        for name, brief in pairs
    )


def horizontal(chain: Chain, *, ascii: bool = False) -> str:  # noqa: A002 - the word of the flag
    """Return the compact drawing: one line without a line break.

    Args:
        ascii: draws with letters and punctuation alone.
    """
    symbols = _PLAIN if ascii else _FANCY
    drawn = ""
    for number, (station, name) in enumerate(zip(chain.stations, names(chain), strict=True)):
        if number:
            # People start with all of their own, so the first segment, sign-in, is thick.
            thick = number == 1 or station.scopes is None or station.scopes > 1
            drawn += f" {_segment(symbols, station.by, thick=thick)} "
        drawn += f"{symbols.marks[station.kind]} {name}"
    return drawn + _end(chain, symbols)


def _end(chain: Chain, symbols: _Symbols) -> str:
    segment = _segment(symbols, chain.by, thick=len(chain.scopes) > 1)
    where = ", ".join(target_names(chain))
    if chain.outcome == "refused":
        return f" {segment}{symbols.stop} {where}".rstrip()
    if not where:
        return ""
    scopes = f"     {' '.join(clean(scope) for scope in chain.scopes)}" if chain.scopes else ""
    return f" {segment} {symbols.api} {where}{scopes}"


def _segment(symbols: _Symbols, manner: Manner, *, thick: bool) -> str:
    stroke = symbols.thick if thick else symbols.thin
    return 2 * symbols.manners.get(manner, stroke)


def vertical(chain: Chain, *, ascii: bool = False) -> tuple[str, ...]:  # noqa: A002 - the word of the flag
    """Return the drawing with one station a line, whole names and what each is.

    Args:
        ascii: draws with letters and punctuation alone.
    """
    symbols = _PLAIN if ascii else _FANCY
    shown = [clean(station.id) for station in chain.stations]
    where = target_names(chain)
    columns = max([_NAME_COLUMNS, *(width(name) + 2 for name in (*shown, *where))])
    row = _rows(symbols, columns)
    lines: list[str] = []
    for number, (station, name) in enumerate(zip(chain.stations, shown, strict=True)):
        if number:
            lines.append(_upright(symbols, symbols.uprights[station.by]))
        kind = padded(_KINDS[station.kind], _KIND_COLUMNS) + _note(chain, number)
        lines.append(row(symbols.marks[station.kind], name, kind))
    refused = chain.outcome == "refused"
    for number, name in enumerate(where):
        if number == 0:
            lines.append(_upright(symbols, symbols.stop if refused else symbols.uprights[chain.by]))
        lines.append(row(symbols.api, name, _may(chain)))
    return tuple(lines)


_KINDS: Final[dict[Kind, str]] = {
    "person": "person",
    "agent": "agent",
    "service": "service",
    "app": "app",
    "issuer": "issuer",
    "unknown": "party",
}


def _rows(symbols: _Symbols, columns: int) -> Callable[[str, str, str], str]:
    marks = max(width(mark) for mark in symbols.marks.values())

    def row(mark: str, name: str, rest: str) -> str:
        return f"  {padded(mark, marks)}  {padded(name, columns)}{rest}".rstrip()

    return row


def _upright(symbols: _Symbols, stroke: str) -> str:
    marks = max(width(mark) for mark in symbols.marks.values())
    return f"  {' ' * (marks // 2)}{stroke}"


def _note(chain: Chain, number: int) -> str:
    """Say what a station is to the token: its subject needs no word, history and the present do."""
    station = chain.stations[number]
    if station.kind == "issuer":
        return ""
    if station.current:
        return "acting for itself" if len(chain.parties) == 1 else "current actor"
    if number and station.by == "impersonation":
        return "not named in the token" if number == len(chain.stations) - 1 else "the only one named"
    return "earlier actor: history, not authority" if number else ""


def _may(chain: Chain) -> str:
    word = "may not" if chain.outcome == "refused" else "may"
    scopes = " ".join(clean(scope) for scope in chain.scopes)
    return f"{word} {scopes}" if scopes else ("refused" if chain.outcome == "refused" else "")
