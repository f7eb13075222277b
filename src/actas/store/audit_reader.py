"""Reading across streams: one line, the tail, what is new, everything.

Works on any ``audit.kept.KeptLog``. What was read is not judged here: that is ``audit.verify``'s.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from typing import Protocol

import msgspec

from actas.audit.kept import KeptLog
from actas.audit.stream import instant


class Sink(Protocol):
    """Where an export goes."""

    def write(self, data: bytes, /) -> object:
        """Take the next bytes."""
        ...


class _When(msgspec.Struct):
    at: str = ""


def line_at(log: KeptLog, stream: str, seq: int) -> bytes | None:
    """Return one entry as it is kept, or None when there is none.

    Raises:
        LogUnreadable: the stream cannot be read.
    """
    if stream not in log.streams():
        return None
    with log.reading(stream) as reader:
        return reader.line(seq)


class Follower:
    """Reads what is new, for ``audit tail --follow``.

    Args:
        cursors: the number read last of each stream; others are read from the beginning.
    """

    def __init__(self, log: KeptLog, *, cursors: Mapping[str, int]) -> None:
        self._log = log
        self._cursors = dict(cursors)

    def more(self) -> list[bytes]:
        """Return the entries that came since the last call, by time.

        Raises:
            LogUnreadable: a stream cannot be read.
        """
        found: list[tuple[str, bytes]] = []
        for stream in self._log.streams():
            with self._log.reading(stream) as reader:
                for seq, line in reader.rows(after=self._cursors.get(stream, 0)):
                    self._cursors[stream] = seq
                    found.append((_at(line), line))
        return [line for _, line in sorted(found, key=lambda one: one[0])]


def tail(log: KeptLog, most: int) -> tuple[list[bytes], Follower]:
    """Return the last entries of all streams by time, and who reads on from there."""
    found: list[tuple[str, bytes]] = []
    cursors: dict[str, int] = {}
    for stream in log.streams():
        with log.reading(stream) as reader:
            rows = reader.last(most)
        found += [(_at(line), line) for _, line in rows]
        cursors[stream] = rows[-1][0] if rows else 0
    found.sort(key=lambda one: one[0])
    return [line for _, line in found[max(0, len(found) - most) :]], Follower(log, cursors=cursors)


def export(log: KeptLog, sink: Sink, *, since: float | None = None) -> int:
    """Write the checkpoints and then all entries by time, as lines that ``audit verify`` reads.

    The checkpoints come first and are read first: one made while the entries are being read would seal
    entries that are not in the export, and look like a cut.

    Args:
        since: seconds since the epoch; each stream then begins with its first entry from that instant on.

    Returns:
        How many entries were written.

    Raises:
        LogUnreadable: a stream or the checkpoints cannot be read.
        OSError: the sink cannot be written.
    """
    for _, line in log.checkpoint_lines():
        sink.write(line + b"\n")
    count = 0
    each = [_timed(log, stream, since=since) for stream in log.streams()]
    for _, line in heapq.merge(*each, key=lambda one: one[0]):
        sink.write(line + b"\n")
        count += 1
    return count


def _timed(log: KeptLog, stream: str, *, since: float | None) -> Iterable[tuple[str, bytes]]:
    begins = "" if since is None else instant(since)
    begun = False
    with log.reading(stream) as reader:
        for _, line in reader.rows():
            at = _at(line)
            begun = begun or at >= begins
            if begun:
                yield at, line


def _at(line: bytes) -> str:
    """Return when an entry was made; a damaged one was made never."""
    try:
        return msgspec.json.decode(line, type=_When).at
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
