"""Did you mean: the nearest known word to a misspelt one."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from typing import Final

_MOST_CANDIDATES: Final = 2000
"""Above this many, only words with the same beginning or end are compared: a suggestion must be quick."""


def nearest(word: str, known: Collection[str]) -> str | None:
    """Return the known word nearest to ``word``, or None when none is near."""
    candidates: Collection[str] = known
    if len(known) > _MOST_CANDIDATES:
        head, tail = word[:3], word[-3:]
        alike = (one for one in known if one.startswith(head) or one.endswith(tail))
        near = sorted(alike, key=lambda one: abs(len(one) - len(word)))
        candidates = near[:_MOST_CANDIDATES]
    folded = {one.casefold(): one for one in candidates}
    found = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.7)
    return folded[found[0]] if found else None


def did_you_mean(word: str, known: Collection[str]) -> str:
    """Return the end of a sentence: ``; did you mean "x"?``, or nothing."""
    found = nearest(word, known)
    return "" if found is None else f'; did you mean "{found}"?'


def listed(words: Collection[str]) -> str:
    """Return words as a list in a sentence."""
    return ", ".join(sorted(words)) or "none"
