"""What the audit log says of a change of the configuration: who, and every object before and after.

Documents hold no secret, so they are written as they are; of secrets only their number is told. One entry has
a bounded size, so a change of many objects is several entries, each with the number of the generation.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from actas.admin.objects import Change, Kept, Origin
from actas.core.administrators import Role, covers
from actas.core.party import Party
from actas.core.ports import Json, JsonObject

LARGEST_DOCUMENT: Final = 32 * 1024
"""Bytes of a document that is written out; of a larger one the digest is."""

LARGEST_PART: Final = 96 * 1024
"""Bytes of changes in one entry, roughly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who changes the configuration.

    Attributes:
        via: the server's own files, files that were applied, or the API.
        client: who asked; None for the server's own files. Of a person, the app that they ask with.
        person: the subject of the person who asked; None for a client that speaks for itself.
        role: what they were let in as.
        held: the role that they hold now; their token may be for a lower one.
        token: the ``jti`` of its token.
        source: the peer's address.
        party: the person as their token says it; None for a client that speaks for itself.
    """

    via: Origin
    client: str | None = None
    person: str | None = None
    role: Role | None = None
    token: str | None = None
    source: str | None = None
    party: Party | None = field(default=None, repr=False, compare=False)
    held: Role | None = field(default=None, repr=False, compare=False)

    @property
    def called(self) -> str:
        """Who it is, for people to read."""
        if self.person is None:
            return self.client or "the server's own files"
        return f"{self.person} with {self.client}"

    def mended(self, wanted: Role) -> str:
        """Return what a refusal adds where their token alone is too small; empty where they are."""
        return (
            ": a role given since, or not asked for: actas login again" if covers(self.held, wanted) else ""
        )

    def told(self) -> JsonObject:
        """Return what an entry says of it."""
        who = {
            "person": self.person,
            "client": self.client,
            "role": self.role,
            "token": self.token,
            "source": self.source,
        }
        return {"via": self.via, **{name: value for name, value in who.items() if value is not None}}


FILES: Final = Author(via="server")
"""The files that the server reads."""


def parts_of(changes: Sequence[Change]) -> Iterator[JsonObject]:
    """Yield the members of each entry: its ``changes``, and in the first how many objects only ``moved``."""
    told = [one for one in changes if one.what != "moved"]
    moved = len(changes) - len(told)
    part: list[Json] = []
    size = 0
    first = True
    for one in told:
        document = _change(one)
        length = len(msgspec.json.encode(document))
        if part and size + length > LARGEST_PART:
            yield _part(part, moved if first else 0)
            part, size, first = [], 0, False
        part.append(document)
        size += length
    if part or first:
        yield _part(part, moved if first else 0)


def _part(changes: list[Json], moved: int) -> JsonObject:
    return {"changes": changes, "moved": moved} if moved else {"changes": changes}


def _change(change: Change) -> JsonObject:
    kind, name = change.key
    told: JsonObject = {"kind": kind, "name": name, "what": change.what, "version": change.after.version}
    if change.before is not None and change.before.exists:
        told["before"] = _object(change.before)
    if change.after.exists:
        told["after"] = _object(change.after)
    return told


def _object(kept: Kept) -> JsonObject:
    told: JsonObject = {"kept_by": kept.keeper, "disabled": kept.disabled, "document": _document(kept)}
    if kept.place:
        told["place"] = kept.place
    if kept.digests:
        told["secrets"] = len(kept.digests)
    return told


def _document(kept: Kept) -> Json:
    data = kept.document.encode()
    if len(data) <= LARGEST_DOCUMENT:
        return kept.body
    return {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
