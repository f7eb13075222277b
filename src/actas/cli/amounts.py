"""Amounts in words: ``1 entry``, ``48,260 entries``, ``3.2 MB``. Pure."""

from __future__ import annotations


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return a number with the word for what is counted.

    Args:
        one: the word for one of them.
        many: the word for several; ``one`` with an s when left out.
    """
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def entries(number: int) -> str:
    """Return so many entries of the minutes."""
    return counted(number, "entry", "entries")


def size(number: int) -> str:
    """Return so many bytes, in units of a thousand."""
    if number < 1000:
        return counted(number, "byte")
    amount = float(number)
    for unit in ("kB", "MB", "GB"):
        amount /= 1000
        if amount < 999.95:
            return f"{amount:.1f} {unit}"
    return f"{amount / 1000:,.1f} TB"
