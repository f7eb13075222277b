"""Searching the log, and following a token through it (architecture.md 3 and 4).

The projection says where to look; what is returned is read from the streams, byte for byte, so that it can
be proven.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from actas.audit.kept import Index, KeptLog, LogUnreadable, Row, SearchUnavailable
from actas.audit.query import Term, read_event, read_query
from actas.audit.stream import instant
from actas.core.ports import JsonObject
from actas.store.audit_reader import line_at

MOST_KIN: Final = 1000
"""Entries of one lineage; beyond, it is cut and says so."""

_COLUMNS: Final = "e.n, e.id, e.stream, e.seq, e.at"
_LAST: Final = "\U0010ffff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An entry that was found.

    Attributes:
        at: when, as entries write instants.
        line: the entry as it is kept, byte for byte; empty when it is gone from its stream.
        event: the same, read.
    """

    id: str
    stream: str
    seq: int
    at: str
    line: bytes
    event: JsonObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Kin:
    """An entry in a lineage.

    Attributes:
        steps: how far from the entry asked for; negative for those before it.
    """

    found: Found
    steps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """Where a token came from and what came of it.

    Attributes:
        origin: the entry that gave the token asked for.
        before: the entries of its parents, nearest first.
        after: the entries of tokens made from it, nearest first.
        cut: whether there is more than is shown.
    """

    origin: Found
    before: tuple[Kin, ...]
    after: tuple[Kin, ...]
    cut: bool


def search(
    log: KeptLog,
    query: str,
    *,
    since: float | None = None,
    until: float | None = None,
    limit: int = 100,
) -> tuple[Found, ...]:
    """Return the entries that match, newest first.

    Args:
        query: see ``audit.query``.
        since: seconds since the epoch, inclusive.
        until: seconds since the epoch, exclusive.

    Raises:
        BadQuery: the query cannot be read.
        SearchUnavailable: the projection cannot be used.
    """
    conditions, values = _conditions(read_query(query), since=since, until=until)
    sql = f"SELECT {_COLUMNS} FROM search_entries e{conditions} ORDER BY e.at DESC, e.n DESC LIMIT ?"  # noqa: S608 - only our own text, values are bound
    with log.held(), log.index() as index:
        rows = index.select(sql, [*values, max(0, limit)])
        shelf = _Shelf(log)
        return tuple(shelf.find(row) for row in rows)


def show(log: KeptLog, entry: str) -> Found | None:
    """Return the entry with this id, or None.

    Raises:
        SearchUnavailable: the projection cannot be used.
    """
    sql = f"SELECT {_COLUMNS} FROM search_entries e WHERE e.id = ? ORDER BY e.n LIMIT 1"  # noqa: S608 - as above
    with log.held(), log.index() as index:
        rows = index.select(sql, [entry])
        return _Shelf(log).find(rows[0]) if rows else None


def lineage(log: KeptLog, name: str) -> Lineage | None:
    """Follow a token up to where it came from and down to what came of it.

    Tokens are followed by their keyed digests: an issuer may give a token of his own any ``jti``, ours too.

    Args:
        name: the id of the entry that gave it, its ``jti``, or its keyed digest.

    Returns:
        None when no entry gave such a token.

    Raises:
        SearchUnavailable: the projection cannot be used.
    """
    sql = (
        f"SELECT DISTINCT {_COLUMNS} FROM search_entries e "  # noqa: S608 - as above
        "LEFT JOIN search_tokens t ON t.n = e.n AND t.role = 'given' "
        "WHERE e.id = ? OR t.jti = ? OR t.digest = ? ORDER BY e.n LIMIT 1"
    )
    with log.held(), log.index() as index:
        rows = index.select(sql, [name, name, name])
        if not rows:
            return None
        before, cut_before = _kin(index, rows[0], own="parent", theirs="given", step=-1)
        after, cut_after = _kin(index, rows[0], own="given", theirs="parent", step=1)
        shelf = _Shelf(log)
        return Lineage(
            origin=shelf.find(rows[0]),
            before=tuple(Kin(found=shelf.find(row), steps=steps) for row, steps in before),
            after=tuple(Kin(found=shelf.find(row), steps=steps) for row, steps in after),
            cut=cut_before or cut_after,
        )


def _conditions(terms: Sequence[Term], *, since: float | None, until: float | None) -> tuple[str, list[str]]:
    parts: list[str] = []
    values: list[str] = []
    for term in terms:
        fields = ", ".join("?" for _ in term.fields)
        compare = "value >= ? AND value < ?" if term.prefix else "value = ?"
        parts.append(f"e.n IN (SELECT n FROM search_terms WHERE field IN ({fields}) AND {compare})")  # noqa: S608 - only marks
        values += term.fields
        values += [term.value, term.value + _LAST] if term.prefix else [term.value]
    for compare, bound in ((">=", since), ("<", until)):
        if bound is not None:
            parts.append(f"e.at {compare} ?")
            values.append(instant(bound))
    return (" WHERE " + " AND ".join(parts) if parts else ""), values


def _kin(index: Index, start: Row, *, own: str, theirs: str, step: int) -> tuple[list[tuple[Row, int]], bool]:
    """Walk from ``start`` in one direction, breadth first; each entry once, with its steps."""
    sql = (
        f"SELECT DISTINCT {_COLUMNS} FROM search_tokens mine JOIN search_tokens other ON other.role = ? "  # noqa: S608 - as above
        "AND ((mine.digest <> '' AND other.digest = mine.digest) "
        "OR ((mine.digest = '' OR other.digest = '') AND mine.jti <> '' AND other.jti = mine.jti)) "
        "JOIN search_entries e ON e.n = other.n WHERE mine.n = ? AND mine.role = ? ORDER BY e.n"
    )
    seen = {number(start[0])}
    kin: list[tuple[Row, int]] = []
    edge, steps = [number(start[0])], step
    while edge:
        reached: list[int] = []
        for n in edge:
            for row in index.select(sql, (theirs, n, own)):
                if number(row[0]) in seen:
                    continue
                if len(kin) >= MOST_KIN:
                    return kin, True
                seen.add(number(row[0]))
                reached.append(number(row[0]))
                kin.append((row, steps))
        edge, steps = reached, steps + step
    return kin, False


class _Shelf:
    """Reads entries from their streams. One that is gone from there is returned empty."""

    def __init__(self, log: KeptLog) -> None:
        self._log = log

    def find(self, row: Row) -> Found:
        _, entry, name, seq, at = row
        stream = text(name)
        try:
            line = line_at(self._log, stream, number(seq)) or b""
        except LogUnreadable as problem:
            raise SearchUnavailable(f"stream {stream} cannot be read: {problem}") from problem
        return Found(
            id=text(entry),
            stream=stream,
            seq=number(seq),
            at=text(at),
            line=line,
            event=read_event(line) or {},
        )


def number(value: object) -> int:
    """Return an integer column.

    Raises:
        SearchUnavailable: the column holds something else.
    """
    if isinstance(value, int):
        return value
    raise SearchUnavailable(f"an integer was expected in the index, not {type(value).__name__}")


def text(value: object) -> str:
    """Return a text column.

    Raises:
        SearchUnavailable: the column holds something else.
    """
    if isinstance(value, str):
        return value
    raise SearchUnavailable(f"text was expected in the index, not {type(value).__name__}")
