"""The link between entries: pure, and small enough to be checked by eye.

A line of the log is ``{"v":1,"stream":"s1","seq":7,"prev":"<64 hex digits>",`` and the rest of the object.
``prev`` is the SHA-256 of the line before it in the same stream, over the very bytes that are stored, so a
verifier needs no canonical form. The first line's ``prev`` is 64 zeros. The members of the link come first
and in this order, so they are read by position: a second ``seq`` further on cannot be taken for the link.
Whether a chain is the right one is for checkpoints to say (``audit.checkpoint``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import msgspec

from actas.audit.stream import LARGEST_BODY

GENESIS: Final = "0" * 64
"""What the first entry of a stream is written after."""

_LINK: Final = re.compile(
    rb'\{"v":1,"stream":"([a-z][a-z0-9_-]{0,31})","seq":([1-9][0-9]{0,17}),"prev":"([0-9a-f]{64})",".+\}',
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a stream, or of its part up to ``seq``.

    Attributes:
        seq: number of the last entry; 0 for a stream without entries.
        hash: SHA-256 of that entry's line, in hexadecimal.
    """

    seq: int
    hash: str


EMPTY: Final = Head(0, GENESIS)
"""The head of a stream that has no entry yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a line says about its place.

    Attributes:
        at: when the entry was made, as it says; empty when it does not.
    """

    stream: str
    seq: int
    prev: str
    at: str


class NotAnEntry(ValueError):
    """A line that is not a JSON object starting with a link."""


class _Dated(msgspec.Struct):
    """Reads any object and keeps of it only when it was made."""

    at: Any = None


class BrokenChain(Exception):
    """A line that does not follow from the one before.

    Attributes:
        seq: number of the first entry that cannot be trusted.
        sentence: what is wrong, for administrators.
    """

    def __init__(self, seq: int, sentence: str) -> None:
        super().__init__(sentence)
        self.seq = seq
        self.sentence = sentence


def check_body(body: bytes) -> None:
    """Refuse a body that would not make one well-formed line.

    Raises:
        ValueError: naming what is wrong.
    """
    if not (body.startswith(b'{"') and body.endswith(b"}")):
        raise ValueError("an audit body is one JSON object with at least one member")
    if b"\n" in body:
        raise ValueError("an audit body is one line")
    if len(body) > LARGEST_BODY:
        raise ValueError(f"an audit body has at most {LARGEST_BODY} bytes, not {len(body)}")


def extend(bodies: Iterable[bytes], *, stream: str, head: Head) -> tuple[tuple[bytes, ...], Head]:
    """Return the lines that put ``bodies`` after ``head``, and the head they lead to.

    One call per batch: this is the hot path (architecture.md 3).
    """
    prefix = b'{"v":1,"stream":"%b","seq":' % stream.encode("ascii")
    seq, prev = head.seq, head.hash.encode("ascii")
    lines: list[bytes] = []
    for body in bodies:
        seq += 1
        line = b'%b%d,"prev":"%b",%b' % (prefix, seq, prev, body[1:])
        prev = sha256(line).hexdigest().encode("ascii")
        lines.append(line)
    return tuple(lines), Head(seq, prev.decode("ascii"))


def line_hash(line: bytes) -> str:
    """Return the hash by which the next entry, and any checkpoint, names this line."""
    return sha256(line).hexdigest()


def read_link(line: bytes) -> Link:
    """Return a line's link.

    Raises:
        NotAnEntry: the line is not a JSON object that starts with one.
    """
    match = _LINK.fullmatch(line)
    if match is None:
        raise NotAnEntry("not a line of the audit log")
    try:
        at = msgspec.json.decode(line, type=_Dated).at
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise NotAnEntry(f"not JSON: {problem}") from None
    stream, seq, prev = match.groups()
    return Link(
        stream=stream.decode("ascii"),
        seq=int(seq),
        prev=prev.decode("ascii"),
        at=at if isinstance(at, str) else "",
    )


def follow(rows: Iterable[tuple[int, bytes]], *, stream: str, head: Head) -> Head:
    """Follow ``rows`` from ``head`` and return the head they lead to.

    For a process that takes up a stream: the first fault is enough. ``audit.verify`` tells people what
    happened.

    Args:
        rows: the row number of each line and the line, as kept.

    Raises:
        BrokenChain: at the first line that does not follow.
    """
    for number, line in rows:
        expected = head.seq + 1
        try:
            link = read_link(line)
        except NotAnEntry:
            raise BrokenChain(expected, f"entry {expected} of {stream} is damaged") from None
        if link.stream != stream:
            raise BrokenChain(expected, f"entry {expected} of {stream} belongs to stream {link.stream}")
        if link.seq != expected or number != expected:
            raise BrokenChain(expected, f"{stream} has number {link.seq} where {expected} belongs")
        if link.prev != head.hash:
            at = max(1, head.seq)
            raise BrokenChain(
                at, f"entry {at} of {stream} is not the one that entry {expected} was written after"
            )
        head = Head(expected, line_hash(line))
    return head
