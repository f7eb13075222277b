"""A stream of the audit log: what writes one, and how entries are named and dated.

Every worker process owns one stream, so that writers never wait for each other (architecture.md 4). This
module holds the words shared by whoever makes entries and whoever keeps them. What is inside an entry is
``audit.event``'s; the link between entries is ``audit.chain``'s; files and threads are the store's.
"""

from __future__ import annotations

import base64
import time
from functools import lru_cache
from typing import Final, Protocol

import msgspec

from actas.core.ports import Chance

LARGEST_BODY: Final = 262_144
"""Bytes. The encoder caps every text far below; this bound is what the writer trusts."""

_DIGITS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS: Final = tuple(high + low for high in _DIGITS for low in _DIGITS)
_SHIFTS: Final = tuple(range(120, -10, -10))


class Receipt(msgspec.Struct, frozen=True):
    """Proof that an entry is durable.

    Attributes:
        stream: the stream it is in.
        seq: its number in that stream, from 1.
    """

    stream: str
    seq: int


class AuditWriter(Protocol):
    """Writes one stream. No record, no token (REL-01)."""

    async def append(self, body: bytes) -> Receipt:
        """Write one entry and return when it is durable.

        Args:
            body: one JSON object on one line, starting with its first member; the writer puts the link
                in front (``audit.chain``).

        Raises:
            AuditUnavailable: the entry is not known to be written; nothing may be issued (REL-02).
            ValueError: the body is not one line that holds one object: a defect of ours.
        """
        ...

    def delivered(self, receipt: Receipt) -> None:
        """Note that the answer recorded by that entry was handed to the transport (REL-03)."""
        ...


def new_entry_id(now: float, chance: Chance) -> str:
    """Return a new entry id: ``x_`` and a ULID, so that ids sort by time.

    Args:
        now: seconds since the epoch.
    """
    text = chance.token(10)
    rest = int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")
    number = (int(now * 1000) << 80) | (rest & 0xFFFF_FFFF_FFFF_FFFF_FFFF)
    return "x_" + "".join([_PAIRS[(number >> shift) & 0x3FF] for shift in _SHIFTS])


def instant(at: float) -> str:
    """Return ``at``, seconds since the epoch, as entries write it: ``2026-11-25T15:42:00.123Z``.

    Every instant of the log has this one width, so that instants compare as text.
    """
    seconds, millis = divmod(int(at * 1000), 1000)
    return f"{_second(seconds)}.{millis:03d}Z"


@lru_cache(maxsize=8)
def _second(seconds: int) -> str:
    """The part that thousands of entries share."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
