"""Did you mean: the nearest known word to a misspelt one."""

from __future__ import annotations

import difflib
import heapq
from collections.abc import Collection
from functools import partial
from typing import Final

_MOST_CANDIDATES: Final = 60
"""Words that are compared closely, which is slow: those that have most in common at their ends."""


def nearest(word: str, known: Collection[str]) -> str | None:
    """Return the known word nearest to ``word``, or None when none is near."""
    candidates: Collection[str] = known
    if len(known) > _MOST_CANDIDATES:
        candidates = heapq.nlargest(_MOST_CANDIDATES, known, key=partial(_in_common, word))
    folded = {one.casefold(): one for one in candidates}
    found = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.7)
    return folded[found[0]] if found else None


def _in_common(word: str, other: str) -> int:
    """Return how many letters two words have in common at their beginnings and at their ends."""
    head = _alike(word, other)
    return head + _alike(word[head:][::-1], other[head:][::-1])


def _alike(one: str, other: str) -> int:
    """Return with how many same letters two words begin."""
    shorter = min(len(one), len(other))
    return next((place for place in range(shorter) if one[place] != other[place]), shorter)


def did_you_mean(word: str, known: Collection[str]) -> str:
    """Return the end of a sentence: ``; did you mean "x"?``, or nothing."""
    found = nearest(word, known)
    return "" if found is None else f'; did you mean "{found}"?'
