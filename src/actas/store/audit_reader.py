"""Reading across streams: one line, the tail, what is new.

Works on any ``audit.kept.KeptLog``. What was read is not judged here: that is ``audit.verify``'s.
"""

from __future__ import annotations

from collections.abc import Mapping

from actas.audit.kept import KeptLog
from actas.audit.stream import made_at


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
            LogUnreadable: a stream cannot be read; the next call returns what this one would have.
        """
        found: list[tuple[str, bytes]] = []
        cursors = dict(self._cursors)
        for stream in self._log.streams():
            with self._log.reading(stream) as reader:
                for seq, line in reader.rows(after=cursors.get(stream, 0)):
                    cursors[stream] = seq
                    found.append((made_at(line), line))
        self._cursors = cursors
        return [line for _, line in sorted(found, key=lambda one: one[0])]


def tail(log: KeptLog, most: int) -> tuple[list[bytes], Follower]:
    """Return the last entries of all streams by time, and who reads on from there."""
    found: list[tuple[str, bytes]] = []
    cursors: dict[str, int] = {}
    for stream in log.streams():
        with log.reading(stream) as reader:
            rows = reader.last(most)
        found += [(made_at(line), line) for _, line in rows]
        cursors[stream] = rows[-1][0] if rows else 0
    found.sort(key=lambda one: one[0])
    return [line for _, line in found[max(0, len(found) - most) :]], Follower(log, cursors=cursors)
