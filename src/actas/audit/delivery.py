"""Which answers have left: pure.

A token's entry is durable before the token leaves (REL-01), so a crash in between leaves an entry whose
token may or may not have reached its caller. The stream therefore keeps a **watermark**: every token
recorded up to it was handed to the transport. An answer that is still missing after a while no longer holds
the watermark back: it is set aside by number. After a crash, what was set aside and what lies past the
watermark is "delivery unknown" (REL-03).

Only entries that record a granted token wait for a delivery; refusals leave nothing to revoke.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

GRANTED: Final = b'"event":"exchange:granted"'
"""What an entry that gave a token contains, as the encoder writes it; what else was granted, such as that a
client ends a token of its own, gives none. Inside a JSON text every quote is escaped, so no caller can put
these bytes into a refusal; a nested object that holds them is counted on the safe side."""

PATIENCE: Final = 30.0
"""Seconds an answer may take to leave before it stops holding the watermark back."""


class _Name(msgspec.Struct):
    id: Any = None


def granted(first: int, texts: Sequence[bytes]) -> list[int]:
    """Return the numbers of the granted entries among ``texts``, bodies or lines numbered from ``first``."""
    return [seq for seq, text in enumerate(texts, first) if GRANTED in text]


def ids(lines: Iterable[bytes]) -> list[str]:
    """Return the entry ids of ``lines``, which were followed before and so are JSON objects."""
    names = (msgspec.json.decode(line, type=_Name).id for line in lines)
    return [name for name in names if isinstance(name, str)]


class Deliveries:
    """The deliveries that one writer waits for. Used from one thread."""

    def __init__(self) -> None:
        self._waiting: dict[int, float] = {}

    def expect(self, seqs: Iterable[int], *, now: float) -> None:
        """Wait for these entries, which are durable now and come in ascending order.

        Args:
            now: seconds of a clock that never goes back.
        """
        for seq in seqs:
            self._waiting[seq] = now

    def left(self, seqs: Iterable[int]) -> None:
        """Note that these answers were handed to the transport. Unknown numbers are nobody's token."""
        for seq in seqs:
            self._waiting.pop(seq, None)

    def set_aside(self, *, now: float) -> list[int]:
        """Stop waiting for the answers that are overdue, and return their numbers."""
        overdue: list[int] = []
        for seq, since in self._waiting.items():
            if now - since < PATIENCE:
                break
            overdue.append(seq)
        self.left(overdue)
        return overdue

    def rest(self) -> list[int]:
        """Return the numbers still waited for."""
        return list(self._waiting)

    def watermark(self, head: int) -> int:
        """Return the number up to which nothing is waited for, in a stream that ends at ``head``."""
        return next(iter(self._waiting), head + 1) - 1
