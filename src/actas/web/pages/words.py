"""How names and instants are written on a page."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from typing import Final

LONGEST: Final = 80
"""Characters of a name; a longer one is cut in the middle, because its end says as much as its beginning."""

_MARKS: Final = 4
"""Combining marks in a row; more are not a letter of any language but a drawing over the lines around."""


def shown(text: str, longest: int = LONGEST) -> str:
    """Return a name from elsewhere as it may stand in a sentence of ours.

    What cannot be seen is left out (control characters, directions of writing), spaces are single, and a
    long one is cut in the middle.
    """
    kept: list[str] = []
    marks = 0
    for char in unicodedata.normalize("NFC", text):
        category = unicodedata.category(char)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if char.isspace():
            kept.append(" ")
        elif category[0] != "C" and marks <= _MARKS:
            kept.append(char)
    said = " ".join("".join(kept).split())
    if len(said) <= longest:
        return said
    half = (longest - 1) // 2
    return f"{said[:half].rstrip()}…{said[-half:].lstrip()}"


def exact(at: datetime) -> str:
    """Return an instant for people who compare: to the second, in UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def ago(at: datetime, now: datetime) -> str:
    """Return an instant as seen from now: ``5 min ago``, ``in 8 min``, ``12 Sep 2026``."""
    seconds = (now - at).total_seconds()
    if abs(seconds) < 45:
        return "just now" if seconds >= 0 else "in less than a minute"
    amount = _span(abs(seconds))
    if amount is None:
        return f"{at.day} {at.strftime('%b %Y')}"
    return f"{amount} ago" if seconds > 0 else f"in {amount}"


def _span(seconds: float) -> str | None:
    minutes = max(1, round(seconds / 60))
    if minutes < 60:
        return f"{minutes} min"
    hours = round(seconds / 3600)
    if hours < 36:
        return f"{hours} h"
    days = round(seconds / 86400)
    return f"{days} days" if days < 30 else None


def counted(number: int, one: str, many: str) -> str:
    """Return how many, in words: ``1 app``, ``3 apps``."""
    return f"{number} {one if number == 1 else many}"
