"""CSV (RFC 4180) for auditors: what an entry says, in columns, under a header that says what was asked.

A spreadsheet takes a cell that begins with ``=``, ``+``, ``-`` or ``@`` for a formula, and entries hold what
callers wrote; such a cell gets an apostrophe in front, which spreadsheets take for "this is text". A row is
one line: control characters become spaces.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from actas.audit.formats.entry import (
    Entry,
    Origin,
    Who,
    chain,
    client,
    current,
    member,
    one_line,
    subject,
    text,
    words,
)

COLUMNS: Final[tuple[tuple[str, Callable[[Entry], str]], ...]] = (
    ("at", lambda entry: entry.at),
    ("stream", lambda entry: entry.stream),
    ("seq", lambda entry: str(entry.seq)),
    ("id", lambda entry: entry.id),
    ("event", lambda entry: entry.event),
    ("outcome", lambda entry: text(member(entry, "outcome"))),
    ("reason", lambda entry: text(member(entry, "reason"))),
    ("client", lambda entry: _named(client(entry))),
    ("actor", lambda entry: _named(current(entry))),
    ("subject", lambda entry: _named(subject(entry))),
    ("chain", lambda entry: " > ".join(one.id for one in chain(entry))),
    ("kind", lambda entry: text(member(entry, "kind"))),
    ("apis", lambda entry: " ".join(words(member(entry, "apis")))),
    ("asked", lambda entry: text(member(entry, "asked", "scope"))),
    ("given", lambda entry: text(member(entry, "given", "scope"))),
    ("rules", lambda entry: " ".join(words(member(entry, "rules")))),
    ("policy", lambda entry: text(member(entry, "policy"))),
    ("token", lambda entry: text(member(entry, "given", "jti"))),
    ("source", lambda entry: text(member(entry, "source"))),
    ("detail", lambda entry: text(member(entry, "detail"))),
    ("connection", lambda entry: text(member(entry, "abroad", "connection"))),
    ("server", lambda entry: text(member(entry, "abroad", "issuer"))),
)
"""The columns, with what stands in each."""

_FORMULA: Final = ("=", "+", "-", "@")


def document(entry: Entry, origin: Origin) -> bytes:
    """Return the row that an entry is, without its end."""
    del origin
    return _row([column(entry) for _, column in COLUMNS])


def header(about: Iterable[tuple[str, str]]) -> tuple[bytes, ...]:
    """Return the rows above the entries.

    Args:
        about: what to say of the export, each with its name: the query, the range, the checkpoint.
    """
    said = tuple(_row([f"# {name}", value]) for name, value in about)
    return (*said, _row([name for name, _ in COLUMNS]))


def _row(cells: Sequence[str]) -> bytes:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerow([_harmless(one) for one in cells])
    return written.getvalue().rstrip("\n").encode("utf-8", "replace")


def _harmless(cell: str) -> str:
    one = one_line(cell)
    return f"'{one}" if one.lstrip().startswith(_FORMULA) else one


def _named(who: Who | None) -> str:
    return "" if who is None else who.id
