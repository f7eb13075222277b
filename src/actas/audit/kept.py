"""The log as it is kept, for whoever reads it: one protocol, whatever keeps the streams.

Reading is blocking and in chunks: each chunk is a transaction of its own, so that a slow reader holds nobody
up. What was read is not judged here: that is ``audit.verify``'s. Who writes is ``audit.stream``'s.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Final, Literal, Protocol

from actas.audit.chain import Head

CHUNK: Final = 500
"""Rows read in one transaction."""

_NAME: Final = re.compile(r"s[1-9][0-9]{0,3}")

Value = None | int | float | str | bytes
Row = tuple[Value, ...]
"""What a row of the index holds."""

Office = Literal["leader", "pen"]
"""What one process at a time holds: the duty to seal from time to time, and the right to seal now."""


class LogUnreadable(Exception):
    """What keeps the log cannot be read. The message says why, for administrators."""


class StreamDamaged(LogUnreadable):
    """A stream is there, and what keeps it is damaged."""


class StreamMissing(LogUnreadable):
    """A stream is not there, or does not let itself be opened."""


class SearchUnavailable(Exception):
    """The index of the log cannot be used. The message says why, for administrators."""


class StreamReader(Protocol):
    """One stream, open for reading. Every method raises ``LogUnreadable``."""

    def head(self) -> Head:
        """Return the end of the stream."""
        ...

    def line(self, seq: int) -> bytes | None:
        """Return one line, or None."""
        ...

    def chunk(self, *, after: int, most: int = CHUNK) -> list[tuple[int, bytes]]:
        """Return up to ``most`` rows after number ``after``, in order."""
        ...

    def last(self, most: int) -> list[tuple[int, bytes]]:
        """Return the last rows, in order."""
        ...

    def rows(self, *, after: int = 0) -> Iterator[tuple[int, bytes]]:
        """Yield all rows after number ``after``, in order; what is written meanwhile too."""
        ...


class Index(Protocol):
    """What the log is searched by, brought up to date. It proves nothing and can be made again."""

    def select(self, sql: str, values: Sequence[str | int], /) -> list[Row]:
        """Return the rows of a query over the index's tables.

        Args:
            sql: text of ours, with a ``?`` for each value.

        Raises:
            SearchUnavailable: it cannot be read.
        """
        ...


class KeptLog(Protocol):
    """The streams of one server, and the checkpoints that seal them."""

    @property
    def where(self) -> str:
        """Where it is, for people; no password is in it."""
        ...

    def held(self) -> AbstractContextManager[None]:
        """Keep open, while inside, what reading opens: for whoever reads again and again."""
        ...

    def streams(self) -> tuple[str, ...]:
        """Return the names of the streams, ``s2`` before ``s10``.

        Raises:
            LogUnreadable: they cannot be listed.
        """
        ...

    def reading(self, stream: str) -> AbstractContextManager[StreamReader]:
        """Open a stream for reading.

        Raises:
            StreamMissing: it is not there.
            StreamDamaged: it cannot be understood; whatever is read from it may raise this too.
            LogUnreadable: it cannot be read.
        """
        ...

    def checkpoint_lines(self) -> Iterable[tuple[str, bytes]]:
        """Yield where each checkpoint kept with the streams was met, and its line without an end.

        Raises:
            LogUnreadable: they cannot be read.
        """
        ...

    def latest_checkpoints(self) -> Iterator[bytes]:
        """Yield the lines of the checkpoints kept with the streams, without their ends, the newest first:
        whoever wants the last one does not read them all.

        Raises:
            LogUnreadable: they cannot be read.
        """
        ...

    def index(self) -> AbstractContextManager[Index]:
        """Open the index, brought up to date.

        Raises:
            SearchUnavailable: it cannot be kept or read, or a stream cannot be read.
        """
        ...

    def size(self) -> int:
        """Return about how many bytes there are to read."""
        ...


class Held(Protocol):
    """An office that is held until it is let go of, or until the process ends. Its methods may wait."""

    def holds(self) -> bool:
        """Whether it still is held."""
        ...

    def release(self) -> None:
        """Let the next one have it. Once only."""
        ...


class SealableLog(KeptLog, Protocol):
    """A log that can be sealed."""

    def take(self, office: Office) -> Held | None:
        """Return the office, or None while another process holds it.

        Raises:
            LogUnreadable: it cannot be asked for.
        """
        ...

    def keep_checkpoint(self, line: bytes) -> None:
        """Keep a checkpoint's line durably.

        Raises:
            LogUnreadable: it could not be kept, or another with its number is there.
        """
        ...


def named(names: Iterable[str]) -> tuple[str, ...]:
    """Return those of ``names`` that streams can have, ``s2`` before ``s10``."""
    return tuple(sorted({name for name in names if _NAME.fullmatch(name)}, key=lambda name: int(name[1:])))
