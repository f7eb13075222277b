"""Suggestions for the mistakes of one configuration, and words as a list."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from actas.core.suggest import did_you_mean

MOST_HINTS: Final = 30
"""Mistakes of one configuration for which a name is suggested: nobody reads more of them at once."""


class Hints:
    """Suggestions for the first mistakes of a configuration.

    Each takes long among many names, and whoever may plan can bring a configuration full of mistakes.

    Args:
        most: how many are looked for.
    """

    def __init__(self, *, most: int = MOST_HINTS) -> None:
        self._left = most

    def did_you_mean(self, word: str, known: Collection[str]) -> str:
        """Return what ``did_you_mean`` does, or nothing once enough was suggested."""
        self._left -= 1
        return did_you_mean(word, known) if self._left >= 0 else ""


def listed(words: Collection[str]) -> str:
    """Return words as a list in a sentence."""
    return ", ".join(sorted(words)) or "none"
