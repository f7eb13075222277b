"""An entry as formats see it: its place, its members, and who is who in it. Pure.

A line that is no entry (somebody wrote into the file) is not skipped: it becomes an entry that says so, at
its place, because whoever counts must see no gap and whoever reads must see the damage.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

import msgspec

from actas.core.ports import Json, JsonObject

SEALED: Final = "log:sealed"
"""What a checkpoint is called outside. It is no entry: it stands beside the streams."""

DAMAGED: Final = "log:damaged"
"""What a line that cannot be read is called outside."""

CHECKPOINTS: Final = "checkpoints"
"""The stream that checkpoints are delivered in; a checkpoint's number is its number there."""

_STEERING: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""What a terminal, an editor or a spreadsheet may obey: control characters, line and direction marks."""

_IMPERSONATIONS: Final = ("impersonation", "administrative_impersonation")
_NOBODY_SIGNED_IN: Final = "bad_client_auth"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Which server an entry is of.

    Attributes:
        issuer: its issuer identifier.
        version: of the program.
    """

    issuer: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of the log, or one checkpoint.

    Attributes:
        line: as it is kept; one line without its end.
        at: when it was made, as entries write instants; empty when it does not say.
        members: the object that the line holds.
    """

    line: bytes
    stream: str
    seq: int
    id: str
    at: str
    event: str
    members: JsonObject


@dataclass(frozen=True, slots=True)
class Who:
    """A party of an entry.

    Attributes:
        id: its name at its issuer.
        issuer: who knows it by that name; empty for clients, whom we know ourselves.
        kind: person, service, agent, app; empty when it is not known.
    """

    id: str
    issuer: str
    kind: str


def read_entry(line: bytes, *, stream: str, seq: int) -> Entry:
    """Return the entry of a line.

    Args:
        stream: where the line is kept, whatever it says.
        seq: the number that it is kept under.
    """
    try:
        found: Json = msgspec.json.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = None
    if not isinstance(found, dict) or b"\n" in line or b"\r" in line:
        found = {"v": 1, "stream": stream, "seq": seq, "event": DAMAGED}
        line = msgspec.json.encode(found)
    return Entry(
        line=line,
        stream=stream,
        seq=seq,
        id=text(found.get("id")) or f"{stream}-{seq}",
        at=text(found.get("at")),
        event=text(found.get("event")) or DAMAGED,
        members=found,
    )


def checkpoint_entry(line: bytes, *, number: int, at: str) -> Entry:
    """Return a checkpoint in the form of an entry.

    Args:
        line: the line by which files keep it, without its end (``audit.checkpoint``).
    """
    found: Json = msgspec.json.decode(line)
    members = found if isinstance(found, dict) else {}
    return Entry(
        line=line,
        stream=CHECKPOINTS,
        seq=number,
        id=f"{CHECKPOINTS}-{number}",
        at=at,
        event=SEALED,
        members={**members, "number": number, "at": at},
    )


def client(entry: Entry) -> Who | None:
    """Return the client that asked, once it has authenticated, or the app that people were at."""
    name = text(member(entry, "client", "name")) or text(member(entry, "by", "client"))
    name = name or text(entry.members.get("client"))
    return Who(name, "", text(member(entry, "client", "kind"))) if name else None


def chain(entry: Entry) -> tuple[Who, ...]:
    """Return the subject, then every actor, the current one last; nothing before the policy was asked."""
    found = entry.members.get("chain")
    return tuple(_who(one) for one in found if isinstance(one, dict)) if isinstance(found, list) else ()


def subject(entry: Entry) -> Who | None:
    """Return whom the token speaks about."""
    found = entry.members.get("subject")
    if isinstance(found, dict):
        return _who(found)
    known = chain(entry)
    return known[0] if known else None


def current(entry: Entry) -> Who | None:
    """Return who acts now: the last actor of the chain, the client itself, or who gave a command."""
    known = chain(entry)
    if len(known) > 1:
        return known[-1]
    found = entry.members.get("actor")
    if isinstance(found, dict):
        return _who(found)
    operator = text(member(entry, "operator"))
    return Who(operator, "", "") if operator else client(entry)


def everybody(entry: Entry) -> tuple[str, ...]:
    """Return the names of all who are in it, each once, the subject first."""
    who = (subject(entry), *chain(entry), current(entry), client(entry))
    return tuple(dict.fromkeys(one.id for one in who if one is not None and one.id))


def is_impersonation(entry: Entry) -> bool:
    """Whether a token by which somebody acts as the subject was given or asked for."""
    return entry.members.get("kind") in _IMPERSONATIONS


def nobody_signed_in(entry: Entry) -> bool:
    """Whether it was refused because the client could not be authenticated."""
    return entry.members.get("reason") == _NOBODY_SIGNED_IN


def source(entry: Entry) -> IPv4Address | IPv6Address | None:
    """Return the address that a request came from; None when there is none, or not a single one."""
    try:
        return ip_address(text(member(entry, "source")) or text(member(entry, "by", "source")))
    except ValueError:
        return None


def unplaced(entry: Entry, *placed: str) -> JsonObject:
    """Return what a format has no field for: the chain as a list of objects, and the rest of the entry.

    Args:
        placed: further members that it has a field for.
    """
    taken = {"id", "at", "event", "stream", "seq", "chain", "source", "reason", "detail", *placed}
    links: list[Json] = [{"id": one.id, "issuer": one.issuer, "kind": one.kind} for one in chain(entry)]
    rest: JsonObject = {name: value for name, value in entry.members.items() if name not in taken}
    return {**without_empty(chain=links), **rest, "stream": entry.stream, "seq": entry.seq}


def text(value: Json) -> str:
    """Return a text, or the empty one for anything else."""
    return value if isinstance(value, str) else ""


def one_line(said: str) -> str:
    """Return a text with a space for each character that could steer whatever shows it."""
    return _STEERING.sub(" ", said)


def words(value: Json) -> list[str]:
    """Return the texts of a list, or nothing."""
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def member(entry: Entry, *path: str) -> Json:
    """Return the member at a path, or None."""
    found: Json = entry.members
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def millis(at: str) -> int:
    """Return an instant of the log in milliseconds since the epoch; 0 for one that cannot be read."""
    try:
        when = datetime.fromisoformat(at)
    except ValueError:
        return 0
    return round(when.replace(tzinfo=when.tzinfo or UTC).timestamp() * 1000)


def without_empty(**members: Json) -> JsonObject:
    """Return the members that say something."""
    return dict(_saying(members))


def _saying(members: JsonObject) -> Iterator[tuple[str, Json]]:
    for name, value in members.items():
        if value is not None and value not in ("", [], {}):
            yield name, value


def _who(found: JsonObject) -> Who:
    return Who(text(found.get("sub")), text(found.get("iss")), text(found.get("kind")))
