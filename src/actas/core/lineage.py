"""What a token comes from, carried in the token itself, so that what is revoked ends everything made from it.

Whatever can be revoked has a **mark**: a token, or a party (the subject, an actor, the client that asked). A
token carries its own mark and every mark of what it was made from, in the claim ``lineage``. A node that has
heard of a revocation therefore knows all it ends, whoever minted it and when: also what another node was
minting while the revocation was written. Nothing has to be looked up and no descendant has to be found.

The claim is one text, the way ``scope`` is one: when the oldest ancestor was issued, then the marks,
separated by spaces. Every token is read twice and written once on the way, and a list of texts costs more
than one text.

Marks are opaque: keyed, so that who receives a token learns no name from them (``keys.ring``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, Protocol

import msgspec

from actas.core import claims as read
from actas.core.errors import BadToken
from actas.core.ports import Json
from actas.core.records import Record

CLAIM: Final = "lineage"
MARK_LENGTH: Final = 12
"""Characters of a mark: 72 bits."""

MOST_MARKS: Final = 64
"""Marks that a token may carry: ten hops name far fewer, and a loop without actors ends here."""

EVERYTHING: Final = "everything__"
"""The mark of all there is: revoked when a backup is restored, for nobody knows what was revoked since it was
made. As long as any other, so that whoever follows what is revoked can read it."""

_TEXT: Final = re.compile(rf"[0-9]{{9,10}}(?: [A-Za-z0-9_-]{{{MARK_LENGTH}}}){{1,{MOST_MARKS}}}", re.ASCII)

LATER: Final = 4_102_444_800
"""Seconds since the epoch: 2100, later than any time that a token may name (``core.claims``)."""


class Lineage(msgspec.Struct, frozen=True):
    """What a token comes from.

    Attributes:
        marks: of everything that would end it when it is revoked; each once.
        since: when the oldest token that it comes from was issued, seconds since the epoch.
    """

    marks: tuple[str, ...] = ()
    since: int = LATER

    def claim(self) -> str:
        """Return the value of the claim."""
        return f"{self.since} {' '.join(self.marks)}"


class Revoked(msgspec.Struct, frozen=True):
    """One thing that was revoked.

    Attributes:
        mark: of what.
        up_to: tokens are dead whose lineage began at or before this, seconds since the epoch. A token is
            revoked for good; a party may come back with what it is given later.
        until: after this nothing that it ends can still be live, seconds since the epoch.
        entry: the audit entry that says who did it and why.
    """

    mark: str
    up_to: int
    until: int
    entry: str


class Revocations(Protocol):
    """Knows what was revoked. Answers from memory."""

    def against(self, lineage: Lineage) -> Revoked | None:
        """Return what ends a token of this lineage, or None."""
        ...


class Revoking(Protocol):
    """Revokes."""

    async def add(self, revoked: Iterable[Revoked], *, record: Record | None = None) -> None:
        """Revoke, durably, and know it here at once.

        Args:
            record: the audit entry of it, kept with it or not at all (REL-01).

        Raises:
            StoreUnavailable: it could not be written.
        """
        ...

    async def written(self, entry: str) -> None:
        """Note that the audit entry of something that was revoked stands in a stream.

        Raises:
            StoreUnavailable: it could not be noted; it may be written once more.
        """
        ...


class Ending(Revocations, Revoking, Protocol):
    """Knows what was revoked, and revokes."""


class Marking(Protocol):
    """Makes marks."""

    def mark(self, kind: str, *names: str) -> str:
        """Return the mark of one thing.

        Args:
            kind: ``token`` or ``party``.
            names: what it is called, in parts that never run into each other.
        """
        ...


def lineage_of(claims: Mapping[str, Json]) -> Lineage:
    """Return the lineage that a token of ours carries.

    Raises:
        BadToken: it carries none.
    """
    value = claims.get(CLAIM)
    if not isinstance(value, str) or _TEXT.fullmatch(value) is None:
        raise BadToken(f"the claim lineage is missing, or is not a time and 1 to {MOST_MARKS} marks")
    since, *marks = value.split(" ")
    return Lineage(tuple(marks), read.instant({"since": int(since)}, "since"))


def joined(*lineages: Lineage, since: int) -> Lineage:
    """Return the lineage of what is made from all of these.

    Args:
        since: when it is made, seconds since the epoch; counts when nothing is older.
    """
    marks: list[str] = []
    for one in lineages:
        marks += one.marks
        since = min(since, one.since)
    return Lineage(tuple(dict.fromkeys(marks)), since)
