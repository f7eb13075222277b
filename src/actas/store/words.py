"""Columns that hold one word of a closed set."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar

from actas.store.trouble import DatabaseUnavailable

Word = TypeVar("Word", bound=str)


def one_of(words: Collection[Word], found: str) -> Word:
    """Return the word that a column holds.

    Raises:
        DatabaseUnavailable: it holds none that we know.
    """
    for word in words:
        if word == found:
            return word
    raise DatabaseUnavailable(f"a row of the database says {found!r} where {', '.join(words)} is expected")
