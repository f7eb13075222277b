r"""ArcSight Common Event Format, version 0: one line of text.

A header of seven fields between bars, then ``key=value`` pairs. In the header ``\`` and ``|`` are escaped; in
a value ``\``, ``=`` and line ends are. A header field is one line by the format's own rule, so a line end in
one becomes a space. Every other control character becomes a space too: what reads these lines may be a
terminal.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import Final
from urllib.parse import urlsplit

from actas.audit.formats.entry import (
    Entry,
    Origin,
    chain,
    client,
    current,
    member,
    millis,
    one_line,
    source,
    subject,
    text,
    words,
)
from actas.audit.formats.meaning import failed, said, severity

_VENDOR: Final = "Actas"
_LONGEST: Final = 1023
"""Characters of a value that the format's dictionary allows for names and custom strings."""


def document(entry: Entry, origin: Origin) -> bytes:
    """Return the line that an entry is, without its end."""
    header = (
        _VENDOR,
        _VENDOR,
        origin.version,
        entry.event.replace(":", "."),
        said(entry),
        str(severity(entry)),
    )
    fields = "|".join(_header(one) for one in header)
    extension = " ".join(f"{key}={_value(value)}" for key, value in _pairs(entry, origin) if value)
    return f"CEF:0|{fields}|{extension}".encode("utf-8", "replace")


def _pairs(entry: Entry, origin: Origin) -> Iterator[tuple[str, str]]:
    actor, about, asking = current(entry), subject(entry), client(entry)
    came_from = source(entry)
    yield "rt", str(millis(entry.at) or "")
    yield "externalId", entry.id
    yield "dvchost", urlsplit(origin.issuer).hostname or ""
    yield "outcome", "failure" if failed(entry) else "success"
    yield "act", text(member(entry, "kind"))
    yield "reason", text(member(entry, "reason"))
    if isinstance(came_from, IPv4Address):
        yield "src", str(came_from)
    elif came_from is not None:
        yield "c6a2Label", "Source IPv6 Address"
        yield "c6a2", str(came_from)
    yield "suser", "" if actor is None else actor.id
    yield "duser", "" if about is None else about.id
    yield "requestClientApplication", "" if asking is None else asking.id
    yield "destinationServiceName", ", ".join(words(member(entry, "apis")))
    yield "dhost", urlsplit(text(member(entry, "abroad", "issuer"))).hostname or ""
    yield "cnt", str(member(entry, "counted") or "")
    yield "msg", text(member(entry, "detail"))
    yield from _custom(entry)


def _custom(entry: Entry) -> Iterator[tuple[str, str]]:
    custom = (
        ("cs1", "chain", " > ".join(one.id for one in chain(entry))),
        ("cs2", "rule", ", ".join(words(member(entry, "rules")))),
        ("cs3", "scope", text(member(entry, "given", "scope")) or text(member(entry, "asked", "scope"))),
        ("cs4", "token", text(member(entry, "given", "jti")) or text(member(entry, "kid"))),
        ("cs5", "policy", text(member(entry, "policy"))),
        ("cs6", "stream", entry.stream),
        ("cn1", "seq", str(entry.seq)),
    )
    for key, label, value in custom:
        if value:
            yield f"{key}Label", label
            yield key, value


def _header(value: str) -> str:
    return one_line(value).replace("\\", "\\\\").replace("|", "\\|")


def _value(value: str) -> str:
    escaped = value[:_LONGEST].replace("\\", "\\\\").replace("=", "\\=")
    # Line ends have a way of being written; of what else could steer a terminal nothing is left.
    return one_line(escaped.replace("\n", "\\n").replace("\r", "\\r"))
