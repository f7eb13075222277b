"""What a plain (unquoted) word of YAML means here: a subset on which every reader of YAML agrees.

YAML 1.1 and 1.2 disagree about ``yes``, ``on``, ``010``, ``1:30``, dates and more: a reviewer sees one
value and the server may use another. Such words are faults with a suggestion, never a silent choice.
"""

from __future__ import annotations

import re
from typing import Final

Scalar = bool | int | float | str | None

_INTEGER: Final = re.compile(r"0|-?[1-9][0-9]{0,17}")
_DECIMAL: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,18}")
_TRUTHS: Final = {
    **dict.fromkeys(("y", "yes", "on"), "true"),
    **dict.fromkeys(("n", "no", "off"), "false"),
}
_NULLS: Final = frozenset({"", "~", "null", "Null", "NULL"})
_ODD_NUMBER: Final = re.compile(
    r"[-+]?(?:"
    r"0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+"  # 0x1F 0o17 0b11
    r"|[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?"  # 1:30, which YAML 1.1 reads as 90
    r"|[0-9_]*\.?[0-9_]+(?:[eE][-+]?[0-9]+)?"  # 010 1_000 .5 1e5 -0 and numbers beyond our bounds
    r"|[0-9][0-9_]*\.(?:[eE][-+]?[0-9]+)?"  # 1.
    r"|\.(?:inf|Inf|INF)"
    r")|\.(?:nan|NaN|NAN)"
)
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt\s].*)?")


class Unclear(ValueError):
    """A word that readers of YAML understand differently. The message is for the person who wrote it."""


def plain(word: str) -> Scalar:
    """Return the value of an unquoted word.

    Raises:
        Unclear: YAML 1.1 and 1.2 read it differently, or it is a number beyond all bounds.
    """
    first = word[:1]
    if word == "true":
        return True
    if word == "false":
        return False
    if word in _NULLS:
        return None
    if first.isdigit() or first in "-+.":
        return _number_or_text(word)
    lowered = word.lower()
    if lowered in _TRUTHS:
        raise Unclear(
            f"{word} is a truth to some readers of YAML and text to others; "
            f'write {_TRUTHS[lowered]}, or "{word}" in quotes'
        )
    if lowered in ("true", "false"):
        raise Unclear(f'{word} is written {lowered} here; put quotes around it if you mean the text "{word}"')
    if word in ("<<", "="):
        raise Unclear(
            f"{word} has a meaning of its own in YAML 1.1 and is not used here; put quotes around it"
        )
    return word


def _number_or_text(word: str) -> Scalar:
    if _INTEGER.fullmatch(word):
        return int(word)
    if _DECIMAL.fullmatch(word):
        return float(word)
    if _DATE.fullmatch(word):
        raise Unclear(f'{word} is a date to some readers of YAML; put quotes around it: "{word}"')
    if _ODD_NUMBER.fullmatch(word):
        raise Unclear(
            f"{word[:40]} is a number that readers of YAML understand differently; "
            f"write it in decimal without signs, leading zeros and underscores, or put quotes around it"
        )
    return word
