"""Exports: the log, or a part of it, as lines by time. Memory does not grow with the log.

A part of a stream is one piece: it begins with the first entry that belongs to it and ends before the first
that comes after it, so that what is in between can be verified. A query leaves gaps.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from actas.audit.formats.entry import read_entry
from actas.audit.kept import KeptLog
from actas.audit.query import Term, matches
from actas.audit.stream import instant, made_at


class Target(Protocol):
    """Where an export goes."""

    def write(self, data: bytes, /) -> object:
        """Take the next bytes."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Which entries.

    Attributes:
        since: seconds since the epoch; each stream begins with its first entry from that instant on.
        until: seconds since the epoch; each stream ends before its first entry from that instant on.
        after: the number in each stream after which it begins.
        query: the terms that must all hold.
    """

    since: float | None = None
    until: float | None = None
    after: Mapping[str, int] = field(default_factory=dict[str, int])
    query: Sequence[Term] = ()

    @property
    def whole(self) -> bool:
        """Whether it is the whole log."""
        return self.since is None and self.until is None and not self.after and not self.query


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written.

    Attributes:
        entries: how many.
        after: the last number of each stream that was looked at: where a further export goes on.
    """

    entries: int
    after: Mapping[str, int]


WHOLE: Final = Part()

Document = Callable[[bytes, str, int], bytes]
"""Makes a line, its stream and its number into what is written, without its end."""


def as_kept(line: bytes, stream: str, seq: int) -> bytes:
    """Return a line as it is."""
    del stream, seq
    return line


def export(
    log: KeptLog,
    target: Target,
    part: Part = WHOLE,
    *,
    document: Document = as_kept,
    head: Iterable[bytes] | None = None,
) -> Exported:
    """Write entries by time, with the checkpoints before them, as lines that ``audit verify`` reads.

    The checkpoints come first and are read first: one made while the entries are being read would seal
    entries that are not in the export, and look like a cut.

    Args:
        document: what becomes of an entry.
        head: lines in the place of the checkpoints, each without its end; None for these.

    Raises:
        LogUnreadable: a stream or the checkpoints cannot be read.
        OSError: the target cannot be written.
    """
    for line in [one for _, one in log.checkpoint_lines()] if head is None else head:
        target.write(line + b"\n")
    count, after = 0, dict(part.after)
    each = [_timed(log, stream, part, after) for stream in log.streams()]
    for _, stream, seq, line in heapq.merge(*each):
        target.write(document(line, stream, seq) + b"\n")
        count += 1
    return Exported(entries=count, after=after)


def _timed(
    log: KeptLog, stream: str, part: Part, after: dict[str, int]
) -> Iterator[tuple[str, str, int, bytes]]:
    """Yield the entries of a stream that belong to a part, and take note of how far it was read."""
    begins = "" if part.since is None else instant(part.since)
    ends = None if part.until is None else instant(part.until)
    begun = False
    with log.reading(stream) as reader:
        for seq, line in reader.rows(after=part.after.get(stream, 0)):
            at = made_at(line)
            if ends is not None and at >= ends:
                return
            after[stream] = seq
            begun = begun or at >= begins
            if begun and (not part.query or _matches(part.query, line, stream, seq)):
                yield at, stream, seq, line


def _matches(query: Sequence[Term], line: bytes, stream: str, seq: int) -> bool:
    return matches(query, read_entry(line, stream=stream, seq=seq).members)
