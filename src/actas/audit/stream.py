"""A stream of the audit log: what writes one, and how entries are named and dated.

Every worker process owns one stream, so that writers never wait for each other (architecture.md 4). This
module holds the words shared by whoever makes entries and whoever keeps them. What is inside an entry is
``audit.event``'s; the link between entries is ``audit.chain``'s; files and threads are the store's.
"""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Final, Protocol

import msgspec

from actas.core.ports import Chance

LARGEST_BODY: Final = 262_144
"""Bytes. The encoder caps every text far below; this bound is what the writer trusts."""

_DIGITS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS: Final = tuple(high + low for high in _DIGITS for low in _DIGITS)
# Any 64 characters onto the 32 digits, two onto each, so that random ones stay random.
_ANY_DIGIT: Final = bytes.maketrans(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", _DIGITS.encode("ascii") * 2
)


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
    chosen = chance.token(12).encode("ascii").translate(_ANY_DIGIT)
    millis = int(now * 1000)
    early, middle, late = _early(millis >> 15), _DIGITS[(millis >> 10) & 31], _PAIRS[millis & 1023]
    return f"x_{early}{middle}{late}{chosen.decode('ascii')}"


@lru_cache(maxsize=8)
def _early(half_minutes: int) -> str:
    """The first seven digits of a ULID, which entries of half a minute share."""
    return "".join(_DIGITS[(half_minutes >> shift) & 31] for shift in range(30, -5, -5))


def instant(at: float) -> str:
    """Return ``at``, seconds since the epoch, as entries write it: ``2026-11-25T15:42:00.123Z``.

    Every instant of the log has this one width, so that instants compare as text.
    """
    seconds, millis = divmod(int(at * 1000), 1000)
    return f"{_second(seconds)}.{millis:03d}Z"


def made_at(line: bytes) -> str:
    """Return when an entry was made, as it says; a damaged one was made never."""
    try:
        return msgspec.json.decode(line, type=_When).at
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""


class _When(msgspec.Struct):
    at: str = ""


@lru_cache(maxsize=8)
def _second(seconds: int) -> str:
    """The part that thousands of entries share."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
